import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { Database } from 'bun:sqlite'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { composeSqliteDatabase } from '#server/database/sqlite.ts'
import { migrate } from '#server/database/migrate.ts'
import { migrations } from '#server/database/migrations/index.ts'
import { adminToken, berth, freePort, root, serve } from '../../test/berth-process.ts'

setDefaultTimeout(60_000) // each starts processes

let folder: string
/** A registry with one blob, stopped. */
let filled: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-place-'))
  filled = join(folder, 'filled')
  const registry = await serve(['--data', filled], { cwd: folder })
  const authorization = `Bearer ${await adminToken(registry.url, 'library/app')}`
  const digest = `sha256:${new Bun.CryptoHasher('sha256').update('blob').digest('hex')}`
  const upload = `${registry.url}/v2/library/app/blobs/uploads/?digest=${digest}`
  expect((await fetch(upload, { method: 'POST', headers: { authorization }, body: 'blob' })).status).toBe(201)
  await registry.stop()
})
afterAll(() => rmSync(folder, { recursive: true }))

/** An own copy of the filled registry, without a database or with another one. */
function copyOf(name: string, change: (file: string) => void): string {
  const data = join(folder, name)
  cpSync(filled, data, { recursive: true })
  for (const suffix of ['', '-wal', '-shm']) rmSync(join(data, `berth.db${suffix}`), { force: true })
  change(join(data, 'berth.db'))
  return data
}

const beside: readonly (readonly string[])[] = [
  ['user', 'list'],
  ['user', 'set-password', 'admin', '--password-stdin'],
  ['project', 'list'],
  ['project', 'member', 'list', 'library'],
  ['backup', '--to', 'backups'],
  ['verify'],
  ['export', '--to', 'exported'],
  ['restore', '--blob', `sha256:${'0'.repeat(64)}`, '--from', 'backups'],
  ['migrate'],
]

test.each(beside)('a command beside the server makes no registry: %s %s', async (...args) => {
  const cwd = mkdtempSync(join(folder, 'empty-'))
  const words = args.filter((word) => typeof word === 'string')
  const { code, stderr } = await berth(words, { cwd })
  expect(code).toBe(1)
  expect(stderr).toContain(`there is no registry in ${cwd}/berth-data`)
  expect(stderr).toContain('--data')
  expect(readdirSync(cwd).filter((name) => name !== 'backups')).toEqual([])
})

test('a folder that is named and not there is not made', async () => {
  const nowhere = join(folder, 'nowhere')
  const { code, stderr } = await berth(['user', 'list', '--data', nowhere], { cwd: folder })
  expect(code).toBe(1)
  expect(stderr).toContain(`there is no registry in ${nowhere}`)
  expect(existsSync(nowhere)).toBe(false)
})

test('a look at what a restore would do makes nothing', async () => {
  const cwd = mkdtempSync(join(folder, 'dry-'))
  const made = await berth(['backup', '--to', join(folder, 'bk'), '--data', filled], { cwd })
  expect(made.code).toBe(0)
  const { code, stdout } = await berth(['restore', '--dry-run', '--from', join(folder, 'bk')], { cwd })
  expect(stdout).toContain('nothing was changed')
  expect(code).toBe(0)
  expect(readdirSync(cwd)).toEqual([])
})

test('commands in messages work as printed: with the program, and with what names the registry', async () => {
  const data = join(folder, 'with a space')
  const registry = await serve(['--data', data], { cwd: folder })
  await registry.stop()
  const output = registry.output()
  const printed = /^ {4}npm run berth -- (.* admin)$/m.exec(output)?.[1]
  expect(printed).toBe(`user set-password --data '${data}' admin`)
  const run = Bun.spawnSync(
    ['sh', '-c', `"$0" ${join(root, 'cli/src/main.ts')} ${printed} --password-stdin`, process.execPath],
    {
      cwd: '/',
      stdin: Buffer.from('Another12345\n'),
    },
  )
  expect(run.exitCode).toBe(0)
})

test('a file of the configuration that was named is named again', async () => {
  writeFileSync(join(folder, 'own.yml'), `data_folder: ${filled}\n`)
  const { stderr } = await berth(['user', 'delete', 'nobody', '--yes', '-c', 'own.yml'], { cwd: folder })
  expect(stderr).toContain(`npm run berth -- user list --config ${join(folder, 'own.yml')}`)
})

const lost: [string, (file: string) => void][] = [
  ['empty', (file) => writeFileSync(file, '')],
  ['missing', () => {}],
  ['another one, which SQLite made', (file) => new Database(file, { create: true }).run('create table t (a)')],
]

test.each(lost)(
  'a database that is %s beside blobs is not served as new, and nothing is discarded',
  async (name, change) => {
    const data = copyOf(`lost-${name}`, change)
    const served = await berth(['serve', '--data', data, '--port', String(await freePort())], {
      cwd: folder,
      env: { BERTH_WORKERS: '1' },
    })
    expect(served.code).toBe(1)
    expect(served.stderr).toContain('was the database lost?')
    expect(served.stderr).toContain('restore')
    const doctor = await berth(['doctor', '--data', data], { cwd: folder })
    expect(doctor.code).toBe(1)
    expect(doctor.stdout).toContain('was the database lost?')
    const verify = await berth(['verify', '--discard', '--yes', '--data', data], { cwd: folder })
    expect(verify.code).toBe(1)
    expect(verify.stdout + verify.stderr).not.toContain('verify --discard')
    expect(verify.stderr).toContain('was the database lost?')
    await using anew = await serve(['--new', '--data', data], { cwd: folder })
    expect((await fetch(`${anew.url}/ready`)).status).toBe(200)
  },
)

test('a database with tables but without content beside blobs is a lost one too', async () => {
  const empty = await serve(['--data', join(folder, 'fresh')], { cwd: folder })
  await empty.stop()
  const data = copyOf('lost-blank', (file) => cpSync(join(folder, 'fresh', 'berth.db'), file))
  for (const args of [
    ['serve', '--port', String(await freePort())],
    ['verify', '--discard', '--yes'],
  ]) {
    const { code, stderr } = await berth([...args, '--data', data], { cwd: folder, env: { BERTH_WORKERS: '1' } })
    expect(code).toBe(1)
    expect(stderr).toContain('was the database lost?')
  }
})

async function older(name: string): Promise<string> {
  const data = join(folder, name)
  mkdirSync(data)
  await using database = composeSqliteDatabase({ file: join(data, 'berth.db') })
  await migrate(database, { steps: migrations.slice(0, -1) })
  return data
}

test.each(beside.slice(0, -1))('a command beside the server does not migrate: %s %s', async (...args) => {
  const words = args.filter((word) => typeof word === 'string')
  const data = await older(`older-${words.join('-').replaceAll(/[/:]/g, '')}`)
  const { code, stderr } = await berth([...words, '--data', data], { cwd: folder })
  expect(code).toBe(1)
  expect(stderr).toContain(`the database is at ${migrations.at(-2)!.name}`)
  expect(readdirSync(data).filter((file) => file.includes('before'))).toEqual([])
})

test('migrate says beforehand what it would do, does it, and says where the copy is', async () => {
  const data = await older('migrated')
  const last = migrations.at(-1)!.name
  const dry = await berth(['migrate', '--dry-run', '--data', data], { cwd: folder })
  expect(dry.stdout).toContain(last)
  expect(readdirSync(data)).toEqual(['berth.db'])
  const done = await berth(['migrate', '--data', data], { cwd: folder })
  expect(done.code).toBe(0)
  const copy = join(data, `berth.db.before-${last}`)
  expect(done.stderr).toContain(`"copy":"${copy}"`)
  expect(done.stderr).toContain('"ms":')
  expect(statSync(copy).mode & 0o777).toBe(0o600)
  expect((await berth(['migrate', '--data', data], { cwd: folder })).stdout).toContain('nothing to do')
})

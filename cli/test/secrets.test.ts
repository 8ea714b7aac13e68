import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Database } from 'bun:sqlite'
import { berth, serve } from './berth-process.ts'

setDefaultTimeout(120_000) // starts processes

let folder: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'berth-secrets-'))))
afterAll(() => rmSync(folder, { recursive: true }))

const env = { BERTH_ADMIN_PASSWORD: 'Correct-Horse-9' }
const at = (name: string) => ['--data', join(folder, name), '--outbound-allow-local']
const keyFileOf = (name: string) => join(folder, name, 'secrets.key')
const marker = 'Very-Secret-Word-1'

async function run(name: string, ...args: string[]) {
  return await berth([...args, ...at(name)], { cwd: folder, env })
}

/** Gives the registry a secret of each kind that a client can give without another server. */
async function giveSecrets(url: string): Promise<void> {
  const headers = {
    authorization: `Basic ${btoa(`admin:${env.BERTH_ADMIN_PASSWORD}`)}`,
    'content-type': 'application/json',
  }
  const call = async (method: string, path: string, body: object) => {
    const answer = await fetch(`${url}/api/v2.0${path}`, { method, headers, body: JSON.stringify(body) })
    expect([path, answer.status, answer.ok ? '' : await answer.text()]).toEqual([path, answer.status, ''])
  }
  await call('PUT', '/configurations', { oidc_client_secret: marker, ldap_search_password: marker })
  await call('POST', '/projects/library/webhook/policies', {
    ...{ name: 'hook', enabled: true, event_types: ['PUSH_ARTIFACT'] },
    targets: [
      { type: 'http', address: `https://ci.example.org/${marker}`, auth_header: marker, signing_secret: marker },
    ],
  })
  await call('POST', '/registries', {
    ...{ name: 'self', type: 'harbor', url, insecure: false },
    credential: { type: 'basic', access_key: 'admin', access_secret: env.BERTH_ADMIN_PASSWORD },
  })
  // Makes the key that signs tokens.
  const token = await fetch(`${url}/service/token?service=harbor-registry`, { headers })
  expect(token.status).toBe(200)
}

function databaseText(name: string): string {
  const database = new Database(join(folder, name, 'berth.db'), { readonly: true })
  const tables = database.query<{ name: string }, []>(`select name from sqlite_master where type = 'table'`).all()
  const text = tables.map((table) => JSON.stringify(database.query(`select * from "${table.name}"`).all())).join('\n')
  database.close()
  return text
}

test('a secret that was given lies readable in no table, and the key beside the database is the owner’s alone', async () => {
  await using registry = await serve(at('a'), { cwd: folder, env })
  await giveSecrets(registry.url)
  const text = databaseText('a')
  for (const secret of [marker, env.BERTH_ADMIN_PASSWORD, '"d\\":']) expect(text).not.toContain(secret)
  expect(statSync(keyFileOf('a')).mode & 0o777).toBe(0o600)
  const status = await run('a', 'secrets', 'status')
  expect([status.code, status.stdout]).toEqual([0, expect.stringMatching(/credentials of remote registries +1/)])
  expect(status.stdout + registry.output()).not.toContain(readFileSync(keyFileOf('a'), 'utf8').trim())
})

test('kill -9 in the middle of a rotation loses nothing: the next start finishes it', async () => {
  {
    await using registry = await serve(at('a'), {
      cwd: folder,
      env: { ...env, BERTH_TEST_FAULT_POINT: 'rotation-after-step' },
    })
    await run('a', 'secrets', 'rotate')
    await registry.ended()
  }
  expect(databaseText('a')).not.toContain(marker)
  await using _registry = await serve(at('a'), { cwd: folder, env })
  const keys = async () => {
    const { stdout } = await run('a', 'secrets', 'status', '--output', 'json')
    return JSON.parse(stdout) as { keys: unknown[]; places: { unreadable: number; plain: number }[] }
  }
  while ((await keys()).keys.length > 1) await Bun.sleep(200)
  expect((await keys()).places.every(({ unreadable, plain }) => unreadable + plain === 0)).toBe(true)
  const { stdout } = await run('a', 'audit', 'list', '--output', 'json')
  expect(stdout).toContain('secrets')
})

test('a new outer key: added, sealed with, and the old one forgotten, while the registry runs', async () => {
  await using _registry = await serve(at('a'), { cwd: folder, env })
  expect(await run('a', 'secrets', 'new-key', '--add')).toMatchObject({ code: 0 })
  expect(await run('a', 'secrets', 'forget-old-keys')).not.toMatchObject({ code: 0 })
  expect(await run('a', 'secrets', 'rotate', '-f')).toMatchObject({ code: 0 })
  expect(await run('a', 'secrets', 'forget-old-keys')).toMatchObject({ code: 0 })
  expect(readFileSync(keyFileOf('a'), 'utf8').trim().split('\n')).toHaveLength(1)
  expect(statSync(keyFileOf('a')).mode & 0o777).toBe(0o600)
  expect(await run('a', 'secrets', 'status')).toMatchObject({ code: 0 })
})

test('a backup says which key it needs; restored without it the start names what is lost, with it all is there', async () => {
  const place = join(folder, 'backups')
  const backup = await run('a', 'backup', '--to', place)
  expect([backup.code, backup.stdout]).toEqual([0, expect.stringContaining('secrets.key')])
  const restored = await run('b', 'restore', '--from', place)
  expect([restored.code, restored.stdout]).toEqual([0, expect.stringContaining('secrets.key')])
  expect(existsSync(keyFileOf('b'))).toBe(false)
  const start = await run('b', 'serve', '--port', '59999')
  expect([start.code === 0, start.stderr]).toEqual([false, expect.stringContaining('berth secrets reset --yes')])
  expect(start.stderr).toContain('credentials of remote registries')
  expect(existsSync(keyFileOf('b'))).toBe(false)
  cpSync(keyFileOf('a'), keyFileOf('b'))
  await using _registry = await serve(at('b'), { cwd: folder, env })
  expect(await run('b', 'secrets', 'status')).toMatchObject({ code: 0 })
})

test('another key is refused at the start; a reset gives up what it cannot open, and says so', async () => {
  renameSync(keyFileOf('b'), join(folder, 'kept.key'))
  const other = await berth(['secrets', 'new-key'], { cwd: folder })
  writeFileSync(keyFileOf('b'), other.stdout, { mode: 0o600 })
  const start = await run('b', 'serve', '--port', '59999')
  expect([start.code === 0, start.stderr]).toEqual([false, expect.stringContaining('sealed with the outer key')])
  const look = await run('b', 'secrets', 'reset', '--dry-run')
  expect([look.code, look.stdout]).toEqual([0, expect.stringContaining('credentials of remote registries')])
  expect(await run('b', 'secrets', 'reset')).not.toMatchObject({ code: 0 })
  expect(await run('b', 'secrets', 'reset', '--yes')).toMatchObject({ code: 0 })
  await using registry = await serve(at('b'), { cwd: folder, env })
  expect(await run('b', 'secrets', 'status')).toMatchObject({ code: 0 })
  const headers = { authorization: `Basic ${btoa(`admin:${env.BERTH_ADMIN_PASSWORD}`)}` }
  const token = await fetch(`${registry.url}/service/token?service=harbor-registry`, { headers })
  expect(token.status).toBe(200)
})

test('the outer key may come from a variable or a command; one that is none, or two ways at once, is refused', async () => {
  const { stdout: key } = await berth(['secrets', 'new-key'], { cwd: folder })
  {
    await using _registry = await serve(at('c'), { cwd: folder, env: { ...env, BERTH_SECRETS_KEY: key.trim() } })
    expect(existsSync(keyFileOf('c'))).toBe(false)
  }
  writeFileSync(join(folder, 'vault'), key)
  const command = { ...env, BERTH_SECRETS_KEY_COMMAND: `cat ${join(folder, 'vault')}` }
  {
    await using _registry = await serve(at('c'), { cwd: folder, env: command })
  }
  const start = async (more: Record<string, string>) =>
    (await berth(['serve', '--port', '59999', ...at('c')], { cwd: folder, env: { ...env, ...more } })).stderr
  expect(await start({ BERTH_SECRETS_KEY: 'hunter2' })).toMatch(/^(?!.*hunter2).*32 bytes/s)
  expect(await start({ BERTH_SECRETS_KEY_COMMAND: 'echo nobody >&2; exit 3' })).toContain('nobody')
  expect(await start({ ...command, BERTH_SECRETS_KEY: key.trim() })).toContain('two ways')
  expect(await start({ BERTH_SECRETS_KEY_FILE: '/nowhere/key' })).toContain('/nowhere/key')
})

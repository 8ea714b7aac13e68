import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve, type Serving } from '../../test/berth-process.ts'
import { commandLine } from '../../test/command-line.ts'

setDefaultTimeout(120_000)

const secrets = {
  password: 'Harbor-Admin-7f31',
  metrics: 'metrics-token-5c2d9a7e1b4f8063d2a1b0c9',
  ldap: 'ldap-search-password-91af',
  backup: 'backup-secret-key-77d0',
}

let folder: string
let registry: Serving
let env: Record<string, string>
let config: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-support-'))
  config = join(folder, 'berth.yml')
  writeFileSync(
    config,
    [
      `data_folder: ${join(folder, 'data')}`,
      `admin_password: ${secrets.password}`,
      `metrics: { token: ${secrets.metrics} }`,
      `backup: { access_key: backup, secret_key: ${secrets.backup} }`,
    ].join('\n'),
  )
  registry = await serve(['-c', config], { cwd: folder })
  env = {
    ...{ BERTH_USERNAME: 'admin', BERTH_PASSWORD: secrets.password },
    BERTH_CONTEXTS: join(folder, 'contexts.json'),
  }
  const settings = join(folder, 'settings.json')
  writeFileSync(settings, JSON.stringify({ ldap_url: 'ldap://directory.example', ldap_search_password: secrets.ldap }))
  const set = await commandLine(['settings', 'set', '--file', settings, '--url', registry.url], env)
  expect([set.code, set.stderr]).toEqual([0, ''])
})
afterAll(async () => {
  await registry.stop()
  rmSync(folder, { recursive: true })
})

/** The files of a bundle by name. */
function unpack(file: string): Map<string, string> {
  const into = `${file}.d`
  mkdirSync(into)
  expect(Bun.spawnSync(['tar', 'xzf', file, '-C', into]).exitCode).toBe(0)
  const inside = join(into, 'berth-support')
  return new Map(readdirSync(inside).map((name) => [name, readFileSync(join(inside, name), 'utf8')]))
}

function assertNoSecret(files: ReadonlyMap<string, string>, more: readonly string[] = []): void {
  for (const [name, text] of files)
    for (const secret of [...Object.values(secrets), ...more])
      expect([name, text.includes(secret)]).toEqual([name, false])
}

test('on its machine a bundle has what a colleague asks for, and no secret', async () => {
  const file = join(folder, 'here.tar.gz')
  const flags = ['-c', config, '--port', String(registry.port), '--host', '127.0.0.1']
  const { code, stdout } = await commandLine(['support-bundle', '--to', file, ...flags], env)
  expect([code, stdout]).toEqual([0, expect.stringContaining(file)])
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const files = unpack(file)
  for (const name of ['README.txt', 'versions.json', 'status.json', 'doctor.json', 'jobs-failed.json', 'machine.json'])
    expect([...files.keys()]).toContain(name)
  expect(files.get('metrics.txt')).toContain('berth_http_requests')
  expect(files.get('ready.json')).toContain('"status":"ok"')
  expect(files.get('configuration.json')).toContain('"metrics.token"')
  expect(files.get('status.json')).toContain('"healthy"')
  assertNoSecret(files)
})

test('at an address it has what the account may see, and no secret', async () => {
  const file = join(folder, 'there.tar.gz')
  expect((await commandLine(['support-bundle', '--to', file, '--url', registry.url], env)).code).toBe(0)
  const files = unpack(file)
  expect(files.get('settings.json')).toContain('ldap://directory.example')
  assertNoSecret(files, [Buffer.from(`admin:${secrets.password}`).toString('base64')])
})

test('a registry that cannot be opened still gives a bundle', async () => {
  const file = join(folder, 'absent.tar.gz')
  const { code } = await commandLine(['support-bundle', '--to', file, '--data', join(folder, 'nowhere')], env)
  expect(code).toBe(0)
  const files = unpack(file)
  expect(files.get('README.txt')).toContain('could not be opened: there is no registry in')
  expect(files.get('doctor.json')).toContain('database')
})

test('a file that is there is not written over', async () => {
  const file = join(folder, 'kept.tar.gz')
  writeFileSync(file, 'mine')
  const { code } = await commandLine(['support-bundle', '--to', file, '--url', registry.url], env)
  expect([code, readFileSync(file, 'utf8')]).toEqual([5, 'mine'])
})

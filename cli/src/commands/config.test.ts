import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '#server/config/load-config.ts'
import { settingDescriptions } from '#server/config/setting-paths.ts'
import { serve } from '../../test/berth-process.ts'
import { commandLine } from '../../test/command-line.ts'

setDefaultTimeout(60_000)

let folder: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'berth-config-'))))
afterAll(() => rmSync(folder, { recursive: true }))

const fileOf = (name: string, text: string): string => {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

test('what config show prints can be pasted back, and means the same', async () => {
  const env = { BERTH_LOG_LEVEL: 'warn', BERTH_TRUSTED_PROXIES: '10.0.0.0/8,192.168.0.1', BERTH_TRASH_WINDOW: '5h' }
  const flags = ['--data', '/srv/a folder', '--port', '1234', '--open', '--http-host', '127.0.0.1', '--hostname', 'yes']
  const { code, stdout } = await commandLine(['config', 'show', ...flags], env)
  expect(code).toBe(0)
  expect(stdout).not.toMatch(/[&*]a\d/)
  const pasted = loadConfig({ env: {}, file: fileOf('pasted.yml', stdout) })
  const given = loadConfig({
    env,
    flags: { data_folder: '/srv/a folder', 'http.port': '1234', open: true, 'http.host': '127.0.0.1', hostname: 'yes' },
  })
  const meaning = ({ config }: typeof given) => ({ ...config, shownSettings: [], locatingFlags: [] })
  expect(meaning(pasted)).toEqual(meaning(given))
  expect(stdout).toContain('port: 1234  # --http-port')
  expect(stdout).toMatch(/^# {3}lease: "24h" {2}# default$/m)
})

test('no secret is printed, whatever it is called', async () => {
  const secret = /password|secret|token$|\.url$/
  const env = Object.fromEntries(
    settingDescriptions
      // Where a secret is, and how it is asked for, is none.
      .filter(
        ({ path, kind }) => secret.test(path) && !/_(file|command)$/.test(path) && (kind === 'text' || kind === 'URL'),
      )
      .map(({ path, environment }) => [
        environment,
        path.endsWith('.url') ? 'postgres://berth:hunter2@db/x' : 'hunter2',
      ]),
  )
  expect(Object.keys(env).length).toBeGreaterThan(4)
  for (const output of ['table', 'json', 'yaml'])
    expect((await commandLine(['config', 'show', '-o', output], env)).stdout).not.toContain('hunter2')
})

test('an invalid file is shown as far as it goes, with what is wrong on top', async () => {
  const file = fileOf('wrong.yml', 'http: { port: 9999, prot: 1 }\nlog: { level: loud }\n')
  const { code, stdout } = await commandLine(['config', 'show', '-c', file])
  expect(code).toBe(78)
  expect(stdout).toStartWith('# THIS CONFIGURATION CANNOT BE USED:\n#   http.prot')
  expect(stdout).toContain('port: 9999')
  expect(stdout).toContain('WRONG, see above')
  const broken = await commandLine(['config', 'show', '-c', fileOf('broken.yml', 'http: [\n'), '--port', '77'])
  expect([broken.code, broken.stdout]).toEqual([78, expect.stringContaining('port: 77  # --http-port')])
})

test.each([
  ['data: /srv', 'data_folder'],
  ['data-folder: /srv', 'data_folder'],
  ['dataFolder: /srv', 'data_folder'],
  ['BERTH_DATA_FOLDER: /srv', 'data_folder'],
  ['http: { prot: 80 }', 'http.port'],
  ['trash-window: 1h', 'trash.window'],
  ['extrnal_url: https://x', 'external_url'],
])('the spelling %s leads to %s', async (line, setting) => {
  const { code, stderr } = await commandLine(['config', 'check', '-c', fileOf('spelled.yml', `${line}\n`)])
  expect([code, stderr]).toEqual([78, expect.stringContaining(`did you mean ${setting}?`)])
})

test('strict: a name that nobody knows keeps a deployment from going on', async () => {
  const env = { BERTH_TYPO: '1' }
  expect((await commandLine(['config', 'check'], env)).code).toBe(0)
  const { code, stdout } = await commandLine(['config', 'check', '--strict', '--output', 'json'], env)
  expect(code).toBe(78)
  expect(JSON.parse(stdout)).toMatchObject({
    good: false,
    warnings: expect.arrayContaining([expect.stringContaining('BERTH_TYPO')]),
  })
})

test('a running registry tells its configuration to system administrators, without secrets', async () => {
  await using registry = await serve(
    ['--data', join(folder, 'data'), '--metrics-token', 'hunter2-hunter2-hunter2-hunter2-hunter2'],
    {
      cwd: folder,
    },
  )
  const env = { BERTH_USERNAME: 'admin', BERTH_PASSWORD: 'Harbor12345', BERTH_CONTEXTS: join(folder, 'contexts.json') }
  const { code, stdout } = await commandLine(['config', 'show', '--url', registry.url], env)
  expect([code, stdout]).toEqual([0, expect.stringContaining(`port: ${registry.port}  # --http-port`)])
  expect(stdout).toContain(`data_folder: ${join(folder, 'data')}  # --data`)
  expect(stdout).not.toContain('hunter2')
  expect(() => readFileSync(env.BERTH_CONTEXTS)).toThrow()
})

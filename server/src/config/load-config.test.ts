import { afterEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError, type ConfigProblem } from './config-error.ts'
import { loadConfig } from './load-config.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'berth-config-'))
  folders.push(folder)
  const file = join(folder, 'berth.yml')
  writeFileSync(file, text)
  return file
}

const load = (text = '', env: Record<string, string> = {}, flags: Record<string, unknown> = {}) =>
  loadConfig({ file: fileWith(text), env, flags })

function problemsOf(...given: Parameters<typeof load>): readonly ConfigProblem[] {
  try {
    load(...given)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

const codesOf = (...given: Parameters<typeof load>) =>
  problemsOf(...given).map(({ code, setting }) => `${code} ${setting}`)

describe('defaults', () => {
  test('nothing configured: plain HTTP on every address, SQLite and bytes in the data folder', () => {
    const { config, warnings } = load()
    expect(config).toMatchObject({
      http: { host: '0.0.0.0', port: 8080 },
      https: undefined,
      externalUrl: undefined,
      dataFolder: join(process.cwd(), 'berth-data'),
      database: { kind: 'sqlite', file: join(process.cwd(), 'berth-data/berth.db') },
      storage: { kind: 'filesystem', folder: join(process.cwd(), 'berth-data/storage') },
      initialAdminPassword: 'Harbor12345',
      requireAdminPassword: false,
      defaultProject: 'library',
      open: false,
      readOnly: false,
      deleteEnabled: true,
      token: { lifetimeSeconds: 1800, service: 'harbor-registry', issuer: 'harbor-token-issuer' },
      uploads: { expireAfterMs: 86_400_000 },
      garbageCollection: { intervalMs: 60_000, leaseMs: 86_400_000, graceMs: 3_600_000, lingerMs: 300_000 },
      trash: { windowMs: 259_200_000 },
      events: { keepMs: 180 * 86_400_000, replayMs: 86_400_000, maxAgeMs: 30 * 86_400_000, maxEvents: 1_000_000 },
      jobs: { concurrency: 10, keepMs: 30 * 86_400_000, leaseMs: 30_000 },
      limits: { manifestBytes: 4_194_304, uploadBytes: 0 },
      metrics: { enabled: true, path: '/metrics', listen: undefined },
      drainDelayMs: 0,
      drainTimeoutMs: 30_000,
    })
    expect(warnings).toEqual([])
  })

  test('HTTPS alone switches plain HTTP off; both on are both served', () => {
    const tls = 'https: { certificate: /c.pem, private_key: /k.pem }'
    expect(load(tls).config.http).toBeUndefined()
    expect(load(tls).config.https).toEqual({
      host: '0.0.0.0',
      port: 8443,
      certificate: { from: 'files', certificateFile: '/c.pem', privateKeyFile: '/k.pem' },
    })
    expect(load(`${tls}\nhttp: { port: 80 }`).config.http).toEqual({ host: '0.0.0.0', port: 80 })
  })

  test('an authority of one’s own is for the names that clients use, and leaves plain HTTP on', () => {
    const { http, https } = load(
      'https: { issuer: authority }\nhostname: reg.lan\nexternal_url: https://reg.example.com:8443',
    ).config
    expect(http).toEqual({ host: '0.0.0.0', port: 8080 })
    expect(https?.certificate).toEqual({
      from: 'authority',
      authorityName: 'Berth',
      names: ['reg.example.com', 'reg.lan'],
      keyType: 'ecdsa',
      lifetimeMs: 30 * 86_400_000,
    })
    expect(load('https: { issuer: authority, names: [a.example, 192.0.2.1] }').config.https?.certificate).toMatchObject(
      {
        names: ['a.example', '192.0.2.1'],
      },
    )
  })

  test('the default project can be switched off', () => {
    for (const word of ['off', 'false', '"off"', 'none']) {
      expect(load(`default_project: ${word}`).config.defaultProject).toBeUndefined()
    }
    expect(load('default_project: images').config.defaultProject).toBe('images')
  })
})

describe('sources', () => {
  test('flags win over the environment, which wins over the file; each setting knows its source', () => {
    const { config, sources } = load(
      'http: { port: 1001, host: 127.0.0.2 }\nlog: { level: debug }',
      { BERTH_HTTP_PORT: '1002', BERTH_LOG_LEVEL: 'warn' },
      { 'http.port': '1003', 'http.host': undefined },
    )
    expect(config.http).toEqual({ host: '127.0.0.2', port: 1003 })
    expect(config.log.level).toBe('warn')
    expect(sources.get('http.port')).toBe('--http-port')
    expect(sources.get('log.level')).toBe('BERTH_LOG_LEVEL')
    expect(sources.get('http.host')).toContain('http.host in ')
    expect(sources.has('drain_timeout')).toBe(false)
  })

  test('an empty variable counts as not set', () => {
    expect(load('', { BERTH_HTTP_PORT: '' }).config.http?.port).toBe(8080)
  })

  test('a variable with _FILE reads the value from that file, without its last line break', () => {
    const secret = fileWith('s3cret\n')
    expect(load('', { BERTH_ADMIN_PASSWORD_FILE: secret }).config.initialAdminPassword).toBe('s3cret')
    const both = { BERTH_ADMIN_PASSWORD: 'x', BERTH_ADMIN_PASSWORD_FILE: secret }
    expect(codesOf('', both)).toEqual(['SETTING_TWICE admin_password'])
    expect(codesOf('', { BERTH_ADMIN_PASSWORD_FILE: '/nowhere' })).toEqual(['FILE_UNREADABLE admin_password'])
  })

  test('BERTH_DATABASE_FILE is the SQLite file, not a secret of a setting called database', () => {
    expect(load('', { BERTH_DATABASE_FILE: '/x/y.db' }).config.database).toMatchObject({
      kind: 'sqlite',
      file: '/x/y.db',
    })
  })

  test('a misspelt variable is warned about; those that Kubernetes sets for a Service are not', () => {
    const { warnings } = load('', { BERTH_HTP_PORT: '1', BERTH_SERVICE_HOST: '10.0.0.1', BERTH_PORT_80_TCP: 'tcp://1' })
    expect(warnings).toEqual(['BERTH_HTP_PORT is set, but there is no such setting'])
  })

  test('a Service link in the place of a port is recognised', () => {
    expect(problemsOf('', { BERTH_HTTP_PORT: 'tcp://10.0.0.1:80' })[0]?.message).toContain('enableServiceLinks')
  })

  test('a named file must exist; BERTH_CONFIG names one too', () => {
    expect(() => loadConfig({ file: '/nowhere/berth.yml', env: {} })).toThrow(ConfigError)
    const file = fileWith('http: { port: 9 }')
    expect(loadConfig({ env: { BERTH_CONFIG: file } }).config.http?.port).toBe(9)
  })
})

describe('values', () => {
  test('text from the environment becomes numbers, flags, durations, sizes and lists', () => {
    const { config } = load('', {
      BERTH_READ_ONLY: 'yes',
      BERTH_DELETE_ENABLED: '0',
      BERTH_UPLOADS_EXPIRE_AFTER: '1h30m',
      BERTH_LIMITS_UPLOAD: '10GB',
      BERTH_LIMITS_MANIFEST: '8MiB',
      BERTH_TRUSTED_PROXIES: '10.0.0.0/8, ::1',
    })
    expect(config).toMatchObject({
      readOnly: true,
      deleteEnabled: false,
      uploads: { expireAfterMs: 5_400_000 },
      limits: { uploadBytes: 10_000_000_000, manifestBytes: 8_388_608 },
      trustedProxies: ['10.0.0.0/8', '::1'],
    })
  })

  test.each([
    ['http: { port: 0 }', 'http.port'],
    ['http: { port: 70000 }', 'http.port'],
    ['http: { port: "80 " , host: "" }', 'http.host'],
    ['drain_timeout: 30', 'drain_timeout'],
    ['drain_timeout: 30 seconds', 'drain_timeout'],
    ['garbage_collection: { lease: 500ms }', 'garbage_collection.lease'],
    ['limits: { manifest: 1KB }', 'limits.manifest'],
    ['limits: { upload: lots }', 'limits.upload'],
    ['read_only: maybe', 'read_only'],
    ['log: { level: loud }', 'log.level'],
    ['external_url: registry.example.com', 'external_url'],
    ['external_url: https://example.com/registry', 'external_url'],
    ['trusted_proxies: [10.0.0.0/33]', 'trusted_proxies'],
    ['trusted_proxies: [proxy]', 'trusted_proxies'],
    ['default_project: Über', 'default_project'],
    ['database: { url: "mysql://x" }', 'database.url'],
    ['metrics: { path: metrics }', 'metrics.path'],
  ])('%s is refused', (text, setting) => {
    expect(codesOf(text)).toEqual([`SETTING_INVALID ${setting}`])
  })

  test('all problems are named at once', () => {
    expect(codesOf('http: { port: x }\nlog: { level: x }\nnonsense: 1')).toEqual([
      'SETTING_INVALID http.port',
      'SETTING_INVALID log.level',
      'SETTING_UNKNOWN nonsense',
    ])
  })

  test('an unknown key is answered with the one that was meant', () => {
    expect(problemsOf('expire_after: 1h')[0]?.message).toContain('did you mean uploads.expire_after?')
    expect(problemsOf('dataFolder: x')[0]?.message).toContain('no such setting')
  })

  test('a wrong value is not repeated: it may be a secret in the wrong place', () => {
    const text = 'database: { url: "hunter2" }\nhttp: { port: hunter2 }\nread_only: hunter2\nexternal_url: hunter2\n'
    expect(problemsOf(text)).toHaveLength(4)
    expect(JSON.stringify(problemsOf(text))).not.toContain('hunter2')
    expect(JSON.stringify(problemsOf('admin_password: hunter2\n  x: ['))).not.toContain('hunter2')
  })

  test('a file that is no YAML mapping is refused', () => {
    expect(problemsOf('- a')[0]?.code).toBe('FILE_INVALID')
    expect(problemsOf('a: [')[0]?.code).toBe('FILE_INVALID')
  })
})

describe('contradictions', () => {
  test.each([
    ['https: { certificate: c }', 'SETTINGS_CONTRADICT https.private_key'],
    ['https: { private_key: c }', 'SETTINGS_CONTRADICT https.certificate'],
    ['https: { port: 9 }', 'SETTINGS_CONTRADICT https.certificate'],
    ['database: { url: "postgres://h/d", file: x }', 'SETTINGS_CONTRADICT database'],
    ['http: { port: 9 }\nhttps: { port: 9, certificate: c, private_key: k }', 'SETTINGS_CONTRADICT https.port'],
    ['metrics: { port: 8080 }', 'SETTINGS_CONTRADICT metrics.port'],
    ['metrics: { host: 0.0.0.0 }', 'SETTINGS_CONTRADICT metrics.host'],
    ['limits: { upload: 1MiB }', 'SETTINGS_CONTRADICT limits.upload'],
    ['open: true\nhttp: { host: 0.0.0.0 }', 'OPEN_NOT_LOOPBACK http.host'],
    ['open: true\nhttp: { host: "::" }', 'OPEN_NOT_LOOPBACK http.host'],
    ['open: true\nhttp: { host: 127.0.0.1.example.com }', 'OPEN_NOT_LOOPBACK http.host'],
    ['open: true\nhttps: { host: 10.0.0.1, certificate: c, private_key: k }', 'OPEN_NOT_LOOPBACK https.host'],
  ])('%s is refused', (text, problem) => {
    expect(codesOf(text)).toEqual([problem])
  })

  test('open mode listens on the loopback address, on others only when forced, and then with a warning', () => {
    expect(load('open: true').config.http).toEqual({ host: '127.0.0.1', port: 8080 })
    expect(load('open: true\nhttp: { host: localhost }').config.http?.host).toBe('localhost')
    const forced = load('open: true\nforce_open: true\nhttp: { host: 0.0.0.0 }')
    expect(forced.config.http?.host).toBe('0.0.0.0')
    expect(forced.warnings.join()).toContain('whoever reaches the port')
  })
})

describe('values of a file without quotes', () => {
  test.each([
    ['123456', '123456'],
    ['0123', '0123'],
    ['1e5', '1e5'],
    ['0x1F', '0x1F'],
    ['True', 'True'],
    ['12345678901234567890', '12345678901234567890'],
    ['1.50', '1.50'],
  ])('%s is the text that was written where text is meant', (written, text) => {
    expect(load(`admin_password: ${written}`).config.initialAdminPassword).toBe(text)
  })

  test('a key that stands twice in a file of ours is refused with its line', () => {
    expect(problemsOf('hostname: a\nread_only: true\nhostname: b')).toMatchObject([
      { code: 'FILE_INVALID', message: 'is not valid YAML: the key on line 3 stands there twice' },
    ])
  })
})

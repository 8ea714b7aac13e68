import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { parse } from 'yaml'
import { loadConfig } from './load-config.ts'
import { translateHarborFile } from './harbor-file.ts'
import { settings } from './settings.ts'

const file = join(import.meta.dirname, '../../test/fixtures/harbor.yml')

describe('the file of a Harbor user', () => {
  const { config, warnings } = loadConfig({ file, env: {} })

  test('starts Berth with what it says', () => {
    expect(config).toMatchObject({
      hostname: 'registry.example.com',
      externalUrl: 'https://registry.example.com:8445',
      http: { host: '0.0.0.0', port: 8085 },
      https: {
        host: '0.0.0.0',
        port: 8445,
        certificate: {
          from: 'files',
          certificateFile: '/srv/tls/registry.crt',
          privateKeyFile: '/srv/tls/registry.key',
        },
      },
      initialAdminPassword: 'Correct1Horse',
      dataFolder: '/srv/registry',
      storage: { folder: '/srv/registry/bytes' },
      database: {
        kind: 'postgres',
        url: 'postgres://harbor:p%40ss%2Fw%3Ard@db.example.com:5433/registry?sslmode=require&uselibpqcompat=true',
        maxConnections: 100,
      },
      log: { level: 'warn' },
      metrics: { enabled: true, path: '/metrics', listen: { host: '0.0.0.0', port: 9090 } },
      uploads: { expireAfterMs: 168 * 3_600_000, expiryIntervalMs: 24 * 3_600_000 },
    })
  })

  test('each key that is not honoured is named in a warning', () => {
    for (const key of [
      'https.strong_ssl_ciphers',
      'internal_tls',
      'database.password',
      'storage_service.filesystem',
      'storage_service.redirect',
      'trivy',
      'jobservice',
      'notification',
      'log.local',
      'log.external_endpoint',
      'external_database.harbor.max_idle_conns',
      'external_database.harbor.max_open_conns',
      'redis',
      'external_redis',
      'uaa',
      'proxy',
      'trace',
      'cache',
      'core',
      'ip_family',
    ]) {
      expect(warnings.filter((warning) => warning.startsWith(key))).not.toEqual([])
    }
  })

  test('what is honoured, or asks for nothing, is not warned about', () => {
    const text = warnings.join('\n')
    for (const key of [
      'hostname',
      'external_url',
      'data_volume',
      'metric.',
      'upload_purging',
      '_version',
      'ca_bundle',
    ]) {
      expect(text).not.toContain(key)
    }
  })

  test('no password appears in a warning', () => {
    expect(warnings.join('\n')).not.toMatch(/root123|p@ss|Correct1Horse/)
  })

  test('every top-level key is either ours or translated: none is left over', () => {
    const { raw } = translateHarborFile(parse(readFileSync(file, 'utf8')) as Record<string, unknown>)
    expect(Object.keys(raw).filter((key) => !(key in settings.shape))).toEqual([])
  })
})

describe('the file of a Harbor before 2.2', () => {
  const { config, warnings } = loadConfig({
    file: join(import.meta.dirname, '../../test/fixtures/harbor-before-2.2.yml'),
    env: {},
  })

  test('starts Berth, with numbers without quotes as the text that stands there', () => {
    expect(config).toMatchObject({
      http: { port: 8086 },
      initialAdminPassword: '00123',
      dataFolder: '/srv/registry',
      storage: {
        kind: 's3',
        bucket: 'images',
        credentials: { kind: 'key', accessKeyId: '12345', secretAccessKey: '0x1f' },
        redirects: { enabled: false },
      },
      log: { level: 'info' },
    })
  })

  test.each([
    'http.relativeurls',
    'http.relative_url',
    'clair',
    'notary',
    'chart',
    'log.rotate_count',
    'log.rotate_size',
    'log.location',
    'external_redis',
    'uaa',
    'log.colour is not used: there is no such setting',
    'self_registration is not used: there is no such setting',
    'the key on line 52 stands there twice',
  ])('a warning says that it has no meaning: %s', (key) => {
    expect(warnings.filter((warning) => warning.startsWith(key))).toHaveLength(1)
  })
})

test('a key that nobody knows is passed over beside one of Harbor’s, and only where Harbor has keys', () => {
  const { raw, warnings } = translateHarborFile({
    data_volume: '/b',
    hostnam: 'a',
    https: { prot: 1, port: 2 },
    token: { lifetme: 1 },
  })
  expect(raw).toEqual({ data_folder: '/b', https: { port: 2 }, token: { lifetme: 1 } })
  expect(warnings).toEqual([
    'hostnam is not used: there is no such setting; did you mean hostname?',
    'https.prot is not used: there is no such setting; did you mean https.port?',
  ])
  const ours = { hostnam: 'a', https: { prot: 1 } }
  expect(translateHarborFile(ours)).toMatchObject({ raw: ours, warnings: [] })
})

test('without an external database the metadata lies in SQLite, and a warning says so', () => {
  const { raw, warnings } = translateHarborFile({ database: { password: 'root123', max_open_conns: 900 } })
  expect(raw).toEqual({})
  expect(warnings).toEqual([
    'database.password, database.max_open_conns: not used, Berth brings no PostgreSQL of its own; metadata lies in a SQLite file in the data folder',
  ])
})

test('the S3 driver of Distribution becomes our bucket, redirecting as Harbor does', () => {
  const s3 = {
    accesskey: 'a',
    secretkey: 'b',
    region: 'r',
    regionendpoint: 'http://minio:9000',
    bucket: 'k',
    encrypt: true,
  }
  const { raw, warnings } = translateHarborFile({
    storage_service: { s3: { ...s3, rootdirectory: '/harbor/', skipverify: true }, ca_bundle: '/ca.pem' },
  })
  expect(raw).toEqual({
    s3: {
      access_key: 'a',
      secret_key: 'b',
      region: 'r',
      bucket: 'k',
      endpoint: 'http://minio:9000',
      prefix: 'harbor',
      encryption: 'AES256',
      redirect: true,
      ca_file: '/ca.pem',
    },
  })
  expect(warnings).toEqual([
    'storage_service.s3.skipverify is not used: it has no meaning here',
    'storage_service.s3: blobs that Harbor keeps in this bucket are not seen; take them over by berth import registry --from s3://… --in-place',
  ])
  const redirect = { disable: true }
  expect(translateHarborFile({ storage_service: { s3, redirect } }).raw).toHaveProperty('s3.redirect', false)
})

test('object storage of other kinds is not honoured in silence', () => {
  const { warnings } = translateHarborFile({ storage_service: { azure: { accountkey: 'hunter2' } } })
  expect(warnings).toEqual([
    'storage_service.azure is not used: blobs are kept in a folder (storage.folder) or in S3 (s3.bucket)',
  ])
  expect(translateHarborFile({ storage_driver: { name: 'filesystem' } }).warnings).toEqual([])
  expect(translateHarborFile({ storage_driver: 'gcs' }).warnings).toHaveLength(1)
})

test('our own word wins over Harbor’s, with a warning', () => {
  const { raw, warnings } = translateHarborFile({ data_folder: '/a', data_volume: '/b' })
  expect(raw).toEqual({ data_folder: '/a' })
  expect(warnings).toEqual(['data_volume is not used, because data_folder says the same here'])
})

test('an external database without a usable address is refused, not guessed', () => {
  for (const wrong of [{ host: 'a b' }, { port: 'x' }, { host: '/' }]) {
    const { raw } = translateHarborFile({ external_database: { harbor: wrong } })
    expect(settings.safeParse(raw).error?.issues.map((issue) => issue.path.join('.'))).toEqual(['database.url'])
  }
})

test('whatever stands in a file, it is translated and judged, never a crash', () => {
  const known = Object.keys(parse(readFileSync(file, 'utf8')) as object)
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string()), fc.double({ noNaN: true }))
  const words = fc.constantFrom(
    'port',
    'harbor',
    'host',
    'filesystem',
    'rootdirectory',
    'level',
    'enabled',
    '__proto__',
    'x',
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ depthSize: 'small' }, leaf, fc.dictionary(words, tie('tree'), { maxKeys: 4 })),
  }))
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...known), tree), (anything) => {
      const { raw, warnings } = translateHarborFile(anything)
      settings.safeParse(raw)
      expect(warnings.every((warning) => typeof warning === 'string')).toBe(true)
      expect(Object.prototype).not.toHaveProperty('x')
    }),
    { numRuns: 500 },
  )
})

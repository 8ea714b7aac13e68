import { describe, expect, test } from 'bun:test'
import { ConfigError } from './config-error.ts'
import type { S3Config } from './config.ts'
import { loadConfig } from './load-config.ts'

function s3Of(settings: Record<string, string>): S3Config {
  const env = Object.fromEntries(
    Object.entries({ bucket: 'blobs', ...settings }).map(([name, value]) => [`BERTH_S3_${name.toUpperCase()}`, value]),
  )
  const { storage } = loadConfig({ env }).config
  if (storage.kind !== 's3') throw new Error('no bucket')
  return storage
}

function refusalOf(settings: Record<string, string>): string {
  try {
    s3Of(settings)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'accepted'
}

describe('the settings of object storage', () => {
  test('without a provider mean AWS, with an endpoint whatever nobody lacks', () => {
    expect(s3Of({})).toMatchObject({
      endpoint: undefined,
      capabilities: { addressing: 'virtual-host', checksums: 'flexible' },
    })
    expect(s3Of({ endpoint: 'http://s3.local:9000' })).toMatchObject({
      endpoint: 'http://s3.local:9000',
      capabilities: { addressing: 'path', checksums: 'md5', conditionalCopies: false },
    })
  })

  test('know where the regions of clouds are', () => {
    const endpoints = ['oss', 'cos', 'obs'].map((provider) => s3Of({ provider, region: 'cn-north-4' }).endpoint)
    expect(endpoints).toEqual([
      'https://s3.oss-cn-north-4.aliyuncs.com',
      'https://cos.cn-north-4.myqcloud.com',
      'https://obs.cn-north-4.myhuaweicloud.com',
    ])
  })

  test('can say otherwise than the provider', () => {
    const endpoint = 'https://rgw.local'
    expect(s3Of({ provider: 'ceph', endpoint }).capabilities.checksums).toBe('md5')
    const given = s3Of({ provider: 'ceph', endpoint, checksums: 'true', path_style: 'false', equal_parts: 'true' })
    expect(given.capabilities).toMatchObject({ checksums: 'flexible', addressing: 'virtual-host', partsAlike: true })
  })

  test('ask where a service is that can be anywhere', () => {
    expect(refusalOf({ provider: 'minio' })).toContain('s3.endpoint')
  })

  test('refuse to ask for an encryption that the service would pass over', () => {
    expect(refusalOf({ provider: 'oss', encryption: 'aws:kms' })).toContain('s3.encryption')
    expect(refusalOf({ provider: 'aws', encryption: 'aws:kms' })).toBe('accepted')
  })

  test('take keys in one way', () => {
    const key = { access_key: 'a', secret_key: 'b' }
    const identity = { role_arn: 'arn:aws:iam::1:role/r', web_identity_token_file: '/token' }
    expect(s3Of(key).credentials).toEqual({ kind: 'key', accessKeyId: 'a', secretAccessKey: 'b' })
    expect(s3Of({ credentials_file: '/keys' }).credentials).toEqual({ kind: 'file', file: '/keys', profile: 'default' })
    expect(s3Of(identity).credentials).toMatchObject({ kind: 'web-identity', tokenFile: '/token' })
    expect(s3Of({}).credentials).toBeUndefined()
    expect(refusalOf({ ...key, ...identity })).toContain('two ways')
    expect(refusalOf({ role_arn: 'arn:aws:iam::1:role/r' })).toContain('web_identity_token_file')
  })
})

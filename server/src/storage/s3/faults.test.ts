import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createCertificate } from '../../../../conformance/harness/private-authority.ts'
import { skipLoudly } from '../../../../conformance/harness/real-client.ts'
import {
  startS3FaultProxy,
  type S3Call,
  type S3Fault,
  type S3FaultProxy,
} from '../../../../conformance/harness/s3-fault-proxy.ts'
import {
  s3Credentials,
  s3ServerMissing,
  startS3Server,
  type S3Server,
} from '../../../../conformance/harness/s3-server.ts'
import { createTemporaryFolder } from '../../../../conformance/harness/temporary-folder.ts'
import { StorageUnavailable, type BlobStore } from '../blob-store.ts'
import { chunksOf, digestOf, newUploadId } from '../blob-store.contract.ts'
import { parseCredentialsFile } from './credentials.ts'
import { openBucket, type S3Settings } from './s3-client.ts'
import { composeS3BlobStore } from './s3.ts'
import { s3SettingsForTest } from './settings-for-test.ts'

const ignore = () => {}
const bucket = 'berth'
const plan = { firstBytes: 5 << 20, firstParts: 10_000, laterBytes: 5 << 20 }
const small = new Uint8Array(300_000).map((_, index) => index * 7)
const large = new Uint8Array(12_000_000).map((_, index) => index * 13)

if (s3ServerMissing !== undefined) skipLoudly('S3 that fails', s3ServerMissing)
else {
  let server: S3Server
  let proxy: S3FaultProxy
  beforeAll(async () => {
    server = await startS3Server()
    await server.createBucket(bucket)
    proxy = await startS3FaultProxy(server.endpoint)
  })
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]()
    await server?.stop()
  })
  afterEach(() => void (proxy.decide = () => undefined))

  const open = (given: Partial<S3Settings> = {}): BlobStore =>
    composeS3BlobStore({
      bucket: openBucket(s3SettingsForTest({ bucket, endpoint: proxy.endpoint, timeoutMs: 2_000, ...given })),
      plan,
    })
  const push = async (store: BlobStore, bytes: Uint8Array) => {
    const upload = newUploadId()
    await store.append(upload, 0, chunksOf(bytes), ignore)
    return await store.commit(upload, digestOf(bytes), bytes.byteLength)
  }
  const read = async (
    store: BlobStore,
    location: Awaited<ReturnType<typeof push>>,
    range?: { start: number; end: number },
  ) => new Uint8Array(await new Response(await store.open(location, range)).arrayBuffer())
  /** The first `times` requests for each object of which `what` is true go wrong. */
  const first = (times: number, fault: S3Fault, what: (call: S3Call) => boolean = () => true) => {
    const seen = new Map<string, number>()
    return (call: S3Call) => {
      const key = `${call.method} ${call.url}`
      const before = seen.get(key) ?? 0
      if (!what(call) || before >= times) return undefined
      seen.set(key, before + 1)
      return fault
    }
  }

  describe('S3 that fails', () => {
    for (const [what, fault] of [
      ['says SlowDown', { kind: 'refuse', status: 503 }],
      ['says InternalError', { kind: 'refuse', status: 500 }],
      ['resets connections', { kind: 'reset' }],
      ['loses its answers', { kind: 'lose-answer' }],
    ] as const satisfies readonly (readonly [string, S3Fault])[]) {
      test(`pushes and reads succeed although it ${what} at first`, async () => {
        await using store = open()
        // SlowDown is waited for longest; what it does to the parts of an upload, the others show.
        const [times, blobs] = 'status' in fault && fault.status === 503 ? [1, [small]] : [2, [small, large]]
        proxy.decide = first(times, fault)
        const before = proxy.faults
        for (const bytes of blobs) {
          const location = await push(store, bytes)
          expect(digestOf(await read(store, location))).toBe(digestOf(bytes))
        }
        expect(proxy.faults - before).toBeGreaterThan(blobs.length * 3)
      }, 60_000)
    }

    test('says SlowDown without end: unavailable, after a few tries that are further and further apart', async () => {
      await using store = open({ attempts: 3 })
      const at: number[] = []
      proxy.decide = () => {
        at.push(performance.now())
        return { kind: 'refuse', status: 503 }
      }
      await expect(store.probe()).rejects.toBeInstanceOf(StorageUnavailable)
      expect(at.length).toBe(3)
      // Jitter may make any pause short; all together they are not.
      expect(at.at(-1)! - at[0]!).toBeGreaterThan(20)
    }, 60_000)

    test('cuts its answers short: the reader gets every byte, once and in order', async () => {
      await using store = open()
      const location = await push(store, large)
      let cuts = 0
      proxy.decide = ({ method }) => {
        if (method !== 'GET') return undefined
        cuts++
        return { kind: 'cut', afterBytes: 3_000_000 }
      }
      expect(digestOf(await read(store, location))).toBe(digestOf(large))
      expect(cuts).toBeGreaterThan(3)
      const range = { start: 2_000_000, end: 9_999_999 }
      expect(digestOf(await read(store, location, range))).toBe(digestOf(large.subarray(2_000_000, 10_000_000)))
    }, 60_000)

    test('cuts every answer before its first byte: an error, never fewer bytes', async () => {
      await using store = open()
      const location = await push(store, large)
      proxy.decide = () => ({ kind: 'cut', afterBytes: 0 })
      await expect(read(store, location)).rejects.toThrow()
    }, 60_000)

    test('falls silent in the middle of an answer: the rest is asked for again', async () => {
      await using store = open()
      const location = await push(store, large)
      proxy.decide = first(1, { kind: 'stall', afterBytes: 1_000_000 }, ({ method }) => method === 'GET')
      expect(digestOf(await read(store, location))).toBe(digestOf(large))
    }, 60_000)

    test('never answers: every call ends, unavailable', async () => {
      await using store = open({ timeoutMs: 300, attempts: 2 })
      const location = await push(store, small)
      proxy.decide = () => ({ kind: 'delay', milliseconds: 3_600_000 })
      for (const call of [
        () => store.probe(),
        () => store.sizeOf(location),
        () => store.open(location),
        () => push(store, small),
        () => store.delete([location]),
      ]) {
        const failure = await call().then(
          () => 'none',
          (error: unknown) => error,
        )
        expect(failure).toBeInstanceOf(StorageUnavailable)
      }
    }, 60_000)

    test('gives other bytes than it was given: an error, where it keeps checksums', async () => {
      await using store = open()
      const location = await push(store, small)
      proxy.decide = ({ method }) => (method === 'GET' ? { kind: 'damage' } : undefined)
      await expect(read(store, location)).rejects.toThrow()
    }, 60_000)
  })

  describe('what is sent to S3', () => {
    const headersOf = async (given: Partial<S3Settings>) => {
      const calls: S3Call[] = []
      proxy.decide = (call) => void calls.push(call)
      await using store = open(given)
      const locations = [await push(store, small), await push(store, large)]
      await store.delete(locations)
      return (method: string, url: RegExp) => {
        const found = calls.filter((call) => call.method === method && url.test(call.url)).map(({ headers }) => headers)
        expect(found.length).toBeGreaterThan(0)
        return found
      }
    }
    const object = /\/blobs\/uploaded\/[^?]+$/
    const part = /partNumber=/
    const tail = /\/tail\.\d+(\?x-id=PutObject)?$/

    test('carries a checksum of what every object and part should be', async () => {
      const sent = await headersOf({})
      for (const headers of [...sent('PUT', part), ...sent('PUT', tail)]) {
        expect(headers['x-amz-checksum-crc32']).toBeString()
      }
      for (const headers of sent('POST', /\?delete/)) expect(headers['content-md5']).toBeString()
    })

    test('carries Content-MD5 and none of the newer headers where the service does not know them', async () => {
      const { capabilities } = s3SettingsForTest({ bucket, endpoint: undefined })
      const sent = await headersOf({ capabilities: { ...capabilities, checksums: 'md5' } })
      for (const headers of [...sent('PUT', part), ...sent('PUT', tail), ...sent('POST', /\?delete/)]) {
        expect(headers['content-md5']).toBeString()
        expect(Object.keys(headers).filter((name) => /checksum|trailer/.test(name))).toEqual([])
        expect(headers['content-encoding']).toBeUndefined()
      }
    })

    test('asks for encryption with every object that stays', async () => {
      const sent = await headersOf({ encryption: { algorithm: 'aws:kms', kmsKeyId: 'arn:aws:kms:key' } })
      const created = [...sent('POST', /\?uploads/), ...sent('PUT', /\/blobs\/uploaded\/[^?]+(\?x-id=CopyObject)?$/)]
      for (const headers of created) {
        expect(headers['x-amz-server-side-encryption']).toBe('aws:kms')
        expect(headers['x-amz-server-side-encryption-aws-kms-key-id']).toBe('arn:aws:kms:key')
      }
      expect(object.test('/x/blobs/uploaded/0b/1')).toBe(true)
    })
  })

  describe('the key of the S3 store', () => {
    const fileWith = ({ accessKeyId, secretAccessKey }: typeof s3Credentials) =>
      `[other]\naws_access_key_id = no\n[default]\naws_access_key_id=${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`

    test('in a file, is read again when the file changes', async () => {
      await using folder = await createTemporaryFolder()
      const file = join(folder.path, 'credentials')
      await writeFile(file, fileWith({ ...s3Credentials, secretAccessKey: 'of-yesterday' }))
      await using store = open({ credentials: { kind: 'file', file, profile: 'default' } })
      await expect(store.probe()).rejects.toBeInstanceOf(StorageUnavailable)
      await writeFile(file, fileWith(s3Credentials))
      for (let tries = 0; ; tries++) {
        const works = await store.probe().then(
          () => true,
          () => false,
        )
        if (works) break
        expect(tries).toBeLessThan(100)
        await Bun.sleep(100)
      }
    }, 30_000)

    test('that a file does not have is missed by name, and nothing of the file is told', () => {
      const failure = () => parseCredentialsFile('[default]\naws_secret_access_key = hush', 'default', '/etc/key')
      expect(failure).toThrow('/etc/key has no aws_access_key_id')
      expect(failure).not.toThrow('hush')
    })

    test('of a web identity is fetched for the token that the file has at that moment, and again before it expires', async () => {
      await using folder = await createTemporaryFolder()
      const tokenFile = join(folder.path, 'token')
      await writeFile(tokenFile, 'token-one')
      const asked: Record<string, string>[] = []
      // Stands for the identity service alone: the keys that it gives are those of the S3 server.
      const sts = Bun.serve({
        port: 0,
        hostname: '127.0.0.1',
        async fetch(request) {
          asked.push(Object.fromEntries(new URLSearchParams(await request.text())))
          return new Response(assumedRole(Date.now() + 60_000), { headers: { 'content-type': 'text/xml' } })
        },
      })
      try {
        const endpoint = `http://127.0.0.1:${sts.port}`
        const roleArn = 'arn:aws:iam::000000000000:role/berth'
        await using store = open({ credentials: { kind: 'web-identity', roleArn, tokenFile, endpoint } })
        await store.sizeOf(await push(store, small))
        await writeFile(tokenFile, 'token-two')
        for (let tries = 0; asked.at(-1)?.['WebIdentityToken'] !== 'token-two' && tries < 50; tries++) {
          await store.probe()
          await Bun.sleep(50)
        }
        expect(asked[0]).toMatchObject({
          Action: 'AssumeRoleWithWebIdentity',
          RoleArn: roleArn,
          WebIdentityToken: 'token-one',
        })
        expect(asked.at(-1)).toMatchObject({ WebIdentityToken: 'token-two' })
      } finally {
        await sts.stop(true)
      }
    }, 30_000)
  })

  test('an S3 server with a certificate of a private authority is trusted when the authority is named, and only then', async () => {
    await using folder = await createTemporaryFolder()
    const certificate = await createCertificate(folder.path)
    const secure = await startS3Server({ certificate })
    try {
      await secure.createBucket(bucket)
      await using stranger = open({ endpoint: secure.endpoint })
      await expect(stranger.probe()).rejects.toBeInstanceOf(StorageUnavailable)
      await using store = open({ endpoint: secure.endpoint, caFile: certificate.authorityFile })
      expect(digestOf(await read(store, await push(store, large)))).toBe(digestOf(large))
    } finally {
      await secure.stop()
    }
  }, 60_000)
}

const assumedRole = (
  expiresAt: number,
) => `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <SubjectFromWebIdentityToken>system:serviceaccount:registry:berth</SubjectFromWebIdentityToken>
    <AssumedRoleUser><Arn>arn:aws:sts::000000000000:assumed-role/berth/berth</Arn><AssumedRoleId>A:berth</AssumedRoleId></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>${s3Credentials.accessKeyId}</AccessKeyId>
      <SecretAccessKey>${s3Credentials.secretAccessKey}</SecretAccessKey>
      <SessionToken></SessionToken>
      <Expiration>${new Date(expiresAt).toISOString()}</Expiration>
    </Credentials>
  </AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>`

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3'
import { skipLoudly } from '../../../../conformance/harness/real-client.ts'
import {
  s3Credentials,
  s3ServerMissing,
  startS3Server,
  type S3Server,
} from '../../../../conformance/harness/s3-server.ts'
import { StagedBytesMissing, StorageUnavailable, type BlobStore } from '../blob-store.ts'
import { chunksOf, collect, describeBlobStore, digestOf, newUploadId } from '../blob-store.contract.ts'
import { openBucket, type S3Settings } from './s3-client.ts'
import { s3SettingsForTest } from './settings-for-test.ts'
import { composeS3BlobStore } from './s3.ts'

const ignore = () => {}
/** The smallest parts that S3 takes, and soon others, so that tests meet both. */
const plan = { firstBytes: 5 << 20, firstParts: 2, laterBytes: 6 << 20 }
let server: S3Server
let buckets = 0

const settingsOf = (bucket: string): S3Settings => s3SettingsForTest({ bucket, endpoint: server.endpoint })

async function newBucket(): Promise<S3Settings> {
  const name = `berth-${++buckets}`
  await server.createBucket(name)
  return settingsOf(name)
}

const open = (settings: S3Settings): BlobStore => composeS3BlobStore({ bucket: openBucket(settings), plan })

function pseudoRandom(bytes: number): Uint8Array<ArrayBuffer> {
  const all = new Uint32Array(Math.ceil(bytes / 4))
  for (let index = 0, value = 1; index < all.length; index++)
    all[index] = value = (value * 1_664_525 + 1_013_904_223) >>> 0
  return new Uint8Array(all.buffer, 0, bytes)
}

if (s3ServerMissing === undefined) {
  beforeAll(async () => void (server = await startS3Server()))
  afterAll(async () => await server.stop())

  const subject = (capabilities: Partial<S3Settings['capabilities']>, contractPlan: typeof plan) => async () => {
    const settings = await newBucket()
    const given = { ...settings, capabilities: { ...settings.capabilities, ...capabilities } }
    const client = new S3Client({
      region: 'us-east-1',
      endpoint: server.endpoint,
      forcePathStyle: true,
      credentials: s3Credentials,
    })
    const { bucket: Bucket } = settings
    return {
      store: composeS3BlobStore({ bucket: openBucket(given), plan: contractPlan }),
      leftovers: async () => {
        const { Contents: objects = [] } = await client.send(new ListObjectsV2Command({ Bucket }))
        const { Uploads: uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }))
        const keys = objects.map(({ Key: key }) => key!).filter((key) => !key.startsWith('registry/blobs/'))
        return [...keys, ...uploads.map(({ Key: key }) => `multipart ${key}`)]
      },
      dispose: async () => client.destroy(),
    }
  }
  describeBlobStore('S3', subject({}, plan))
  describeBlobStore(
    'S3 with nothing but what every service has',
    subject(
      { checksums: 'md5', conditionalCopies: false, partsAlike: true, keysPerDelete: 2 },
      { firstBytes: 5 << 20, firstParts: 10_000, laterBytes: 5 << 20 },
    ),
  )

  describe('an upload of many parts to S3', () => {
    const bytes = pseudoRandom(24_000_000)
    const digest = digestOf(bytes)
    const read = async (store: BlobStore, location: Awaited<ReturnType<BlobStore['commit']>>) =>
      digestOf(new Uint8Array(await new Response(await store.open(location)).arrayBuffer()))

    test('reads back as it was pushed, however it was cut', async () => {
      await using store = open(await newBucket())
      const cuts = [0, 1, 5 << 20, (5 << 20) + 1, 10 << 20, 12_345_678, 16 << 20, bytes.byteLength]
      const upload = newUploadId()
      for (const [index, cut] of cuts.slice(1).entries()) {
        const from = cuts[index]!
        expect(await store.append(upload, from, chunksOf(bytes.subarray(from, cut)), ignore)).toBe(cut)
      }
      const location = await store.commit(upload, digest, bytes.byteLength)
      expect(await read(store, location)).toBe(digest)
      const range = await new Response(await store.open(location, { start: 9_999_999, end: 10_000_002 })).arrayBuffer()
      expect(new Uint8Array(range)).toEqual(bytes.subarray(9_999_999, 10_000_003))
      expect(await collect(store.walkStaged())).toEqual([])
    })

    test('goes on in another process, which can read what the first one took', async () => {
      const settings = await newBucket()
      await using first = open(settings)
      await using second = open(settings)
      const upload = newUploadId()
      await first.append(upload, 0, chunksOf(bytes.subarray(0, 13_000_000)), ignore)
      await second.append(upload, 13_000_000, chunksOf(bytes.subarray(13_000_000)), ignore)
      const staged = await new Response(await first.readStaged(upload, bytes.byteLength)).arrayBuffer()
      expect(digestOf(new Uint8Array(staged))).toBe(digest)
      expect(await read(second, await second.commit(upload, digest, bytes.byteLength))).toBe(digest)
      expect(await collect(first.walkStaged())).toEqual([])
    })

    test('goes on from the last acknowledged byte after an append that broke off', async () => {
      const settings = await newBucket()
      await using store = open(settings)
      const upload = newUploadId()
      await store.append(upload, 0, chunksOf(bytes.subarray(0, 7_000_000)), ignore)
      async function* broken() {
        yield bytes.slice(7_000_000, 15_000_000).fill(7)
        throw new Error('connection lost')
      }
      await expect(store.append(upload, 7_000_000, broken(), ignore)).rejects.toThrow('connection lost')
      await using other = open(settings)
      await other.append(upload, 7_000_000, chunksOf(bytes.subarray(7_000_000)), ignore)
      expect(await read(other, await other.commit(upload, digest, bytes.byteLength))).toBe(digest)
    })

    test('a process that knows older parts than there are cannot make them a blob', async () => {
      const settings = await newBucket()
      await using stale = open(settings)
      await using other = open(settings)
      const upload = newUploadId()
      await stale.append(upload, 0, chunksOf(bytes.slice(0, 10 << 20).fill(1)), ignore)
      await other.append(upload, 5 << 20, chunksOf(bytes.slice(0, 5 << 20).fill(2)), ignore)
      const failure = await stale.commit(upload, digest, 10 << 20).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(StorageUnavailable)
      const location = await stale.commit(upload, digest, 10 << 20)
      const stored = new Uint8Array(await new Response(await stale.open(location)).arrayBuffer())
      expect([stored[0], stored[(5 << 20) - 1], stored[5 << 20], stored[(10 << 20) - 1]]).toEqual([1, 1, 2, 2])
    })

    for (const [what, before, size] of [
      ['a tail that is remembered', 0, 10_000],
      ['a tail', 0, 200_000],
      ['a tail behind a part', 5 << 20, 200_000],
      ['a part', 0, 5 << 20],
    ] as const) {
      test(`${what}, replaced by another process after it was hashed, never becomes the blob`, async () => {
        const settings = await newBucket()
        await using honest = open(settings)
        await using other = open(settings)
        const upload = newUploadId()
        if (before > 0) await honest.append(upload, 0, chunksOf(bytes.subarray(0, before)), ignore)
        const good = bytes.slice(before, before + size)
        const hashed = digestOf(bytes.subarray(0, before + size))
        await honest.append(upload, before, chunksOf(good), ignore)
        await other.append(upload, before, chunksOf(good.map((byte) => byte ^ 1)), ignore)
        const made = await honest.commit(upload, hashed, before + size).catch((error: unknown) => error)
        if (made instanceof Error)
          expect(made).toBeOneOf([expect.any(StagedBytesMissing), expect.any(StorageUnavailable)])
        else expect(await read(other, made as Awaited<ReturnType<BlobStore['commit']>>)).toBe(hashed)
      })
    }

    test('what another process took, this one does not call its own', async () => {
      const settings = await newBucket()
      await using first = open(settings)
      await using second = open(settings)
      const upload = newUploadId()
      await first.append(upload, 0, chunksOf(bytes.subarray(0, 1_000)), ignore)
      expect([first.tookAll!(upload, 1_000), second.tookAll!(upload, 1_000)]).toEqual([true, false])
      await second.append(upload, 1_000, chunksOf(bytes.subarray(1_000, 3_000)), ignore)
      expect(second.tookAll!(upload, 3_000)).toBe(false)
    })

    test('discarded by who knows that no row points to it, it leaves no bytes at its final place', async () => {
      await using store = open(await newBucket())
      const upload = newUploadId()
      await store.append(upload, 0, chunksOf(bytes.subarray(0, 3_000)), ignore)
      await store.commit(upload, digest, 3_000)
      await store.discard(upload, { neverCommitted: true })
      expect(await collect(store.walk())).toEqual([])
    })

    test('sealed to be read and then discarded, it leaves nothing', async () => {
      await using store = open(await newBucket())
      const upload = newUploadId()
      await store.append(upload, 0, chunksOf(bytes.subarray(0, 11_000_000)), ignore)
      await (await store.readStaged(upload, 11_000_000)).cancel()
      await store.discard(upload)
      expect(await collect(store.walk())).toEqual([])
      expect(await collect(store.walkStaged())).toEqual([])
    })

    test('whose parts the store has lost cannot go on', async () => {
      const settings = await newBucket()
      await using store = open(settings)
      const upload = newUploadId()
      await store.append(upload, 0, chunksOf(bytes.subarray(0, 11_000_000)), ignore)
      const client = new S3Client({
        region: 'us-east-1',
        endpoint: server.endpoint,
        forcePathStyle: true,
        credentials: s3Credentials,
      })
      const { Uploads: uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: settings.bucket }))
      for (const { Key: key, UploadId: id } of uploads) {
        await client.send(new AbortMultipartUploadCommand({ Bucket: settings.bucket, Key: key, UploadId: id }))
      }
      await expect(store.commit(upload, digest, 11_000_000)).rejects.toBeInstanceOf(StagedBytesMissing)
      client.destroy()
    })
  })

  test('S3 that is not there is unavailable, with the cause', async () => {
    await using store = open({ ...settingsOf('berth-1'), endpoint: 'http://127.0.0.1:9' })
    const failure = await store.probe().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(StorageUnavailable)
    expect((failure as Error).cause).toBeDefined()
  })

  test('a bucket that does not exist is unavailable, never an absent blob', async () => {
    await using store = open(settingsOf('no-such-bucket'))
    await expect(store.probe()).rejects.toBeInstanceOf(StorageUnavailable)
  })
} else {
  skipLoudly('S3 as blob store', s3ServerMissing)
}

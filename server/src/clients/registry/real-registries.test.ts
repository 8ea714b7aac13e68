import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { parseDigest, type Digest } from '#contract/digest.ts'
import { sha256 } from '../../../../conformance/harness/image.ts'
import { startDistribution, whyMissing } from '../../../../conformance/harness/distribution.ts'
import { skipLoudly } from '../../../../conformance/harness/real-client.ts'
import { startRegistry } from '../../../../conformance/harness/registry.ts'
import { createTemporaryFolder } from '../../../../conformance/harness/temporary-folder.ts'
import { RegistryClient } from './registry-client.ts'
import { RegistryFailure } from './registry-failure.ts'
import type { RemoteRegistry } from './remote-registry.ts'
import { codeOf, readAll } from './scripted-registry-for-test.ts'

setDefaultTimeout(60_000)

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const digestOf = (bytes: Uint8Array): Digest => parseDigest(sha256(bytes))
const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const openOf = (bytes: Uint8Array) => async (start: number) =>
  new Blob([bytes.slice(start)]).stream() as AsyncIterable<Uint8Array>
const chunkBytes = 1_000_000

interface Running {
  readonly url: string
  readonly credential: RemoteRegistry['credential']
  /** Lists what refers to a manifest itself. */
  readonly knowsReferrers: boolean
}

/** The promises of the client, kept against a registry that runs. */
function describeRegistry(title: string, start: (owned: AsyncDisposableStack) => Promise<Running>): void {
  describe(title, () => {
    const owned = new AsyncDisposableStack()
    let running: Running
    let client: RegistryClient
    const repository = `library/client-${randomBytes(4).toString('hex')}`

    beforeAll(async () => {
      running = await start(owned)
      const { url, credential } = running
      client = owned.use(
        new RegistryClient({
          remote: { url, credential, insecure: false, authority: undefined },
          allowLocal: true,
          uploads: { chunkBytes },
        }),
      )
    })
    afterAll(() => owned.disposeAsync())

    const pushBlob = async (bytes: Uint8Array, to = repository, mountFrom?: string) =>
      await client.uploads.push(to, {
        ...{ digest: digestOf(bytes), sizeBytes: bytes.byteLength, open: openOf(bytes) },
        mountFrom,
      })
    const manifestOf = (config: Uint8Array, more: object = {}) =>
      encode({
        ...{ schemaVersion: 2, mediaType: manifestType },
        config: { mediaType: 'application/json', digest: digestOf(config), size: config.byteLength },
        ...{ layers: [], ...more },
      })

    test('is pinged', async () => {
      await client.ping()
    })

    test('takes blobs in one piece, in chunks, and none at all, and gives them back', async () => {
      for (const size of [0, 10, chunkBytes, 3 * chunkBytes + 17]) {
        const bytes = new Uint8Array(randomBytes(size))
        expect(await pushBlob(bytes)).toBe('pushed')
        expect(await client.blobs.stat(repository, digestOf(bytes))).toBe(size)
        const blob = await client.blobs.open(repository, digestOf(bytes), { sizeBytes: size })
        expect(Buffer.compare(await readAll(blob!.bytes), bytes)).toBe(0)
      }
    })

    test('gives part of a blob', async () => {
      const bytes = new Uint8Array(randomBytes(5_000))
      await pushBlob(bytes)
      const part = await client.blobs.open(repository, digestOf(bytes), { range: { start: 100, end: 199 } })
      expect(Buffer.compare(await readAll(part!.bytes), bytes.subarray(100, 200))).toBe(0)
    })

    test('a blob is mounted from another repository', async () => {
      const bytes = new Uint8Array(randomBytes(1_000))
      await pushBlob(bytes)
      const other = `${repository}-other`
      expect(await pushBlob(bytes, other, repository)).toBe('mounted')
      expect(await client.blobs.stat(other, digestOf(bytes))).toBe(1_000)
      // Where the source does not have it, the session that the registry begins is used.
      const unknown = new Uint8Array(randomBytes(1_000))
      expect(await pushBlob(unknown, other, repository)).toBe('pushed')
    })

    test('manifests are pushed, found by tag and digest, listed page by page, and deleted', async () => {
      const config = encode({})
      await pushBlob(config)
      const bytes = manifestOf(config)
      const tags = ['a', 'b', 'v1.0']
      for (const tag of tags) await client.manifests.push(repository, tag, { bytes, mediaType: manifestType })
      for (const reference of ['v1.0', digestOf(bytes)]) {
        expect(await client.manifests.stat(repository, reference)).toMatchObject({ digest: digestOf(bytes) })
        const found = await client.manifests.find(repository, reference)
        expect(found).toMatchObject({ digest: digestOf(bytes), mediaType: manifestType })
        expect(Buffer.compare(found!.bytes, bytes)).toBe(0)
      }
      expect((await Array.fromAsync(client.lists.walkTags(repository))).sort()).toEqual(tags)
      expect(await Array.fromAsync(client.lists.walkRepositories())).toContain(repository)
      expect(await client.manifests.delete(repository, digestOf(bytes))).toBe(true)
      expect(await client.manifests.find(repository, digestOf(bytes))).toBeUndefined()
      expect(await client.manifests.delete(repository, digestOf(bytes))).toBe(false)
    })

    test('what refers to a manifest is found, by the list or by the tag that stands for it', async () => {
      const config = encode({ of: 'a subject' })
      await pushBlob(config)
      const bytes = manifestOf(config)
      const subject = digestOf(bytes)
      await client.manifests.push(repository, 'subject', { bytes, mediaType: manifestType })
      const descriptor = { mediaType: manifestType, digest: subject, size: bytes.byteLength }
      const signature = manifestOf(config, { artifactType: 'text/signature', subject: descriptor })
      const pushed = await client.manifests.push(repository, digestOf(signature), {
        bytes: signature,
        mediaType: manifestType,
      })
      expect(pushed.subjectIsKnown).toBe(running.knowsReferrers)
      const referrer = {
        ...{ mediaType: manifestType, digest: digestOf(signature), size: signature.byteLength },
        artifactType: 'text/signature',
      }
      if (!pushed.subjectIsKnown) {
        const index = encode({
          ...{ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [referrer] },
        })
        const mediaType = 'application/vnd.oci.image.index.v1+json'
        await client.manifests.push(repository, subject.replace(':', '-'), { bytes: index, mediaType })
      }
      expect(await Array.fromAsync(client.lists.walkReferrers(repository, subject))).toMatchObject([referrer])
      const others = client.lists.walkReferrers(repository, subject, { artifactType: 'text/other' })
      expect(await Array.fromAsync(others)).toEqual([])
    })

    test('what is not there is unknown, and a wrong digest is not taken', async () => {
      const nothing = digestOf(randomBytes(10))
      expect(await client.manifests.find(repository, 'not-there')).toBeUndefined()
      expect(await client.blobs.open(repository, nothing)).toBeUndefined()
      expect(await Array.fromAsync(client.lists.walkTags(`${repository}-nowhere`))).toEqual([])
      const bytes = new Uint8Array(randomBytes(100))
      const wrong = { digest: nothing, sizeBytes: 100, open: openOf(bytes) }
      expect(await codeOf(client.uploads.push(repository, wrong))).toBe('REFUSED')
      const missing = manifestOf(encode({ nobody: 'pushed this' }))
      const refused = await client.manifests
        .push(repository, 'broken', { bytes: missing, mediaType: manifestType })
        .catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(RegistryFailure)
    })
  })
}

for (const [title, program] of [
  ['Distribution 2.8', 'docker-registry'],
  ['Distribution 3', 'distribution-registry'],
] as const) {
  const missing = whyMissing(program)
  if (missing !== undefined) skipLoudly(`the client of ${title}`, missing)
  else {
    describeRegistry(`the client of ${title}`, async (owned) => {
      const folder = owned.use(await createTemporaryFolder())
      const storage = { filesystem: { rootdirectory: join(folder.path, 'registry') } }
      const { host } = owned.use(await startDistribution(folder.path, storage, program))
      return { url: `http://${host}`, credential: undefined, knowsReferrers: false }
    })
  }
}

describeRegistry('the client of Berth', async (owned) => {
  const { url, username: accessKey, password: accessSecret } = owned.use(await startRegistry())
  return { url, credential: { accessKey, accessSecret }, knowsReferrers: true }
})

import { expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../harness/command.ts'
import { eventually } from '../harness/eventually.ts'
import { createUniqueImage, describeBytes, type Descriptor } from '../harness/image.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { startRegistry, type RegistryUnderTest } from '../harness/registry.ts'
import { mountSmallDisk, smallDiskMissing, writeUntilFull } from '../harness/small-disk.ts'
import { errorCodesOf, expectStatus, V2Client, withQuery } from '../harness/v2-client.ts'

const title = 'a registry on a small disk of its own'
const mebibyte = 1 << 20
const diskBytes = 100 * mebibyte
const timeoutMs = 120_000

if (smallDiskMissing !== undefined) skipLoudly(title, smallDiskMissing)
else {
  test(
    `${title}: when it is full, pushes are refused clearly, pulls and deletes go on, and with space pushes work again`,
    async () => {
      await using disk = await mountSmallDisk(diskBytes)
      await using registry = await startRegistry({ env: { BERTH_DATA_FOLDER: join(disk.path, 'data') } })
      const client = new V2Client(registry)
      const repository = registry.newRepository()
      const image = createUniqueImage()
      await client.pushImage(repository, image, 'v1')
      await client.pushImage(repository, createUniqueImage(), 'v2')

      const refused = await fillByPushing(client, repository)
      expect(refused.status).toBe(507)
      expect(await errorCodesOf(refused)).toEqual(['DENIED'])
      await eventually(async () => expect(await readiness(registry)).toEqual([200, 'degraded']))
      // Something else on the machine takes the rest too.
      const ballast = join(disk.path, 'ballast')
      await writeUntilFull(ballast)

      for (const [digest, bytes] of image.content) {
        const kind = digest === image.descriptor.digest ? 'manifests' : 'blobs'
        const answer = await expectStatus(await client.request(`/v2/${repository}/${kind}/${digest}`), 200)
        expect(Buffer.from(await answer.arrayBuffer())).toEqual(Buffer.from(bytes))
      }
      const upload = await client.request(`/v2/${repository}/blobs/uploads/`, { method: 'POST' })
      expect([202, 503, 507]).toContain(upload.status)
      expect(await readiness(registry)).toEqual([200, 'degraded'])

      await rm(ballast)
      await expectStatus(await client.request(`/v2/${repository}/manifests/v2`, { method: 'DELETE' }), 202)
      await runCommand(['mount', '-o', `remount,size=${2 * diskBytes}`, disk.path])
      await eventually(async () => expect(await readiness(registry)).toEqual([200, 'ok']))
      const again = createUniqueImage()
      await client.pushImage(repository, again, 'v3')
      const pulled = await expectStatus(await client.request(`/v2/${repository}/manifests/v3`), 200)
      expect(pulled.headers.get('docker-content-digest')).toBe(again.descriptor.digest)
    },
    timeoutMs,
  )

  test(
    `${title}: when it is full, emptying the trash and garbage collection give space back, and pushes work again`,
    async () => {
      // Large enough for a reserve in which the log of the database finds room.
      await using disk = await mountSmallDisk(3 * diskBytes)
      const at = (name: string, value: string) => ({ [`BERTH_GARBAGE_COLLECTION_${name}`]: value })
      const windows = { ...at('LEASE', '5s'), ...at('GRACE', '0s'), ...at('LINGER', '1s'), ...at('INTERVAL', '1s') }
      await using registry = await startRegistry({ env: { BERTH_DATA_FOLDER: join(disk.path, 'data'), ...windows } })
      const client = new V2Client(registry)
      const [kept, large] = [registry.newRepository(), registry.newRepository()]
      const image = createUniqueImage()
      await client.pushImage(kept, image, 'v1')
      const digests: string[] = []
      const config = await client.pushBlob(large, new TextEncoder().encode('{}'))
      for (let refused = false; !refused;) {
        const layer = randomBytes(32 * mebibyte)
        let pushed = await pushBlob(client, large, layer)
        if (pushed.status === 201) {
          const manifest = manifestOf(config, layer)
          pushed = await client.pushManifest(large, manifest.digest, manifest.mediaType, manifest.text)
          if (pushed.status === 201) digests.push(manifest.digest)
        }
        // Whichever comes last: the layer or its manifest.
        refused = pushed.status !== 201
        if (refused) expect(pushed.status).toBe(507)
      }
      expect(digests.length).toBeGreaterThan(0)

      for (const digest of digests) {
        const deleted = await client.request(`/v2/${large}/manifests/${digest}`, { method: 'DELETE' })
        await expectStatus(deleted, 202)
      }
      const authorization = `Basic ${btoa(`${registry.username}:${registry.password}`)}`
      const emptied = await fetch(`${registry.url}/api/v2.0/system/trash`, {
        method: 'DELETE',
        headers: { authorization },
      })
      expect([emptied.status, await emptied.json()]).toEqual([200, { entries: digests.length }])
      await eventually(async () => expect((await pushBlob(client, large, randomBytes(32 * mebibyte))).status).toBe(201))
      for (const [digest, bytes] of image.content) {
        const kind = digest === image.descriptor.digest ? 'manifests' : 'blobs'
        const answer = await expectStatus(await client.request(`/v2/${kept}/${kind}/${digest}`), 200)
        expect(Buffer.from(await answer.arrayBuffer())).toEqual(Buffer.from(bytes))
      }
    },
    timeoutMs,
  )

  test(
    `${title}: when it can only be read, pulls go on and pushes get a clear answer until it can be written again`,
    async () => {
      await using disk = await mountSmallDisk(diskBytes)
      await mkdir(join(disk.path, 'bytes'))
      // The bytes alone: a database whose file cannot be written has its own tests.
      await using registry = await startRegistry({ env: { BERTH_STORAGE_FOLDER: join(disk.path, 'bytes') } })
      const client = new V2Client(registry)
      const repository = registry.newRepository()
      const image = createUniqueImage()
      await client.pushImage(repository, image, 'v1')

      await eventually(() => runCommand(['mount', '-o', 'remount,ro', disk.path]))
      const refused = await pushBlob(client, repository, randomBytes(10_000))
      expect(refused.status).toBe(503)
      expect(refused.headers.get('retry-after')).not.toBeNull()
      for (const digest of image.content.keys()) {
        if (digest === image.descriptor.digest) continue
        await expectStatus(await client.request(`/v2/${repository}/blobs/${digest}`), 200)
      }

      await runCommand(['mount', '-o', 'remount,rw', disk.path])
      await expectStatus(await pushBlob(client, repository, randomBytes(10_000)), 201)
    },
    timeoutMs,
  )
}

/** Pushes blobs until one is refused, and gives that answer. */
async function fillByPushing(client: V2Client, repository: string): Promise<Response> {
  for (let pushed = 0; pushed < 2 * diskBytes; pushed += 4 * mebibyte) {
    const answer = await pushBlob(client, repository, randomBytes(4 * mebibyte))
    if (answer.status !== 201) return answer
  }
  throw new Error('the disk does not become full')
}

async function pushBlob(client: V2Client, repository: string, bytes: Uint8Array): Promise<Response> {
  const digest = `sha256:${new Bun.CryptoHasher('sha256').update(bytes).digest('hex')}`
  const place = await client.startUpload(repository)
  return await client.request(withQuery(place, `digest=${digest}`), { method: 'PUT', body: bytes })
}

/** The manifest of an image with one layer. */
function manifestOf(config: Descriptor, layer: Uint8Array) {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const layers = [describeBytes('application/octet-stream', layer)]
  const text = JSON.stringify({ schemaVersion: 2, mediaType, config, layers })
  return { mediaType, text, digest: describeBytes(mediaType, new TextEncoder().encode(text)).digest }
}

async function readiness({ url }: RegistryUnderTest): Promise<[number, string]> {
  const answer = await fetch(`${url}/ready`)
  return [answer.status, ((await answer.json()) as { status: string }).status]
}

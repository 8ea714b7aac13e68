import { expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { Acknowledged, digestAt } from '../harness/acknowledged.ts'
import { describeOnEachDatabase } from '../harness/each-database.ts'
import { createUniqueImage, sha256, type Image } from '../harness/image.ts'
import { V2Client, withQuery } from '../harness/v2-client.ts'

const pushes = 100
const timeoutMs = 120_000
/** What a client tries again after. */
const retryable = new Set([429, 502, 503, 504])
const mostTries = 50

describeOnEachDatabase('one hundred pushes at once', (registry) => {
  test(
    'of the same new blob: each is acknowledged, and the blob is there once and whole',
    async () => {
      const client = new V2Client(registry())
      const repository = registry().newRepository()
      const bytes = randomBytes(200_000)
      await atOnce(() => pushBlob(client, repository, bytes))
      expect(await digestAt(client, `${repository}/blobs/${sha256(bytes)}`)).toBe(sha256(bytes))
    },
    timeoutMs,
  )

  test(
    'of different images to the same tag: the tag names one of them, and each is there by its digest',
    async () => {
      const client = new V2Client(registry())
      const repository = registry().newRepository()
      const acknowledged = new Acknowledged()
      const images = Array.from({ length: pushes }, () => createUniqueImage())
      await atOnce(async (index) => {
        await pushImage(client, repository, images[index]!, 'latest')
        for (const digest of images[index]!.content.keys()) {
          if (digest !== images[index]!.descriptor.digest) acknowledged.blob(repository, digest)
        }
        await tagOf(client, repository, images[index]!, `own-${index}`, acknowledged)
      })
      expect(await acknowledged.findBroken(client)).toEqual([])
      const latest = await digestAt(client, `${repository}/manifests/latest`)
      expect(images.map(({ descriptor }) => descriptor.digest)).toContain(latest)
      const answer = (await (await client.request(`/v2/${repository}/tags/list`)).json()) as { tags: string[] }
      expect(answer.tags.length).toBe(pushes + 1)
    },
    timeoutMs,
  )

  test(
    'into the same repository that did not exist: it exists once, with every tag',
    async () => {
      const client = new V2Client(registry())
      const repository = registry().newRepository()
      const image = createUniqueImage()
      await atOnce((index) => pushImage(client, repository, image, `v${index}`))
      const answer = (await (await client.request(`/v2/${repository}/tags/list`)).json()) as { tags: string[] }
      expect(answer.tags.length).toBe(pushes)
      expect(await countOf(client, repository)).toBe(1)
    },
    timeoutMs,
  )
})

async function atOnce(work: (index: number) => Promise<unknown>): Promise<void> {
  await Promise.all(Array.from({ length: pushes }, (_, index) => work(index)))
}

async function pushImage(client: V2Client, repository: string, image: Image, tag: string): Promise<void> {
  for (const [digest, bytes] of image.content) {
    if (digest !== image.descriptor.digest) await pushBlob(client, repository, bytes)
  }
  await tagOf(client, repository, image, tag)
}

async function tagOf(client: V2Client, repository: string, image: Image, tag: string, acknowledged?: Acknowledged) {
  const { digest, mediaType } = image.descriptor
  const answer = await retried(() => client.pushManifest(repository, tag, mediaType, image.content.get(digest)!))
  expect(answer.status).toBe(201)
  acknowledged?.manifest(repository, digest, tag)
}

async function pushBlob(client: V2Client, repository: string, bytes: Uint8Array): Promise<void> {
  const started = await retried(() => client.request(`/v2/${repository}/blobs/uploads/`, { method: 'POST' }))
  expect(started.status).toBe(202)
  const place = withQuery(started.headers.get('location')!, `digest=${sha256(bytes)}`)
  const finished = await retried(() => client.request(place, { method: 'PUT', body: bytes }))
  expect(finished.status).toBe(201)
}

/** As clients do it: after an answer that asks for patience, once more. */
async function retried(request: () => Promise<Response>): Promise<Response> {
  for (let tries = 1; ; tries++) {
    const response = await request()
    if (!retryable.has(response.status) || tries === mostTries) return response
    await response.body?.cancel()
    await Bun.sleep(100)
  }
}

async function countOf(client: V2Client, repository: string): Promise<number> {
  const answer = await client.request('/v2/_catalog?n=10000')
  const { repositories } = (await answer.json()) as { repositories: string[] }
  return repositories.filter((name) => name === repository).length
}

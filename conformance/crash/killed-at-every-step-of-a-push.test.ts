import { afterAll, expect, test } from 'bun:test'
import { Acknowledged, digestAt } from '../harness/acknowledged.ts'
import { describeOnEachDatabase } from '../harness/each-database.ts'
import { createUniqueImage, type Image } from '../harness/image.ts'
import { locationOf, V2Client, withQuery } from '../harness/v2-client.ts'

/** Every step of a push, in its order; the registry refuses to start with a name that it does not know. */
const steps = [
  'store-after-write',
  'store-after-fsync',
  'store-after-rename',
  'store-after-folder-fsync',
  'upload-before-row',
  'upload-after-row',
  'manifest-before-commit',
  'manifest-after-commit',
]

describeOnEachDatabase('a registry that is killed in the middle of a push', (registry) => {
  const acknowledged = new Acknowledged()

  for (const step of steps) {
    test(`at ${step} keeps everything it acknowledged, serves nothing by halves, and takes the push again`, async () => {
      const { control } = registry()
      const client = new V2Client(registry())
      const before = registry().newRepository('before')
      await push(client, before, createUniqueImage(), acknowledged)

      await control.restart('SIGTERM', { BERTH_TEST_FAULT_POINT: step })
      const interrupted = registry().newRepository('interrupted')
      const image = createUniqueImage()
      await expect(push(client, interrupted, image, acknowledged)).rejects.toThrow()
      expect(await control.death()).toBe('SIGKILL')

      await control.restart('SIGKILL')
      expect(await acknowledged.findBroken(client)).toEqual([])
      for (const [digest] of image.content) {
        const kind = digest === image.descriptor.digest ? 'manifests' : 'blobs'
        expect([digest, 'status 404']).toContain(await digestAt(client, `${interrupted}/${kind}/${digest}`))
      }
      await push(client, interrupted, image, acknowledged)
      await push(client, before, createUniqueImage(), acknowledged)
      expect(await acknowledged.findBroken(client)).toEqual([])
    }, 60_000)
  }

  afterAll(() => expect(acknowledged.size).toBeGreaterThan(steps.length * 6))
})

/** As docker does it: each blob in three requests, then the manifest by tag. */
async function push(client: V2Client, repository: string, image: Image, acknowledged: Acknowledged): Promise<void> {
  const headers = { 'content-type': 'application/octet-stream' }
  for (const [digest, bytes] of image.content) {
    if (digest === image.descriptor.digest) continue
    const place = await client.startUpload(repository)
    const patched = await client.request(place, { method: 'PATCH', headers, body: bytes })
    expect(patched.status).toBe(202)
    const finished = await client.request(withQuery(locationOf(patched), `digest=${digest}`), { method: 'PUT' })
    expect(finished.status).toBe(201)
    acknowledged.blob(repository, digest)
  }
  const { digest, mediaType } = image.descriptor
  const answer = await client.pushManifest(repository, 'v1', mediaType, image.content.get(digest)!)
  expect(answer.status).toBe(201)
  acknowledged.manifest(repository, digest, 'v1')
}

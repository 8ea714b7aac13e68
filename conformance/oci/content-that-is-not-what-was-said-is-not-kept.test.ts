import { expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { sha256 } from '../harness/image.ts'
import { describeScenario } from '../harness/scenario.ts'
import { errorCodesOf, expectStatus, locationOf, V2Client, withQuery } from '../harness/v2-client.ts'

describeScenario('content with another digest than was said', (registry) => {
  test('is refused in one request, in two and in chunks, and neither digest is there afterwards', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const [sent, said] = [randomBytes(5000), sha256(randomBytes(5000))]
    const once = await client.request(`/v2/${repository}/blobs/uploads/?digest=${said}`, { method: 'POST', body: sent })
    const twice = await client.request(withQuery(await client.startUpload(repository), `digest=${said}`), {
      method: 'PUT',
      body: sent,
    })
    const patched = await client.request(await client.startUpload(repository), { method: 'PATCH', body: sent })
    const chunked = await client.request(withQuery(locationOf(patched), `digest=${said}`), { method: 'PUT' })
    for (const response of [once, twice, chunked]) {
      expect(await errorCodesOf(await expectStatus(response, 400))).toEqual(['DIGEST_INVALID'])
    }
    for (const digest of [said, sha256(sent)]) {
      await expectStatus(await client.request(`/v2/${repository}/blobs/${digest}`), 404)
    }
  })

  test('leaves what has that digest already as it was', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const bytes = randomBytes(5000)
    const blob = await client.pushBlob(repository, bytes)
    const place = withQuery(await client.startUpload(repository), `digest=${blob.digest}`)
    await expectStatus(await client.request(place, { method: 'PUT', body: randomBytes(5000) }), 400)
    const back = await expectStatus(await client.request(`/v2/${repository}/blobs/${blob.digest}`), 200)
    expect(Buffer.from(await back.bytes()).equals(bytes)).toBe(true)
  })

  test('is refused for a manifest too', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const mediaType = 'application/vnd.oci.image.index.v1+json'
    const body = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [] })
    const response = await client.pushManifest(repository, sha256('something else'), mediaType, body)
    expect(await errorCodesOf(await expectStatus(response, 400))).toEqual(['DIGEST_INVALID'])
    await expectStatus(await client.request(`/v2/${repository}/manifests/${sha256(body)}`), 404)
  })
})

import { expect, test } from 'bun:test'
import { describeScenario } from '../harness/scenario.ts'
import { errorCodesOf, expectStatus, V2Client } from '../harness/v2-client.ts'

const image = 'application/vnd.oci.image.manifest.v1+json'
const index = 'application/vnd.oci.image.index.v1+json'

describeScenario('a manifest', (registry) => {
  const setUp = async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const config = await client.pushBlob(repository, new TextEncoder().encode('{}'))
    const body = { schemaVersion: 2, mediaType: image, config, layers: [config] }
    return { client, repository, config, body }
  }

  // CVE-2021-41190
  test('that could be read as image and as index, or is not what its header says, is refused', async () => {
    const { client, repository, config, body } = await setUp()
    const refused: [string, object | string][] = [
      [image, { ...body, manifests: [] }],
      [index, { ...body, mediaType: index, manifests: [] }],
      [index, body],
      [image, { schemaVersion: 2, mediaType: index, manifests: [] }],
      [image, { ...body, Manifests: [] }],
      [image, JSON.stringify(body).replace('"size"', '"size":5,"size"')],
      [image, { ...body, config: { ...config, size: -1 } }],
      [image, { ...body, config: { ...config, digest: 'sha256:x' } }],
      [image, `${'['.repeat(100_000)}`],
      [image, `\ufeff${JSON.stringify(body)}`],
      [image, ''],
      [image, 'null'],
    ]
    for (const [type, manifest] of refused) {
      const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest)
      const response = await client.pushManifest(repository, 'v1', type, text)
      expect({ text: text.slice(0, 80), status: response.status }).toEqual({ text: text.slice(0, 80), status: 400 })
      expect(await errorCodesOf(response)).toEqual(['MANIFEST_INVALID'])
    }
    await expectStatus(await client.request(`/v2/${repository}/manifests/v1`), 404)
  })

  test('comes back byte for byte, white space and unknown fields too', async () => {
    const { client, repository, body } = await setUp()
    const text = `\n ${JSON.stringify({ 'x-unknown': { a: [1.5, 'é', '\u2028'] }, ...body }, null, 3)}\r\n\t`
    await expectStatus(await client.pushManifest(repository, 'v1', `${image}; charset=utf-8`, text), 201)
    const back = await expectStatus(await client.request(`/v2/${repository}/manifests/v1`), 200)
    expect(back.headers.get('content-type')).toBe(image)
    expect(await back.text()).toBe(text)
  })

  test('of Docker schema 1 is refused with a sentence about it', async () => {
    const { client, repository } = await setUp()
    const type = 'application/vnd.docker.distribution.manifest.v1+prettyjws'
    const schema1 = { schemaVersion: 1, name: repository, tag: 'v1', fsLayers: [], history: [], signatures: [] }
    const response = await client.pushManifest(repository, 'v1', type, JSON.stringify(schema1))
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('schema 1 is not accepted')
  })

  test('may have 4 MiB and not a byte more', async () => {
    const { client, repository, body } = await setUp()
    const limit = 4 * 1024 * 1024
    const sized = (size: number) => {
      const empty = JSON.stringify({ ...body, annotations: { a: '' } })
      return JSON.stringify({ ...body, annotations: { a: 'x'.repeat(size - empty.length) } })
    }
    await expectStatus(await client.pushManifest(repository, 'large', image, sized(limit)), 201)
    await expectStatus(await client.pushManifest(repository, 'larger', image, sized(limit + 1)), 413)
    const back = await expectStatus(await client.request(`/v2/${repository}/manifests/large`), 200)
    expect((await back.bytes()).length).toBe(limit)
  })
})

import { expect, test } from 'bun:test'
import { describeBytes } from '../harness/image.ts'
import { describeScenario } from '../harness/scenario.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const indexType = 'application/vnd.oci.image.index.v1+json'
const dockerType = 'application/vnd.docker.distribution.manifest.v2+json'
const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))

describeScenario('a descriptor', (registry) => {
  test('that contradicts what the repository holds is refused at the push, with both values', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const config = await client.pushBlob(repository, encode({}))
    const layer = await client.pushBlob(repository, encode(crypto.randomUUID()))
    const image = (changed: object = {}, ofConfig: object = {}) =>
      encode({
        schemaVersion: 2,
        mediaType: manifestType,
        config: { ...config, ...ofConfig },
        layers: [{ ...layer, ...changed }],
      })
    const push = async (type: string, bytes: Uint8Array) =>
      await client.pushManifest(repository, describeBytes(type, bytes).digest, type, bytes)
    await expectStatus(await push(manifestType, image()), 201)
    const child = describeBytes(manifestType, image())
    const index = (...changed: object[]) =>
      encode({ schemaVersion: 2, mediaType: indexType, manifests: changed.map((each) => ({ ...child, ...each })) })
    await expectStatus(await push(indexType, index({}, { platform: { os: 'linux', architecture: 'arm64' } })), 201)
    for (const [type, bytes, said, held] of [
      [manifestType, image({ size: 99_999 }), '99999', String(layer.size)],
      [manifestType, image({ size: 1 }), '1 bytes', String(layer.size)],
      [manifestType, image({}, { size: 3 }), '3 bytes', 'it has 2'],
      [indexType, index({ size: 99_999 }), '99999', String(child.size)],
      [indexType, index({}, { size: 7 }), '7 bytes', String(child.size)],
      [indexType, index({ mediaType: dockerType }), dockerType, manifestType],
      [indexType, index({ mediaType: indexType }), indexType, manifestType],
    ] as const) {
      const refused = await push(type, bytes)
      const { errors } = (await refused.json()) as { errors: { code: string; message: string }[] }
      expect([refused.status, errors[0]?.code]).toEqual([400, 'MANIFEST_INVALID'])
      expect(errors[0]?.message).toContain(said)
      expect(errors[0]?.message).toContain(held)
      const { digest } = describeBytes(type, bytes)
      await expectStatus(await client.request(`/v2/${repository}/manifests/${digest}`), 404)
    }
  })
})

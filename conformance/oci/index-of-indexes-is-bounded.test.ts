import { test } from 'bun:test'
import { describeBytes, type Descriptor } from '../harness/image.ts'
import { describeScenario } from '../harness/scenario.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'

const mediaType = 'application/vnd.oci.image.index.v1+json'

describeScenario('indexes of indexes', (registry) => {
  const push = async (client: V2Client, repository: string, manifests: Descriptor[]): Promise<Descriptor> => {
    const annotations = { id: crypto.randomUUID() }
    const bytes = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, mediaType, manifests, annotations }))
    const descriptor = describeBytes(mediaType, bytes)
    await expectStatus(await client.pushManifest(repository, descriptor.digest, mediaType, bytes), 201)
    return descriptor
  }

  test('may be two hundred deep, and are listed, read and deleted like any other', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    let top = await push(client, repository, [])
    for (let depth = 1; depth < 200; depth += 1) top = await push(client, repository, [top])
    await expectStatus(await client.request(`/v2/${repository}/manifests/${top.digest}`), 200)
    await expectStatus(await client.request(`/v2/${repository}/referrers/${top.digest}`), 200)
    await expectStatus(await client.request(`/v2/${repository}/manifests/${top.digest}`, { method: 'DELETE' }), 202)
  }, 60_000)

  test('may name a thousand others', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const child = await push(client, repository, [])
    const children = Array.from({ length: 1000 }, (_, at) => ({ ...child, annotations: { at: String(at) } }))
    const wide = await push(client, repository, children)
    await expectStatus(await client.request(`/v2/${repository}/manifests/${wide.digest}`), 200)
  })

  test('cannot contain themselves: what is not there yet is missing', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const itself = { mediaType, digest: `sha256:${'0'.repeat(64)}`, size: 100 }
    const body = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [itself] })
    await expectStatus(await client.pushManifest(repository, 'v1', mediaType, body), 404)
  })
})

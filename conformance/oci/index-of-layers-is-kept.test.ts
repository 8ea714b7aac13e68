import { expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { sha256 } from '../harness/image.ts'
import { describeScenario } from '../harness/scenario.ts'
import { errorCodesOf, expectStatus, V2Client } from '../harness/v2-client.ts'

const index = 'application/vnd.oci.image.index.v1+json'

// BuildKit exports its cache so (`--cache-to type=registry,image-manifest=false`, for years the only form): an index
// whose entries are layers and a config, not manifests.
describeScenario('an index whose entries are blobs', (registry) => {
  test('is accepted when they are there, refused when one is not', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository('cache')
    const layer = {
      ...(await client.pushBlob(repository, randomBytes(1000))),
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    }
    const config = {
      ...(await client.pushBlob(repository, new TextEncoder().encode('{"layers":[]}'))),
      mediaType: 'application/vnd.buildkit.cacheconfig.v0',
    }
    const body = { schemaVersion: 2, mediaType: index, manifests: [layer, config] }
    await expectStatus(await client.pushManifest(repository, 'cache', index, JSON.stringify(body)), 201)
    const missing = { ...layer, digest: sha256('missing') }
    const lacking = JSON.stringify({ ...body, manifests: [missing, config] })
    const refused = await expectStatus(await client.pushManifest(repository, 'lacking', index, lacking), 404)
    expect(await errorCodesOf(refused)).toEqual(['MANIFEST_BLOB_UNKNOWN'])
  })
})

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import {
  distributionMissing,
  fillRegistry,
  readRepositories,
  readTags,
  startDistribution,
  type Distribution,
  type Tagged,
} from '../harness/distribution.ts'
import { createUniqueImage } from '../harness/image.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { startRegistry, type RegistryUnderTest } from '../harness/registry.ts'
import { s3Credentials, s3ServerMissing, startS3Server, type S3Server } from '../harness/s3-server.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { V2Client } from '../harness/v2-client.ts'
import type { ImportReport } from './berth-process.ts'

setDefaultTimeout(180_000)

const nameHere = (name: string): string => (name.includes('/') ? name : `library/${name}`)
const missing = distributionMissing ?? s3ServerMissing

if (missing !== undefined) skipLoudly('a store in a bucket moves in', missing)
else {
  describe('a store that docker-registry wrote to a bucket', () => {
    const owned = new AsyncDisposableStack()
    let s3: S3Server
    let distribution: Distribution
    let repositories: string[]
    let tags: Tagged

    beforeAll(async () => {
      s3 = await startS3Server()
      owned.defer(() => s3.stop())
      const folder = owned.use(await createTemporaryFolder())
      await s3.createBucket('images')
      distribution = await startDistribution(folder.path, {
        s3: {
          ...{ accesskey: s3Credentials.accessKeyId, secretkey: s3Credentials.secretAccessKey },
          ...{ region: 'us-east-1', regionendpoint: s3.endpoint, bucket: 'images', rootdirectory: '/old' },
          ...{ forcepathstyle: true, secure: false },
        },
        redirect: { disable: true },
      })
      owned.use(distribution)
      await fillRegistry(distribution.client, 20, 4)
      repositories = await readRepositories(distribution.client)
      tags = await readTags(distribution.client, repositories)
    })
    afterAll(() => owned.disposeAsync())

    const start = async (bucket: string) =>
      await startRegistry({
        env: {
          BERTH_S3_BUCKET: bucket,
          BERTH_S3_PREFIX: 'new',
          BERTH_S3_ENDPOINT: s3.endpoint,
          BERTH_S3_ACCESS_KEY: s3Credentials.accessKeyId,
          BERTH_S3_SECRET_KEY: s3Credentials.secretAccessKey,
        },
      })

    const importInto = async (registry: RegistryUnderTest, ...flags: string[]): Promise<ImportReport> => {
      const args = ['import', 'registry', '--from', 's3://images/old', '--output', 'json', ...flags]
      return JSON.parse(await registry.control!.berth(args)) as ImportReport
    }

    async function expectEverything(registry: RegistryUnderTest): Promise<void> {
      const client = new V2Client(registry)
      expect(await readTags(client, repositories, nameHere)).toEqual(tags)
      for (const [repository, byTag] of [...tags].slice(0, 5)) {
        const name = nameHere(repository)
        for (const digest of byTag.values()) {
          const manifest = (await (await client.request(`/v2/${name}/manifests/${digest}`)).json()) as {
            layers?: { digest: string }[]
          }
          for (const layer of manifest.layers ?? []) {
            const bytes = await (await client.request(`/v2/${name}/blobs/${layer.digest}`)).arrayBuffer()
            const hash = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
            expect(`sha256:${hash}`).toBe(layer.digest)
          }
        }
      }
    }

    test('is served where it lies, never deleted there, and can be made our own afterwards', async () => {
      await using registry = await start('images')
      const report = await importInto(registry, '--in-place', '--verify', 'sizes')
      expect(report).toMatchObject({ complete: true, blobs: { copied: 0, notTaken: 0 } })
      expect(report.blobs.shared).toBeGreaterThan(20)
      await expectEverything(registry)
      // The same content pushed anew is ours, and theirs is let go without being touched.
      const image = createUniqueImage()
      await distribution.client.pushImage('team/web', image, 'pushed-to-both')
      tags.get('team/web')!.set('pushed-to-both', image.descriptor.digest)
      await importInto(registry, '--in-place')
      await new V2Client(registry).pushImage('team/web', image, 'pushed-to-both')
      const owned = await importInto(registry, '--copy')
      expect(owned.blobs.copied).toBeGreaterThan(20)
      await expectEverything(registry)
      expect(await readTags(distribution.client, repositories)).toMatchObject(tags)
    })

    test('is copied by the service itself into another bucket', async () => {
      await s3.createBucket('other')
      await using registry = await start('other')
      const report = await importInto(registry)
      expect(report).toMatchObject({ complete: true, blobs: { copied: 0, notTaken: 0 } })
      await expectEverything(registry)
    })

    test('moves into a folder', async () => {
      await using registry = await startRegistry({
        env: { AWS_ACCESS_KEY_ID: s3Credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: s3Credentials.secretAccessKey },
      })
      const report = await importInto(registry, '--from-endpoint', s3.endpoint)
      expect(report).toMatchObject({ complete: true, blobs: { shared: 0, notTaken: 0 } })
      await expectEverything(registry)
    })
  })
}

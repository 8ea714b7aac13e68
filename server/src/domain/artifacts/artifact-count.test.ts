import { expect, test } from 'bun:test'
import type { Digest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import type { Reference, TagName } from '#contract/reference.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, system, type RegistryForTest } from '#server-test/registry-for-test.ts'
import type { Database } from '../../database/database.ts'
import { systemClock } from '../clock.ts'
import { Totals } from '../lists/totals.ts'
import { pageArtifacts } from './artifact-list.ts'
import { untag } from './delete.ts'
import { pushManifest } from './push.ts'
import { getRepository, pageRepositories } from './repository-list.ts'
import { search } from './search.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const repository = 'library/app' as RepositoryName
const everything = { tags: true, accessories: true, labels: true }
const firstPage = { limit: 100, offset: 0 }
const services = (database: Database) => ({ database, totals: new Totals({ clock: systemClock }) })

const types = {
  index: 'application/vnd.oci.image.index.v1+json',
  image: 'application/vnd.oci.image.manifest.v1+json',
} as const

async function push(registry: RegistryForTest, mediaType: string, fields: object, tag: string): Promise<Digest> {
  const content = bytes(JSON.stringify({ schemaVersion: 2, mediaType, ...fields }))
  const reference: Reference = { kind: 'tag', tag: tag as TagName }
  const manifest = parseManifest(content, mediaType)
  const admission = await registry.admit(system, 'push', repository)
  return (await pushManifest(registry, admission, { reference, tags: [], manifest, bytes: content })).digest
}

const manifestSizeOf = async ({ database }: RegistryForTest, digest: Digest): Promise<number> =>
  (
    await database.read
      .selectFrom('artifact')
      .select('manifest_size')
      .where('digest', '=', digest)
      .executeTakeFirstOrThrow()
  ).manifest_size

async function pushIndex(registry: RegistryForTest, children: readonly Digest[]): Promise<Digest> {
  const manifests: object[] = []
  for (const digest of children)
    manifests.push({ mediaType: types.image, digest, size: await manifestSizeOf(registry, digest) })
  return await push(registry, types.index, { manifests }, 'index')
}

describeEachDatabase('artifacts of a repository', (open) => {
  test('are counted as they are listed: without children of an index and accessories', async () => {
    const registry = await composeRegistryForTest(await open())
    const { database } = registry
    const child = await registry.pushImage(repository, 'child', [bytes('config'), bytes('layer')])
    const index = await pushIndex(registry, [child])
    await registry.pushImage(repository, 'plain', [bytes('config'), bytes('other')])
    const config = { mediaType: types.image, digest: await registry.pushBlob(repository, bytes('{}')), size: 2 }
    const subject = { mediaType: types.index, digest: index, size: await manifestSizeOf(registry, index) }
    await push(registry, types.image, { config, layers: [], subject }, 'note')
    const takeTag = async (tag: string) =>
      await untag(registry, await registry.admit(system, 'untag', repository), tag as TagName)
    const numbers = async () => {
      const { rows } = await pageRepositories(services(database), { visibleTo: system }, firstPage)
      const { id, projectId, artifactCount } = rows[0]!
      const { total } = await pageArtifacts(services(database), { repositoryId: id }, firstPage, everything)
      const one = await getRepository(services(database), projectId, repository)
      const found = await search(services(database), system, 'app')
      return [total, artifactCount, one.artifactCount, found.repositories[0]!.artifactCount]
    }
    // With a name of its own a child stands beside its index.
    expect(await numbers()).toEqual([3, 3, 3, 3])
    await takeTag('child')
    expect(await numbers()).toEqual([2, 2, 2, 2])
    await takeTag('plain')
    expect(await numbers()).toEqual([2, 2, 2, 2])
  })

  test('have the size of their children, and are ordered by it', async () => {
    const registry = await composeRegistryForTest(await open())
    const small = await registry.pushImage(repository, 'one', [bytes('config'), bytes('a'.repeat(5_000))])
    const large = await registry.pushImage(repository, 'two', [bytes('config'), bytes('b'.repeat(7_000))])
    const index = await pushIndex(registry, [small, large])
    const { rows: repositories } = await pageRepositories(services(registry.database), { visibleTo: system }, firstPage)
    const list = async (listing: object) =>
      (
        await pageArtifacts(
          services(registry.database),
          { repositoryId: repositories[0]!.id },
          { ...firstPage, ...listing },
          everything,
        )
      ).rows
    const rows = await list({ sort: [{ key: 'size', descending: true }] })
    const sizeOf = (digest: Digest) => rows.find((row) => row.digest === digest)!.size
    expect(sizeOf(index)).toBe((await manifestSizeOf(registry, index)) + sizeOf(small) + sizeOf(large))
    expect(rows.map(({ digest }) => digest)).toEqual([index, large, small])
    const sized = { kind: 'range', key: 'size', from: '10000', to: undefined }
    expect((await list({ conditions: [sized] })).map(({ digest }) => digest)).toEqual([index])
  })
})

import { expect, test } from 'bun:test'
import type { KyselyPlugin } from 'kysely'
import type { RepositoryName } from '#contract/repository-name.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import {
  composeRegistryForTest,
  digestOf,
  leaseMs,
  readBlob,
  system,
  type RegistryForTest,
} from '#server-test/registry-for-test.ts'
import type { Database } from '../../database/database.ts'
import { systemClock } from '../clock.ts'
import { collectGarbage } from '../garbage-collection/collect.ts'
import { Totals } from '../lists/totals.ts'
import { pageAccessories } from './accessories.ts'
import { pageArtifacts } from './artifact-list.ts'
import { deleteRepository } from './delete.ts'
import { getRepository, pageRepositories } from './repository-list.ts'
import { Events } from '../events/events.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const repository = 'library/app' as RepositoryName
const everything = { tags: true, accessories: true, labels: true }
const firstPage = { limit: 100, offset: 0 }

/** The database, and how many queries went through it. */
function counted(database: Database): { database: Pick<Database, 'read'>; queries: () => number } {
  let queries = 0
  const plugin: KyselyPlugin = {
    transformQuery(args) {
      queries++
      return args.node
    },
    transformResult: async (args) => args.result,
  }
  return { database: { read: database.read.withPlugin(plugin) }, queries: () => queries }
}

const listing = (database: Pick<Database, 'read'>) => ({ database, totals: new Totals({ clock: systemClock }) })

async function repositoryIdOf({ database }: RegistryForTest): Promise<number> {
  return (await pageRepositories(listing(database), { visibleTo: system }, firstPage)).rows[0]!.id
}

describeEachDatabase('lists of artifacts', (open) => {
  test('a page takes the same number of queries however many artifacts are on it', async () => {
    const registry = await composeRegistryForTest(await open())
    const queriesFor = async () => {
      const { database, queries } = counted(registry.database)
      await pageArtifacts(listing(database), { repositoryId: await repositoryIdOf(registry) }, firstPage, everything)
      await pageRepositories(listing(database), { visibleTo: system }, firstPage)
      return queries()
    }
    await registry.pushImage(repository, 'v0', [bytes('config'), bytes('layer 0')])
    const forOne = await queriesFor()
    for (let index = 1; index <= 30; index++) {
      await registry.pushImage(repository, `v${index}`, [bytes('config'), bytes(`layer ${index}`)])
    }
    expect(await queriesFor()).toBe(forOne)
  })

  test('pages follow each other without a gap, the newest first, each artifact with its own tags', async () => {
    const registry = await composeRegistryForTest(await open())
    for (let index = 0; index < 5; index++) {
      registry.clock.advance(1_000)
      await registry.pushImage(repository, `v${index}`, [bytes('config'), bytes(`layer ${index}`)])
    }
    await registry.pushImage(repository, 'latest', [bytes('config'), bytes('layer 4')])
    const id = await repositoryIdOf(registry)
    const names: string[][] = []
    for (const offset of [0, 2, 4]) {
      const { rows, total } = await pageArtifacts(
        listing(registry.database),
        { repositoryId: id },
        { limit: 2, offset },
        everything,
      )
      expect(total).toBe(5)
      names.push(...rows.map(({ tags }) => tags.map(({ name }) => name).sort()))
    }
    expect(names).toEqual([['latest', 'v4'], ['v3'], ['v2'], ['v1'], ['v0']])
  })

  test('of what belongs to an artifact a list shows the newest hundred, and its own list has all of it', async () => {
    const registry = await composeRegistryForTest(await open())
    const subject = await registry.pushImage(repository, 'v1', [bytes('config'), bytes('layer')])
    const id = await repositoryIdOf(registry)
    const { database } = registry
    const referrers = Array.from({ length: 130 }, (_, index) => digestOf(bytes(`referrer ${index}`)))
    await database.write(async (tx) => {
      for (const digest of referrers) {
        await tx
          .insertInto('artifact')
          .values({
            repository_id: id,
            digest,
            subject_digest: subject,
            media_type: 'application/vnd.oci.image.manifest.v1+json',
            artifact_type: 'application/x-note',
            size: 1,
            manifest_size: 1,
            annotations: null,
            pushed_at: 1,
            pulled_at: null,
          })
          .execute()
      }
    })
    const { rows } = await pageArtifacts(listing(database), { repositoryId: id }, firstPage, everything)
    expect(rows.map(({ accessories }) => accessories.map(({ digest }) => digest))).toEqual([referrers.slice(30)])
    const paged: string[] = []
    for (const offset of [0, 50, 100, 150]) {
      const within = { repositoryId: id, digest: subject }
      const page = await pageAccessories(database.read, within, { limit: 50, offset })
      expect(page.total).toBe(130)
      paged.push(...page.rows.map(({ digest }) => digest))
    }
    expect(paged).toEqual(referrers)
  })

  test('a repository that was deleted is gone with its artifacts, and its bytes go by garbage collection', async () => {
    const registry = await composeRegistryForTest(await open())
    await registry.pushImage(repository, 'v1', [bytes('config'), bytes('layer')])
    await registry.pushImage('library/other', 'v1', [bytes('config'), bytes('shared')])
    const { projectId } = (await pageRepositories(listing(registry.database), { visibleTo: system }, firstPage))
      .rows[0]!
    await deleteRepository(registry, await registry.admit(system, 'delete-repository', repository))
    await expect(getRepository(listing(registry.database), projectId, repository)).rejects.toThrow('not found')
    for (let round = 0; round < 4; round++) {
      registry.clock.advance(leaseMs * 2)
      const { database, store: sweeper, clock } = registry
      await collectGarbage({
        database,
        sweeper,
        clock,
        events: new Events({ clock }),
        graceMs: 1,
        lingerMs: 1,
        leaseMs: 1,
        trashWindowMs: 0,
        batch: 100,
      })
    }
    const left = await registry.database.read.selectFrom('blob').select('digest').execute()
    expect(left.map(({ digest }) => digest).sort()).toEqual(
      [digestOf(bytes('config')), digestOf(bytes('shared'))].sort(),
    )
    expect(await readBlob(registry, 'library/other', digestOf(bytes('config')))).toEqual(bytes('config'))
  })

  test('a repository with an upload under way is deleted too, and the upload is left to expire', async () => {
    const registry = await composeRegistryForTest(await open())
    await registry.pushImage(repository, 'v1', [bytes('config'), bytes('layer')])
    await registry.uploads.createUpload(await registry.admit(system, 'push', repository))
    await deleteRepository(registry, await registry.admit(system, 'delete-repository', repository))
    expect((await pageRepositories(listing(registry.database), { visibleTo: system }, firstPage)).total).toBe(0)
    expect(await registry.uploads.expireUploads(10)).toBe(1)
  })
})

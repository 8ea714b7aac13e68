import { expect, test } from 'bun:test'
import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Database } from '#server/database/database.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, system } from '#server-test/registry-for-test.ts'
import { composeMemoryBlobStore } from '#server/storage/memory.ts'
import { collectGarbage } from '../garbage-collection/collect.ts'
import { deleteManifest } from './delete.ts'
import { Events } from '../events/events.ts'

const flood = process.env['BERTH_TEST_LONG'] === '1' ? 100_000 : 1_500
const repository = 'library/app' as RepositoryName
const bytes = (text: string) => new TextEncoder().encode(text)

describeEachDatabase('a flood of referrers', (open) => {
  test(
    'deleting their subject takes a bounded number of them at once, others get their turn, and the rest follows',
    async () => {
      const database = await open()
      const registry = await composeRegistryForTest(database, composeMemoryBlobStore(), { trashWindowMs: 0 })
      const subject = await registry.pushImage(repository, 'v1', [bytes('config'), bytes('layer')])
      await addReferrers(database, subject)
      const left = async () => {
        const { count } = await database.read
          .selectFrom('artifact')
          .select((eb) => eb.fn.countAll<number | string>().as('count'))
          .where('subject_digest', '=', subject)
          .executeTakeFirstOrThrow()
        return Number(count)
      }
      expect(await left()).toBe(flood)

      const statements: number[] = []
      const write = database.write.bind(database)
      const counted = {
        ...registry,
        database: new Proxy(database, {
          get: (target, name) =>
            name !== 'write'
              ? Reflect.get(target, name, target)
              : async (work: Parameters<typeof write>[0], durability?: 'relaxed') => {
                  const before = await left()
                  const result = await write(work, durability)
                  statements.push(before - (await left()))
                  return result
                },
        }),
      }
      await deleteManifest(counted, await registry.admit(system, 'delete', repository), subject)
      // One transaction takes few of them, one request not all of them.
      expect(Math.max(...statements)).toBeLessThanOrEqual(60)
      expect(await left()).toBeGreaterThanOrEqual(flood - 1_100)
      expect(await left()).toBeLessThan(flood)

      const pushing = registry.pushImage(repository, 'v2', [bytes('config'), bytes('other')])
      const { clock, store } = registry
      const windows = { graceMs: 0, lingerMs: 0, leaseMs: 0, trashWindowMs: 0 }
      const collected = collectGarbage({
        database,
        sweeper: store,
        clock,
        events: new Events({ clock }),
        ...windows,
        batch: 1_000,
      })
      await pushing
      const whilePushed = await left()
      await collected
      expect(await left()).toBe(0)
      expect(whilePushed).toBeGreaterThan(0)
    },
    flood * 20 + 60_000,
  )
})

/** As if they had been pushed; rows alone, which is what deleting looks at. */
async function addReferrers(database: Database, subject: Digest): Promise<void> {
  const { repository_id: repositoryId } = await database.read
    .selectFrom('artifact')
    .select('repository_id')
    .executeTakeFirstOrThrow()
  const text = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json' })
  for (let start = 0; start < flood; start += 500) {
    const numbers = Array.from({ length: Math.min(500, flood - start) }, (_, at) => start + at)
    await database.write(async (tx) => {
      const rows = await tx
        .insertInto('artifact')
        .values(
          numbers.map((number) => ({
            repository_id: repositoryId,
            digest: `sha256:${number.toString(16).padStart(64, '0')}`,
            media_type: 'application/vnd.oci.image.manifest.v1+json',
            artifact_type: 'application/example',
            manifest_size: text.length,
            size: text.length,
            subject_digest: subject,
            annotations: null,
            pushed_at: 0,
            pulled_at: null,
          })),
        )
        .returning('id')
        .execute()
      await tx
        .insertInto('artifact_payload')
        .values(rows.map(({ id }) => ({ artifact_id: id, bytes: bytes(text) })))
        .execute()
    })
  }
}

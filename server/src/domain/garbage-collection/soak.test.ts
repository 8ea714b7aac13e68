import { expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import type { RepositoryName } from '#contract/repository-name.ts'
import { composeFilesystemBlobStore } from '#server/storage/filesystem.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { contents, ModelledClient } from '#server-test/garbage-model.ts'
import { composeRegistryForTest, digestOf, readBlob, system } from '#server-test/registry-for-test.ts'
import { Blobs } from '../content/blobs.ts'
import { Uploads } from '../content/uploads.ts'
import { usageOf } from '../quotas/project-usage.ts'
import { collectGarbage, type CollectorOptions } from './collect.ts'
import { Events } from '../events/events.ts'

const isLong = process.env['BERTH_TEST_LONG'] === '1'
const soakMs = isLong ? 300_000 : 12_000
const clients = isLong ? 8 : 4
/** So short that blobs are let go of all the time, and longer than most pushes. */
const leaseMs = 1_000
const trashWindowMs = 1_500

/** Goes on by itself, and can be set forward. */
class RunningClock {
  #ahead = 0
  now = (): number => Date.now() + this.#ahead
  advance(ms: number): void {
    this.#ahead += ms
  }
}

describeEachDatabase('a soak of everything at once', (open) => {
  test(
    'while clients push, push again, mount, retag, delete and restore, and garbage is collected without grace, what was acknowledged is there; afterwards nothing else is',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'berth-soak-'))
      await using cleanup = new AsyncDisposableStack()
      cleanup.defer(() => rm(folder, { recursive: true, force: true }))
      const store = cleanup.use(await composeFilesystemBlobStore({ folder }))
      const database = await open({ maxConnections: 16, acquireTimeoutMs: 30_000 })
      const clock = new RunningClock()
      const composed = await composeRegistryForTest(database, store, { trashWindowMs })
      const limits = { expireAfterMs: 600_000, maxPerActor: 0, maxBytes: 0 }
      const { id: projectId } = await database.read.selectFrom('project').select('id').executeTakeFirstOrThrow()
      const uploads = new Uploads({
        database,
        store,
        clock,
        events: new Events({ clock }),
        newId: randomUUID,
        leaseMs,
        ...limits,
      })
      const blobs = new Blobs({ database, reader: store, clock, leaseMs })
      const pushBlob = async (repository: string, bytes: Uint8Array) => {
        const admission = await composed.admit(system, 'push', repository as RepositoryName)
        async function* once() {
          yield Uint8Array.from(bytes)
        }
        await uploads.uploadAtOnce(admission, digestOf(bytes), once())
        return digestOf(bytes)
      }
      const registry = { ...composed, clock: clock as never, uploads, blobs, pushBlob, projectId, leaseMs }
      const model = Array.from(
        { length: clients },
        (_, at) => new ModelledClient(registry, `library/soak-${at}` as RepositoryName),
      )
      const collector: CollectorOptions = {
        database,
        sweeper: store,
        clock,
        events: new Events({ clock }),
        graceMs: 0,
        lingerMs: 500,
        trashWindowMs,
        leaseMs,
        batch: 200,
        workers: 2,
      }

      const until = Date.now() + soakMs
      let rounds = 0
      const collecting = Array.from({ length: 2 }, async (_, at) => {
        while (Date.now() < until) {
          await collectGarbage({ ...collector, deleteUntagged: at === 0 })
          rounds++
          await Bun.sleep(20)
        }
      })
      const working = model.map(async (client) => {
        while (Date.now() < until && client.violations.length === 0) await client.step(model)
      })
      await Promise.all([...collecting, ...working])
      const violations = () => model.flatMap((client) => client.violations)
      expect(violations()).toEqual([])

      for (let round = 0; round < 6; round++) {
        clock.advance(20 * 60_000)
        await collectGarbage({ ...collector, deleteUntagged: true })
      }
      for (const client of model) {
        await client.checkTags()
        for (const known of client.living()) await client.check(known)
      }
      expect(violations()).toEqual([])

      const living = model.flatMap((client) =>
        client.living().flatMap((known) => [known, ...known.children].map((each) => ({ client, each }))),
      )
      const artifacts = new Set(living.map(({ client, each }) => `${client.repository}@${each.digest}`))
      const rows = await database.read
        .selectFrom('artifact')
        .innerJoin('repository', 'repository.id', 'artifact.repository_id')
        .select(['repository.name', 'artifact.digest'])
        .execute()
      expect(rows.map(({ name, digest }) => `${name}@${digest}`).toSorted()).toEqual([...artifacts].toSorted())
      const needed = new Set(living.flatMap(({ each }) => each.blobs.map((blob) => digestOf(blob))))
      const stored = await database.read.selectFrom('blob').select(['digest', 'location', 'state']).execute()
      expect(stored.map(({ digest }) => digest).toSorted()).toEqual([...needed].toSorted())
      expect(stored.filter(({ state }) => state !== 'live')).toEqual([])
      const onDisk = (await Array.fromAsync(store.walk())).map(({ location }) => String(location))
      expect(onDisk.toSorted()).toEqual(stored.map(({ location }) => location).toSorted())
      for (const table of [
        'blob_trash',
        'link_review',
        'trash_entry',
        'trash_blob',
        'artifact_review',
        'subject_review',
      ]) {
        expect([
          table,
          await database.read
            .selectFrom(table as 'blob_trash')
            .selectAll()
            .execute(),
        ]).toEqual([table, []])
      }
      const sizes = new Map<string, number>()
      for (const { each } of living) {
        sizes.set(each.digest, each.bytes.byteLength)
        for (const blob of each.blobs) sizes.set(digestOf(blob), blob.byteLength)
      }
      expect(await usageOf(database.read, projectId)).toBe([...sizes.values()].reduce((sum, size) => sum + size, 0))
      for (const content of contents) {
        if (needed.has(digestOf(content))) continue
        for (const client of model)
          expect(await readBlob(registry, client.repository, digestOf(content))).toBeUndefined()
      }
      const done = model.reduce((sum, client) => sum + [...client.done.values()].reduce((a, b) => a + b, 0), 0)
      console.error(`soak: ${done} actions of ${clients} clients, ${rounds} rounds of collection`)
      expect(done).toBeGreaterThan(50)
    },
    soakMs + 180_000,
  )
})

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPostgresDatabase, postgresMissing } from '../../../conformance/harness/postgres-database.ts'
import { skipLoudly } from '../../../conformance/harness/real-client.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Database } from '#server/database/database.ts'
import { migrate } from '#server/database/migrate.ts'
import { composePostgresDatabase } from '#server/database/postgres.ts'
import { composeSqliteDatabase } from '#server/database/sqlite.ts'
import { deleteManifest, deleteManifestWithin } from '#server/domain/artifacts/delete.ts'
import { parseManifest, type Descriptor } from '#contract/manifest.ts'
import { pushManifest } from '#server/domain/artifacts/push.ts'
import { composeFilesystemBlobStore } from '#server/storage/filesystem.ts'
import type { CollectorProcess } from '#server-test/collector-process.ts'
import {
  composeRegistryForTest,
  digestOf,
  leaseMs,
  readBlob,
  system,
  type RegistryForTest,
} from '#server-test/registry-for-test.ts'

const steps = [
  'job-after-take',
  'job-running',
  'gc-expire-before-commit',
  'gc-follow-before-commit',
  'gc-unlink-before-commit',
  'gc-remove-before-commit',
  'gc-sweep-before-delete',
  'doomed-after-delete',
  'job-before-result',
  'job-after-result',
]

const trashWindowMs = 60_000
const windows = { leaseMs, lingerMs: 0, trashWindowMs }
const repository = 'library/app' as RepositoryName
const bytes = (text: string) => new TextEncoder().encode(text)

for (const dialect of ['sqlite', 'postgres'] as const) {
  const title = `a run of garbage collection that is killed (${dialect})`
  if (dialect === 'postgres' && postgresMissing !== undefined) {
    skipLoudly(title, postgresMissing)
    continue
  }
  describe(title, () => {
    const owned = new AsyncDisposableStack()
    let place: string
    let database: Database
    let storeFolder: string

    beforeAll(async () => {
      const folder = await mkdtemp(join(tmpdir(), 'berth-killed-'))
      owned.defer(() => rm(folder, { recursive: true, force: true }))
      storeFolder = join(folder, 'blobs')
      place = dialect === 'sqlite' ? join(folder, 'berth.db') : owned.use(await createPostgresDatabase()).url
      database = owned.use(
        dialect === 'sqlite'
          ? composeSqliteDatabase({ file: place })
          : composePostgresDatabase({ url: place, maxConnections: 4, acquireTimeoutMs: 10_000 }),
      )
      await migrate(database)
    }, 60_000)
    afterAll(() => owned.disposeAsync())

    const run = async (now: number, faultPoint?: string, within = windows) => {
      const told: CollectorProcess = { database: place, store: storeFolder, now, faultPoint, windows: within }
      const program = join(import.meta.dir, '../../test/collector-process.ts')
      const child = Bun.spawn([process.execPath, program, JSON.stringify(told)], { stdout: 'pipe', stderr: 'inherit' })
      const said = await new Response(child.stdout).text()
      await child.exited
      return { said: said.trim(), signal: child.signalCode }
    }

    test(
      'at any step keeps what is needed, and the next run takes what is not, rows and bytes',
      async () => {
        const store = owned.use(await composeFilesystemBlobStore({ folder: storeFolder }))
        const registry = await composeRegistryForTest(database, store, { trashWindowMs })
        const { clock, admit } = registry
        const kept = [bytes('config'), bytes('kept'), bytes('shared')]
        await registry.pushImage(repository, 'kept', kept)
        for (const [round, step] of steps.entries()) {
          // Something for every step: time over in the trash, a child to follow its index, a manifest without a tag.
          const deletion = await admit(system, 'delete', repository)
          const image = [bytes(`config ${round}`), bytes(`gone ${round}`), bytes('shared')]
          await deleteManifest(registry, deletion, await registry.pushImage(repository, `gone-${round}`, image))
          clock.advance(trashWindowMs)
          await pushManifestOf(registry, imageType, await configOf(registry, `untagged ${round}`))
          const child = await pushManifestOf(registry, imageType, await configOf(registry, `child ${round}`))
          const index = await pushManifestOf(registry, indexType, { manifests: [child] })
          await database.write((tx) => deleteManifestWithin(registry, tx, deletion, index.digest))
          clock.advance(leaseMs + 1)

          expect(await run(clock.now(), step)).toMatchObject({ signal: 'SIGKILL' })
          for (const content of kept) expect(await readBlob(registry, repository, digestOf(content))).toEqual(content)
          clock.advance(trashWindowMs + leaseMs + 3_600_000)
          // With nothing kept in the trash, so that one run is enough.
          expect((await run(clock.now(), undefined, { ...windows, trashWindowMs: 0 })).said).toBe('succeeded')
          for (const content of kept) expect(await readBlob(registry, repository, digestOf(content))).toEqual(content)
          const rows = await database.read.selectFrom('blob').select('digest').execute()
          expect([step, rows.map((row) => row.digest).toSorted()]).toEqual([
            step,
            kept.map((content) => String(digestOf(content))).toSorted(),
          ])
          expect((await Array.fromAsync(store.walk())).length).toBe(kept.length)
          for (const table of [
            'blob_trash',
            'trash_entry',
            'artifact_review',
            'subject_review',
            'link_review',
          ] as const)
            expect([table, await database.read.selectFrom(table).selectAll().execute()]).toEqual([table, []])
        }
      },
      steps.length * 30_000,
    )
  })
}

const imageType = 'application/vnd.oci.image.manifest.v1+json'
const indexType = 'application/vnd.oci.image.index.v1+json'

async function configOf(registry: RegistryForTest, text: string): Promise<object> {
  const digest = await registry.pushBlob(repository, bytes(text))
  return { config: { mediaType: 'application/octet-stream', digest, size: bytes(text).byteLength }, layers: [] }
}

/** By its digest alone. */
async function pushManifestOf(registry: RegistryForTest, mediaType: string, content: object): Promise<Descriptor> {
  const body = bytes(JSON.stringify({ schemaVersion: 2, mediaType, ...content }))
  const digest = digestOf(body)
  const admission = await registry.admit(system, 'push', repository)
  const manifest = parseManifest(body, mediaType)
  await pushManifest(registry, admission, { reference: { kind: 'digest', digest }, tags: [], manifest, bytes: body })
  return { mediaType, digest, size: body.byteLength }
}

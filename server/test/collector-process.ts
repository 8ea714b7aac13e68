// Does one run of garbage collection as a job, with the clock and the fault point it is told. Killed in the middle, mostly.
import { hostname } from 'node:os'
import { composePostgresDatabase } from '#server/database/postgres.ts'
import { composeSqliteDatabase } from '#server/database/sqlite.ts'
import { enqueueJob } from '#server/domain/jobs/enqueue.ts'
import { composeCollectGarbage } from '#server/jobs/collect-garbage.ts'
import { jobKind } from '#server/jobs/job-kind.ts'
import { JobWorker } from '#server/jobs/worker.ts'
import { enableFaultPoint } from '#server/runtime/fault-points.ts'
import { composeFilesystemBlobStore } from '#server/storage/filesystem.ts'
import { Events } from '#server/domain/events/events.ts'

export interface CollectorProcess {
  /** A file of SQLite, or the URL of PostgreSQL. */
  readonly database: string
  readonly store: string
  /** Milliseconds since the epoch, where its clock begins. */
  readonly now: number
  readonly faultPoint: string | undefined
  readonly windows: { readonly leaseMs: number; readonly lingerMs: number; readonly trashWindowMs: number }
}

const told = JSON.parse(process.argv[2] ?? '') as CollectorProcess
const ahead = told.now - Date.now()
const clock = { now: () => Date.now() + ahead }
const database = told.database.includes('://')
  ? composePostgresDatabase({ url: told.database, maxConnections: 8, acquireTimeoutMs: 10_000 })
  : composeSqliteDatabase({ file: told.database })
const sweeper = await composeFilesystemBlobStore({ folder: told.store })
const actor = { kind: 'system', name: 'test' } as const
const { promise: ended, resolve: end } = Promise.withResolvers<string>()
const kind = composeCollectGarbage(
  { database, sweeper, clock, events: new Events({ clock }), graceMs: 0, batch: 2, ...told.windows },
  { readOnly: false, deleteEnabled: true },
)
const worker = new JobWorker({
  database,
  clock,
  kinds: [jobKind({ ...kind, retryDelayMs: () => 0 })],
  process: { id: `${process.pid}`, host: hostname(), pid: process.pid },
  concurrency: 1,
  keepMs: 60_000,
  pollMs: 50,
  onError: (doing, error) => process.stderr.write(`${doing}: ${String(error)}\n`),
  onEnded: ({ outcome }) => end(outcome),
})
if (told.faultPoint !== undefined) enableFaultPoint(told.faultPoint)
await database.write(async (tx) => {
  const payload = { deleteUntagged: true, dryRun: false, workers: 2 }
  await enqueueJob(tx, clock, { kind: kind.name, payload, uniqueKey: kind.name, trigger: 'manual', actor })
})
await worker.start()
process.stdout.write(`${await ended}\n`)
await worker[Symbol.asyncDispose]()
await database[Symbol.asyncDispose]()

import { sql } from 'kysely'
import type { Database } from '../../database/database.ts'
import { findLastBackup, type BackupRun } from '../backup/backup-runs.ts'
import type { JobStatus } from '../jobs/job.ts'
import { signatureMethods, type SignatureMethod } from '../signatures/verdicts.ts'

/** What the registry holds and what waits in it, at one moment. Counts cost a walk of an index each. */
export interface RegistryMeasures {
  readonly at: number
  readonly projects: { readonly public: number; readonly private: number }
  readonly repositories: { readonly public: number; readonly private: number }
  readonly artifacts: number
  readonly tags: number
  readonly users: number
  readonly robots: number
  readonly blobs: number
  readonly blobBytes: number
  /** Bytes that wait to be deleted, and bytes whose row waits for its end. */
  readonly doomedBytes: number
  readonly condemnedBytes: number
  readonly uploads: { readonly open: number; readonly expired: number; readonly bytes: number }
  readonly damagedBlobs: number
  readonly scrub: { readonly startedAt: number; readonly finishedAt: number | null; readonly blobs: number } | undefined
  readonly jobs: readonly JobsOfKind[]
  /** Moments at which kinds of jobs last ended well or badly, and how long the last took. */
  readonly lastRuns: readonly LastRun[]
  readonly schedules: { readonly total: number; readonly overdue: number; readonly latestMs: number }
  readonly lastBackup: BackupRun | undefined
  /** The vulnerability data in use. `publishedAt` is undefined when the data does not say. */
  readonly vulnerabilityData:
    | {
        readonly publishedAt: number | undefined
        readonly importedAt: number
        /** When a registry was last asked for newer data, and answered. */
        readonly pulledAt: number | undefined
      }
    | undefined
  /** Quotas by the share that is used. */
  readonly quotas: { readonly limited: number; readonly nearlyFull: number; readonly full: number }
  /** What is held back since its push. */
  readonly quarantine: { readonly held: number; readonly oldestAt: number | undefined }
  readonly signatures: {
    readonly signers: number
    readonly verdicts: readonly { readonly method: SignatureMethod; readonly state: string; readonly count: number }[]
  }
}

export interface JobsOfKind {
  readonly kind: string
  readonly status: JobStatus
  readonly count: number
  /** Since when the oldest of them waits or runs. */
  readonly oldestAt: number
}

export interface LastRun {
  readonly kind: string
  readonly status: 'succeeded' | 'failed'
  readonly finishedAt: number
  readonly durationMs: number
}

const nearlyFull = 0.85
/** A schedule is looked at every second: one that is so late is not looked at. */
const overdueMs = 5 * 60_000

/** Reads everything that the metrics tell of a registry. One query after the other: pulls need the connections. */
export async function measureRegistry({ read }: Pick<Database, 'read'>, now: number): Promise<RegistryMeasures> {
  return {
    at: now,
    ...(await measureContents({ read })),
    ...(await measureLeftovers({ read }, now)),
    ...(await measureWork({ read }, now)),
    lastBackup: await findLastBackup(read),
    vulnerabilityData: await measureVulnerabilityData({ read }),
    quotas: await measureQuotas({ read }),
    signatures: await measureSignatures({ read }),
    quarantine: await measureQuarantine({ read }),
  }
}

type Reading = Pick<Database, 'read'>

async function measureQuarantine({ read }: Reading): Promise<RegistryMeasures['quarantine']> {
  const { held, oldest } = await read
    .selectFrom('quarantine_entry')
    .select((eb) => [
      eb.fn.countAll<number | string>().as('held'),
      eb.fn.min<number | string | null>('entered_at').as('oldest'),
    ])
    .where('released_at', 'is', null)
    .executeTakeFirstOrThrow()
  return { held: Number(held), oldestAt: oldest === null ? undefined : Number(oldest) }
}

async function measureSignatures({ read }: Reading): Promise<RegistryMeasures['signatures']> {
  const verdicts = await read
    .selectFrom('signature_verdict')
    .select((eb) => ['cosign_state', 'notation_state', eb.fn.countAll<number | string>().as('count')])
    .groupBy(['cosign_state', 'notation_state'])
    .execute()
  return {
    signers: await countOf({ read }, 'trusted_signer'),
    verdicts: verdicts.flatMap((row) =>
      signatureMethods.map((method) => ({ method, state: row[`${method}_state`], count: Number(row.count) })),
    ),
  }
}

async function countOf(
  { read }: Reading,
  table: 'artifact' | 'tag' | 'user_account' | 'robot' | 'trusted_signer',
): Promise<number> {
  const { count } = await read
    .selectFrom(table)
    .select((eb) => eb.fn.countAll<number | string>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

async function measureContents({ read }: Reading) {
  const projects = await read
    .selectFrom('project')
    .select((eb) => ['public', eb.fn.countAll<number | string>().as('count')])
    .groupBy('public')
    .execute()
  const repositories = await read
    .selectFrom('repository')
    .innerJoin('project', 'project.id', 'repository.project_id')
    .select((eb) => ['project.public', eb.fn.countAll<number | string>().as('count')])
    .groupBy('project.public')
    .execute()
  return {
    projects: byPublic(projects),
    repositories: byPublic(repositories),
    artifacts: await countOf({ read }, 'artifact'),
    tags: await countOf({ read }, 'tag'),
    users: await countOf({ read }, 'user_account'),
    robots: await countOf({ read }, 'robot'),
  }
}

async function measureVulnerabilityData({ read }: Reading): Promise<RegistryMeasures['vulnerabilityData']> {
  const row = await read
    .selectFrom('advisory_generation')
    .select(['data_time', 'imported_at'])
    .where('state', '=', 'in-use')
    .executeTakeFirst()
  if (row === undefined) return undefined
  const pull = await read
    .selectFrom('advisory_pull')
    .select((eb) => eb.fn.max<number | string | null>('pulled_at').as('at'))
    .executeTakeFirst()
  const pulledAt = pull?.at === null || pull?.at === undefined ? undefined : Number(pull.at)
  return { publishedAt: row.data_time ?? undefined, importedAt: row.imported_at, pulledAt }
}

function byPublic(rows: readonly { readonly public: unknown; readonly count: number | string }[]) {
  const sumOf = (wanted: boolean) =>
    rows.filter((row) => Boolean(row.public) === wanted).reduce((sum, { count }) => sum + Number(count), 0)
  return { public: sumOf(true), private: sumOf(false) }
}

async function measureLeftovers({ read }: Reading, now: number) {
  const blobs = await read
    .selectFrom('blob')
    .select((eb) => [
      'state',
      eb.fn.countAll<number | string>().as('count'),
      eb.fn.sum<number | string | null>('size').as('bytes'),
    ])
    .groupBy('state')
    .execute()
  const doomed = await read
    .selectFrom('blob_trash')
    .select((eb) => eb.fn.sum<number | string | null>('size').as('bytes'))
    .executeTakeFirst()
  const uploads = await read
    .selectFrom('upload')
    .select((eb) => [
      eb.fn.countAll<number | string>().as('open'),
      eb.fn.sum<number | string | null>('offset').as('bytes'),
      eb.fn.sum<number | string | null>(sql<number>`case when expires_at <= ${now} then 1 else 0 end`).as('expired'),
    ])
    .executeTakeFirst()
  const damaged = await read
    .selectFrom('blob_damage')
    .select((eb) => eb.fn.countAll<number | string>().as('count'))
    .where('healed_at', 'is', null)
    .executeTakeFirst()
  const scrub = await read.selectFrom('scrub_progress').selectAll().executeTakeFirst()
  return {
    blobs: blobs.reduce((sum, { count }) => sum + Number(count), 0),
    blobBytes: blobs.reduce((sum, { bytes }) => sum + Number(bytes ?? 0), 0),
    condemnedBytes: Number(blobs.find(({ state }) => state === 'condemned')?.bytes ?? 0),
    doomedBytes: Number(doomed?.bytes ?? 0),
    uploads: {
      open: Number(uploads?.open ?? 0),
      expired: Number(uploads?.expired ?? 0),
      bytes: Number(uploads?.bytes ?? 0),
    },
    damagedBlobs: Number(damaged?.count ?? 0),
    scrub:
      scrub === undefined
        ? undefined
        : { startedAt: scrub.started_at, finishedAt: scrub.finished_at, blobs: scrub.blobs },
  }
}

async function measureWork({ read }: Reading, now: number) {
  const jobs = await read
    .selectFrom('job')
    .select((eb) => [
      'kind',
      'status',
      eb.fn.countAll<number | string>().as('count'),
      eb.fn.min<number | string>('run_at').as('oldest'),
    ])
    .where('status', 'in', ['delayed', 'pending', 'running'])
    .groupBy(['kind', 'status'])
    .execute()
  const schedules = await read
    .selectFrom('job_schedule')
    .select((eb) => [
      eb.fn.countAll<number | string>().as('count'),
      eb.fn.min<number | string>('next_run_at').as('next'),
    ])
    .executeTakeFirst()
  const overdue = await read
    .selectFrom('job_schedule')
    .select((eb) => eb.fn.countAll<number | string>().as('count'))
    .where('next_run_at', '<', now - overdueMs)
    .executeTakeFirst()
  const next = schedules?.next ?? now
  return {
    jobs: jobs.map(({ kind, status, count, oldest }) => ({
      ...{ kind, status, count: Number(count), oldestAt: Number(oldest) },
    })),
    lastRuns: await findLastRuns({ read }),
    schedules: {
      total: Number(schedules?.count ?? 0),
      overdue: Number(overdue?.count ?? 0),
      latestMs: Math.max(0, now - Number(next)),
    },
  }
}

/** The last successful and the last failed job of each kind. Finished jobs are forgotten after `jobs.keep`. */
async function findLastRuns({ read }: Reading): Promise<LastRun[]> {
  const ids = read
    .selectFrom('job')
    .select((eb) => eb.fn.max('id').as('id'))
    .where('status', 'in', ['succeeded', 'failed'])
    .groupBy(['kind', 'status'])
  const rows = await read
    .selectFrom('job')
    .select(['kind', 'status', 'started_at', 'finished_at'])
    .where('id', 'in', ids)
    .execute()
  return rows.map(({ kind, status, started_at: startedAt, finished_at: finishedAt }) => ({
    kind,
    status: status as LastRun['status'],
    finishedAt: Number(finishedAt ?? 0),
    durationMs: Number(finishedAt ?? 0) - Number(startedAt ?? finishedAt ?? 0),
  }))
}

async function measureQuotas({ read }: Reading): Promise<RegistryMeasures['quotas']> {
  const used = read
    .selectFrom('quota')
    .leftJoin('project_usage', 'project_usage.project_id', 'quota.project_id')
    .select((eb) => ['quota.hard_bytes', eb.fn.sum<number | string | null>('project_usage.bytes').as('used')])
    .where('quota.hard_bytes', '>', 0)
    .groupBy(['quota.project_id', 'quota.hard_bytes'])
    .as('used')
  const share = (limit: number) =>
    sql<
      number | string | null
    >`sum(case when coalesce(used.used, 0) >= used.hard_bytes * ${sql.lit(limit)} then 1 else 0 end)`
  const row = await read
    .selectFrom(used)
    .select((eb) => [
      eb.fn.countAll<number | string>().as('limited'),
      share(nearlyFull).as('nearly'),
      share(1).as('full'),
    ])
    .executeTakeFirst()
  return { limited: Number(row?.limited ?? 0), nearlyFull: Number(row?.nearly ?? 0), full: Number(row?.full ?? 0) }
}

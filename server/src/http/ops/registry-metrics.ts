import type { RegistryMeasures } from '../../domain/measures/measure-registry.ts'
import { signatureMethods } from '../../domain/signatures/verdicts.ts'
import { fact } from './families.ts'
import type { MetricFamily } from './metric-families.ts'

const seconds = (ms: number): number => ms / 1000

/** What the registry holds and what waits in it, as metrics. */
export function registryFamilies(measures: RegistryMeasures): MetricFamily[] {
  return [
    ...contents(measures),
    ...leftovers(measures),
    ...work(measures),
    ...backups(measures),
    ...vulnerabilityData(measures),
    ...signatures(measures),
    ...quarantine(measures),
  ]
}

function contents(found: RegistryMeasures): MetricFamily[] {
  return [
    fact('berth_measured_timestamp_seconds', 'When the facts below were read.', [{}, seconds(found.at)]),
    fact(
      'berth_projects',
      'Projects.',
      [{ public: 'true' }, found.projects.public],
      [{ public: 'false' }, found.projects.private],
    ),
    fact(
      'berth_repositories',
      'Repositories.',
      [{ public: 'true' }, found.repositories.public],
      [{ public: 'false' }, found.repositories.private],
    ),
    fact('berth_artifacts', 'Manifests and indexes.', [{}, found.artifacts]),
    fact('berth_tags', 'Tags.', [{}, found.tags]),
    fact('berth_users', 'Accounts of people.', [{}, found.users]),
    fact('berth_robots', 'Robots.', [{}, found.robots]),
    fact('berth_blobs', 'Blobs, each once.', [{}, found.blobs]),
    fact('berth_blob_bytes', 'Bytes of blobs, each once.', [{}, found.blobBytes]),
    fact(
      'berth_quota_projects',
      'Projects with a quota, and those that have used 85 % or all of it.',
      [{ state: 'limited' }, found.quotas.limited],
      [{ state: 'nearly-full' }, found.quotas.nearlyFull],
      [{ state: 'full' }, found.quotas.full],
    ),
  ]
}

function quarantine({ at, quarantine: { held, oldestAt } }: RegistryMeasures): MetricFamily[] {
  return [
    fact('berth_quarantined_artifacts', 'Artifacts that are held since their push.', [{}, held]),
    fact('berth_quarantine_oldest_seconds', 'For how long the first of them is held; 0: none is.', [
      {},
      oldestAt === undefined ? 0 : seconds(at - oldestAt),
    ]),
  ]
}

const signedStates = ['verified', 'unnamed', 'untrusted', 'refused'] as const

/** Every state has its line, so that an alert on one that is rare has something to compare with. */
function signatures({ signatures: { signers, verdicts } }: RegistryMeasures): MetricFamily[] {
  const countOf = (method: string, state: string) =>
    verdicts.filter((each) => each.method === method && each.state === state).reduce((sum, { count }) => sum + count, 0)
  return [
    fact('berth_trusted_signers', 'Signers whose signatures count, of the registry and of projects.', [{}, signers]),
    fact(
      'berth_signed_artifacts',
      'Artifacts with signatures, by what the best of them is worth.',
      ...signatureMethods.flatMap((method) =>
        signedStates.map((state) => [{ method, state }, countOf(method, state)] as [Record<string, string>, number]),
      ),
    ),
  ]
}

function leftovers(found: RegistryMeasures): MetricFamily[] {
  const { uploads, scrub } = found
  return [
    fact('berth_upload_sessions', 'Uploads under way.', [{}, uploads.open]),
    fact('berth_upload_sessions_expired', 'Uploads that have expired and wait to be cleared.', [{}, uploads.expired]),
    fact('berth_upload_staged_bytes', 'Bytes of uploads that are not finished.', [{}, uploads.bytes]),
    fact(
      'berth_gc_pending_bytes',
      'Bytes that wait for garbage collection.',
      [{ state: 'condemned' }, found.condemnedBytes],
      [{ state: 'doomed' }, found.doomedBytes],
    ),
    fact('berth_blobs_damaged', 'Blobs whose bytes are damaged or missing, and not healed.', [{}, found.damagedBlobs]),
    fact(
      'berth_scrub_last_finished_timestamp_seconds',
      'When all bytes were last read again; 0: never, or a pass is under way.',
      [{}, seconds(scrub?.finishedAt ?? 0)],
    ),
    fact('berth_scrub_blobs_checked', 'Blobs that the last or present pass has read.', [{}, scrub?.blobs ?? 0]),
  ]
}

/** Scans by their result are among the jobs, of the kind `scan-artifact`. */
function vulnerabilityData({ vulnerabilityData: data }: RegistryMeasures): MetricFamily[] {
  return [
    fact(
      'berth_vulnerability_data_published_timestamp_seconds',
      'When the vulnerability data in use was published, its oldest source; 0: there is none, or it does not say.',
      [{}, seconds(data?.publishedAt ?? 0)],
    ),
    fact('berth_vulnerability_data_imported_timestamp_seconds', 'When it was imported; 0: there is none.', [
      {},
      seconds(data?.importedAt ?? 0),
    ]),
    fact(
      'berth_vulnerability_data_pulled_timestamp_seconds',
      'When a registry was last found to have no newer data, or its newer data was imported; 0: never.',
      [{}, seconds(data?.pulledAt ?? 0)],
    ),
  ]
}

function backups({ lastBackup: last }: RegistryMeasures): MetricFamily[] {
  return [
    fact('berth_backup_last_success_timestamp_seconds', 'End of the last backup; 0: there was none.', [
      {},
      seconds(last?.finishedAt ?? 0),
    ]),
    fact('berth_backup_last_duration_seconds', 'How long it took.', [
      {},
      last === undefined ? 0 : seconds(last.finishedAt - last.startedAt),
    ]),
    fact('berth_backup_last_bytes', 'Bytes of the blobs in it.', [{}, last?.bytes ?? 0]),
    fact('berth_backup_last_damaged_blobs', 'Blobs that it lacks.', [{}, last?.damaged ?? 0]),
  ]
}

function work({ at, jobs, lastRuns, schedules }: RegistryMeasures): MetricFamily[] {
  const ended = (status: string) => lastRuns.filter((run) => run.status === status)
  return [
    fact(
      'berth_jobs',
      'Jobs that wait or run.',
      ...jobs.map(({ kind, status, count }) => [{ kind, status }, count] as const),
    ),
    fact(
      'berth_job_oldest_age_seconds',
      'Time since the oldest job that waits or runs could begin.',
      ...jobs
        .filter(({ status }) => status !== 'delayed')
        .map(({ kind, status, oldestAt }) => [{ kind, status }, Math.max(0, seconds(at - oldestAt))] as const),
    ),
    fact(
      'berth_job_last_success_timestamp_seconds',
      'When a job of the kind last succeeded.',
      ...ended('succeeded').map(({ kind, finishedAt }) => [{ kind }, seconds(finishedAt)] as const),
    ),
    fact(
      'berth_job_last_failure_timestamp_seconds',
      'When a job of the kind last failed.',
      ...ended('failed').map(({ kind, finishedAt }) => [{ kind }, seconds(finishedAt)] as const),
    ),
    fact(
      'berth_job_last_duration_seconds',
      'How long the last successful job of the kind took.',
      ...ended('succeeded').map(({ kind, durationMs }) => [{ kind }, seconds(durationMs)] as const),
    ),
    fact('berth_schedules', 'Schedules of jobs.', [{}, schedules.total]),
    fact('berth_schedules_overdue', 'Schedules whose time passed five minutes ago.', [{}, schedules.overdue]),
  ]
}

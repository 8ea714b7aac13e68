import { randomUUID } from 'node:crypto'
import type { Digest } from '#contract/digest.ts'
import type { Reader, Writer } from '../../../database/database.ts'
import type { Clock } from '../../clock.ts'
import type { Events } from '../../events/events.ts'
import type { Actor } from '../../access/actor.ts'
import { enqueueJob, type NewJob } from '../../jobs/enqueue.ts'
import { jobColumns, progressOf, type ScanProgress } from '../scan-progress.ts'
import { generateSbomJob, sbomSubject, type GenerateSbomPayload } from './sbom-job.ts'

/** How the newest making of an SBOM for an image of a repository stands. */
export interface SbomRun extends ScanProgress {
  readonly repositoryId: number
  readonly digest: Digest
  /** UUID, by which its log is asked for. */
  readonly reportId: string
}

const runs = (reader: Reader) =>
  reader
    .selectFrom('sbom_run')
    .leftJoin('job', 'job.id', 'sbom_run.job_id')
    .select(['repository_id', 'digest', 'report_id', 'job_id'])
    .select(['sbom_run.status', 'sbom_run.error', 'sbom_run.started_at', 'sbom_run.finished_at'])
    .select(jobColumns)

type RunRow = Awaited<ReturnType<ReturnType<typeof runs>['executeTakeFirstOrThrow']>>

const runOf = (row: RunRow): SbomRun => ({
  repositoryId: row.repository_id,
  digest: row.digest as Digest,
  reportId: row.report_id,
  ...progressOf(row),
})

export async function listRuns(
  reader: Reader,
  repositoryIds: readonly number[],
  digests: readonly Digest[],
): Promise<readonly SbomRun[]> {
  if (digests.length === 0) return []
  const rows = await runs(reader).where('repository_id', 'in', repositoryIds).where('digest', 'in', digests).execute()
  return rows.map(runOf)
}

export async function findRunByReport(reader: Reader, reportId: string): Promise<SbomRun | undefined> {
  const row = await runs(reader).where('report_id', '=', reportId).executeTakeFirst()
  return row === undefined ? undefined : runOf(row)
}

export type NewSbomRun = Omit<GenerateSbomPayload, 'reportId'> & { readonly repositoryId: number }

/** Asks for an SBOM in the transaction that may. What was made before stays until then. */
export async function enqueueRun(
  tx: Writer,
  clock: Clock,
  { repositoryId, ...asked }: NewSbomRun,
  job: Pick<NewJob, 'trigger' | 'actor'>,
): Promise<void> {
  const reportId = randomUUID()
  const { digest, projectId } = asked
  const { id } = await enqueueJob(tx, clock, {
    ...generateSbomJob.of({ ...asked, reportId }),
    uniqueKey: `${repositoryId} ${digest}`,
    subject: sbomSubject(digest),
    projectId,
    ...job,
  })
  const fresh = {
    report_id: reportId,
    job_id: id,
    status: 'pending',
    error: null,
    started_at: null,
    finished_at: null,
  } as const
  await tx
    .insertInto('sbom_run')
    .values({ repository_id: repositoryId, digest, ...fresh, created_at: clock.now() })
    .onConflict((conflict) => conflict.columns(['repository_id', 'digest']).doUpdateSet(fresh))
    .execute()
}

export async function recordRunStart(tx: Writer, clock: Clock, { reportId }: GenerateSbomPayload): Promise<void> {
  const started = { status: 'running', started_at: clock.now() } as const
  await tx.updateTable('sbom_run').set(started).where('report_id', '=', reportId).execute()
}

export type RunEnd = { readonly status: 'success' } | { readonly status: 'error' | 'stopped'; readonly error: string }

/** Says how it ended. One that was asked for again meanwhile, or whose image is gone, is nobody's any more. */
export async function recordRunEnd(
  tx: Writer,
  { clock, events }: { readonly clock: Clock; readonly events: Events },
  actor: Actor,
  run: GenerateSbomPayload,
  end: RunEnd,
): Promise<void> {
  const error = end.status === 'success' ? null : end.error
  const { numUpdatedRows } = await tx
    .updateTable('sbom_run')
    .set({ status: end.status, finished_at: clock.now(), error })
    .where('report_id', '=', run.reportId)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return
  await events.record(tx, actor, {
    type: 'finish_scan',
    projectId: run.projectId,
    repository: run.repository,
    digest: run.digest,
    scan: 'sbom',
    status: end.status,
    ...(run.tag === undefined ? {} : { tag: run.tag }),
  })
}

/** Forgets runs for these images whose repository has them no more. */
export async function pruneRuns(tx: Writer, digests: readonly string[]): Promise<void> {
  await tx
    .deleteFrom('sbom_run')
    .where('digest', 'in', digests)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('artifact')
            .select('artifact.id')
            .whereRef('artifact.repository_id', '=', 'sbom_run.repository_id')
            .whereRef('artifact.digest', '=', 'sbom_run.digest'),
        ),
      ),
    )
    .execute()
}

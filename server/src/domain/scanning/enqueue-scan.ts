import { randomUUID } from 'node:crypto'
import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Writer } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import { enqueueJob } from '../jobs/enqueue.ts'
import type { JobTrigger } from '../jobs/job.ts'
import { scanRunSubject } from './scan-all-job.ts'
import { scanArtifactJob, scanSubject } from './scan-job.ts'
import type { ScanKind } from './scan-state.ts'
import type { Leaf } from './scannable.ts'
import type { Scanner } from './scanners.ts'

/** An artifact of a repository, found by whoever asks. */
export interface ScanTarget {
  readonly projectId: number
  readonly repository: RepositoryName
  readonly artifactId: number
  readonly digest: Digest
  readonly mediaType: string
  readonly tag?: string
}

export interface StartScan {
  readonly actor: Actor
  readonly target: ScanTarget
  readonly kind: ScanKind
  readonly trigger?: JobTrigger
  readonly priority?: number
  /** The scan of everything that this is a part of. */
  readonly run?: ScanRun
}

/** A scan of everything. Images that its data has judged already are left as they are. */
export interface ScanRun {
  readonly id: number
  /** Of the vulnerability data. */
  readonly generation: number | undefined
}

/** Of a row before the first good report. */
const noReport = { reported_at: null, generation: null, severity: null, summary: null, body: null }

/** `first`: of this image. `running`: the job of an earlier one has not come to its end, and nothing was asked for. */
export type EnqueuedScan = 'first' | 'again' | 'running'

/** Asks for the scan of an image, in the transaction that may. What its last good report says stays. */
export async function enqueueScan(
  tx: Writer,
  clock: Clock,
  scan: StartScan & { readonly scanner: Scanner; readonly leaf: Leaf },
): Promise<EnqueuedScan> {
  const { target, kind, scanner, leaf, run } = scan
  const { digest } = leaf
  const reportId = randomUUID()
  const payload = {
    digest,
    projectId: target.projectId,
    repository: target.repository,
    scannerId: scanner.id,
    scanKind: kind,
    reportId,
    ...(target.tag === undefined ? {} : { tag: target.tag }),
  }
  const { id, existing } = await enqueueJob(tx, clock, {
    ...scanArtifactJob.of(payload),
    uniqueKey: `${kind} ${scanner.id} ${digest}`,
    subject: run === undefined ? scanSubject(digest) : scanRunSubject(run.id),
    projectId: target.projectId,
    priority: scan.priority ?? 0,
    trigger: scan.trigger ?? (run === undefined ? 'manual' : 'event'),
    actor: scan.actor,
  })
  if (existing) return 'running'
  const fresh = {
    report_id: reportId,
    job_id: id,
    status: 'pending',
    error: null,
    started_at: null,
    finished_at: null,
  } as const
  const key = { digest, scanner_id: scanner.id, kind }
  const inserted = await tx
    .insertInto('scan')
    .values({ ...key, ...fresh, ...noReport, created_at: clock.now() })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (inserted.numInsertedOrUpdatedRows === 1n) return 'first'
  await tx
    .updateTable('scan')
    .set(fresh)
    .where('digest', '=', digest)
    .where('scanner_id', '=', scanner.id)
    .where('kind', '=', kind)
    .execute()
  return 'again'
}

/** Notes an image that the scanner cannot read: an index with it is never called whole. True when that was not known. */
export async function markUnsupported(
  tx: Writer,
  clock: Clock,
  leaf: Leaf,
  scannerId: string,
  kind: ScanKind,
): Promise<boolean> {
  const now = clock.now()
  const inserted = await tx
    .insertInto('scan')
    .values({
      digest: leaf.digest,
      scanner_id: scannerId,
      kind,
      report_id: randomUUID(),
      job_id: null,
      status: 'error',
      error: `cannot be scanned: ${leaf.mediaType}`,
      started_at: now,
      finished_at: now,
      ...noReport,
      created_at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return inserted.numInsertedOrUpdatedRows === 1n
}

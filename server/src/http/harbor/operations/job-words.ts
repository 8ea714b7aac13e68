import { purgeAuditLogJob } from '../../../domain/audit/purge-job.ts'
import { DomainError } from '../../../domain/errors.ts'
import { collectGarbageJob } from '../../../domain/garbage-collection/collect-job.ts'
import { applyRetentionJob } from '../../../domain/retention/retention-jobs.ts'
import { replicateJob } from '../../../domain/replication/replication-jobs.ts'
import { deliverWebhookJob } from '../../../domain/webhooks/webhook-job.ts'
import { exportScanDataJob } from '../../../domain/scanning/exports/export-job.ts'
import { scanAllJob } from '../../../domain/scanning/scan-all-job.ts'
import { generateSbomJob } from '../../../domain/scanning/sboms/sbom-job.ts'
import { scanArtifactJob } from '../../../domain/scanning/scan-job.ts'
import type { JobStatus, JobTrigger } from '../../../domain/jobs/job.ts'
import { schedulerKind } from '../../../domain/jobs/kinds.ts'

/** What Harbor calls the kinds of jobs that it has too. A kind that is not here is called as it is, in upper case. */
const harborTypes: Readonly<Record<string, string>> = {
  [collectGarbageJob.kind]: 'GARBAGE_COLLECTION',
  [purgeAuditLogJob.kind]: 'PURGE_AUDIT_LOG',
  [applyRetentionJob.kind]: 'RETENTION',
  [scanArtifactJob.kind]: 'IMAGE_SCAN',
  [scanAllJob.kind]: 'SCAN_ALL',
  [generateSbomJob.kind]: 'SBOM',
  [replicateJob.kind]: 'REPLICATION',
  [deliverWebhookJob.kind]: 'WEBHOOK',
  [exportScanDataJob.kind]: 'SCAN_DATA_EXPORT',
  [schedulerKind]: 'SCHEDULER',
}

/** `GARBAGE_COLLECTION` of `collect-garbage`; `SCRUB_BLOBS` of `scrub-blobs`. */
export const harborTypeOf = (kind: string): string => harborTypes[kind] ?? kind.toUpperCase().replaceAll('-', '_')

/** The kind among `kinds` that Harbor's word means, in any case. */
export const findKindNamed = (type: string, kinds: readonly string[]): string | undefined =>
  kinds.find((known) => harborTypeOf(known) === type.toUpperCase())

/** @throws DomainError JOB_UNKNOWN */
export function kindNamed(type: string, kinds: readonly string[]): string {
  const kind = findKindNamed(type, kinds)
  if (kind === undefined) throw new DomainError('JOB_UNKNOWN', `the job type ${type.slice(0, 100)} is not known`)
  return kind
}

export const harborStatusOf: Readonly<Record<JobStatus, string>> = {
  delayed: 'Scheduled',
  pending: 'Pending',
  running: 'Running',
  succeeded: 'Success',
  failed: 'Error',
  stopped: 'Stopped',
}

/** The statuses behind one of Harbor's words, in any case; none for a word that it does not have. */
export function statusesNamed(word: string): JobStatus[] {
  const entries = Object.entries(harborStatusOf) as [JobStatus, string][]
  return entries.filter(([, name]) => name.toLowerCase() === word.toLowerCase()).map(([status]) => status)
}

export const harborTriggerOf: Readonly<Record<JobTrigger, string>> = {
  manual: 'MANUAL',
  schedule: 'SCHEDULE',
  event: 'EVENT',
}

import { useTranslations } from 'use-intl'
import type { Job } from '../../../api/follow-job.ts'
import type { Tone } from '../../../components/values.tsx'
import type { Messages } from '../../../i18n/languages.ts'

const kinds = {
  BACKUP: 'backUp',
  GARBAGE_COLLECTION: 'collectGarbage',
  SCRUB: 'scrubBlobs',
  PURGE_AUDIT_LOG: 'purgeAuditLog',
  VERIFY_AUDIT_LOG: 'verifyAuditLog',
  RETENTION: 'applyRetention',
  RETAIN_REPOSITORY: 'retainRepository',
  IMAGE_SCAN: 'scanArtifact',
  SCAN_PUSHED: 'scanPushed',
  SCAN_ALL: 'scanAll',
  VERIFY_SIGNATURES: 'verifySignatures',
  FIND_SIGNATURES: 'findSignatures',
  REVERIFY_SIGNATURES: 'reverifySignatures',
  IMPORT_VULNERABILITY_DATA: 'importData',
  PULL_VULNERABILITY_DATA: 'pullData',
  SBOM: 'generateSbom',
  REPLICATION: 'replicate',
  REPLICATE_REPOSITORY: 'replicateRepository',
  REPLICATE_CHANGES: 'replicateChanges',
  WEBHOOK: 'deliverWebhook',
  SCAN_DATA_EXPORT: 'exportScanData',
  SCHEDULER: 'scheduler',
} as const

/** What a kind of job is called, by Harbor's word for it; one that is new here keeps that word. */
export function useKindName(): (harborType: string) => string {
  const t = useTranslations('jobs.kinds')
  return (type) => {
    const key = kinds[type as keyof typeof kinds]
    return key === undefined ? type.toLowerCase().replaceAll('_', ' ') : t(key)
  }
}

/** What a step of a running job is called; one that is new here keeps its own name. */
export function useStepName(): (step: string) => string {
  const t = useTranslations('jobs.steps')
  const isKnown = (step: string): step is keyof Messages['jobs']['steps'] => t.has(step as 'read')
  return (step) => (isKnown(step) ? t(step) : step)
}

/** A run of retention has a job for each repository; the list shows the run, and its page shows them. */
export const partsOfRuns = 'RETAIN_REPOSITORY'

/** The subject of the parts of a run. */
export const partsSubject = ({ id }: Pick<Job, 'id'>): string => `retention-run:${id}`

/** The repository that a part of a run is about. */
export function repositoryOf({ parameters }: Pick<Job, 'parameters'>): string | undefined {
  const given = (parameters as { readonly repository?: unknown } | null)?.repository
  return typeof given === 'string' ? given : undefined
}

export const toneOf: Readonly<Record<Job['status'], Tone>> = {
  delayed: 'neutral',
  pending: 'neutral',
  running: 'accent',
  succeeded: 'good',
  failed: 'bad',
  stopped: 'warn',
}

export const isOver = ({ status }: Pick<Job, 'status'>): boolean => ['succeeded', 'failed', 'stopped'].includes(status)

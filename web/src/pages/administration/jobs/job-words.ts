import { useTranslations } from 'use-intl'
import type { Job } from '../../../api/follow-job.ts'
import type { Tone } from '../../../components/values.tsx'

const kinds = {
  GARBAGE_COLLECTION: 'collectGarbage',
  SCRUB: 'scrubBlobs',
  PURGE_AUDIT_LOG: 'purgeAuditLog',
  RETENTION: 'applyRetention',
  IMAGE_SCAN: 'scanArtifact',
  SCAN_ALL: 'scanAll',
  SBOM: 'generateSbom',
  REPLICATION: 'replicate',
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

export const toneOf: Readonly<Record<Job['status'], Tone>> = {
  delayed: 'neutral',
  pending: 'neutral',
  running: 'accent',
  succeeded: 'good',
  failed: 'bad',
  stopped: 'warn',
}

export const isOver = ({ status }: Pick<Job, 'status'>): boolean => ['succeeded', 'failed', 'stopped'].includes(status)

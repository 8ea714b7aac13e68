import { z } from 'zod'
import { defineJob } from '../jobs/job-definition.ts'

/** Scans one image by the scanner of its project. */
export const scanArtifactJob = defineJob(
  'scan-artifact',
  z.object({
    digest: z.string(),
    projectId: z.number().int(),
    repository: z.string(),
    scannerId: z.string(),
    scanKind: z.literal('vulnerability'),
    reportId: z.string(),
    /** By which it was asked for; what others are told of the scan names it. */
    tag: z.string().optional(),
  }),
)

export type ScanArtifactPayload = ReturnType<typeof scanArtifactJob.parse>

/** The newest scan of an artifact in the history of jobs. */
export const scanSubject = (digest: string): string => `artifact:${digest}`

/** Why a scan without vulnerability data fails: it can tell nothing of an image. */
export const noVulnerabilityData =
  'there is no vulnerability data yet: `berth db import FILE` brings some in, and the guide to scanning says where it comes from'

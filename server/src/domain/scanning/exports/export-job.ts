import { z } from 'zod'
import { defineJob } from '../../jobs/job-definition.ts'

export const exportScanDataJob = defineJob(
  'export-scan-data',
  z.object({
    /** The key of the actor who asked: nobody else gets the file. */
    owner: z.string(),
    userId: z.number().int(),
    projectId: z.number().int(),
    labels: z.array(z.number().int()),
    /** Doublestar patterns; empty: all. */
    repositories: z.string(),
    tags: z.string(),
    cveIds: z.string(),
  }),
)

export type ExportScanDataPayload = ReturnType<typeof exportScanDataJob.parse>

/** The exports of one actor in the history of jobs. */
export const exportSubject = (owner: string): string => `scan-data-export:${owner}`

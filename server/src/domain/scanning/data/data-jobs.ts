import { z } from 'zod'
import { defineJob } from '../../jobs/job-definition.ts'

/** Brings an upload into the vulnerability data; or takes sources out of it. */
export const importDataJob = defineJob(
  'import-vulnerability-data',
  z.object({
    uploadId: z.string().optional(),
    /** Of the file, as it was called where it came from: it may say a date, or a release. */
    name: z.string().optional(),
    debianRelease: z.string().optional(),
    dataTime: z.string().optional(),
    removeSources: z.array(z.string()).optional(),
  }),
)
export type ImportDataPayload = ReturnType<typeof importDataJob.parse>

/** Fetches an artifact with vulnerability data. Its kind is the name of its schedule too. */
export const pullDataJob = defineJob(
  'pull-vulnerability-data',
  z.object({
    /** Of the remote registry that was entered; without one it is a repository of this registry. */
    registryId: z.number().int().optional(),
    repository: z.string(),
    reference: z.string(),
  }),
)
export type PullDataPayload = ReturnType<typeof pullDataJob.parse>

/** Two imports at once would each begin with the same data, and one of them would be for nothing. */
export const dataSubject = 'vulnerability-data'

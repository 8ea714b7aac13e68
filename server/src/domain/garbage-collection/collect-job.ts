import { z } from 'zod'
import { defineJob } from '../jobs/job-definition.ts'

/** A run of garbage collection that a person or a schedule asked for. */
export const collectGarbageJob = defineJob(
  'collect-garbage',
  z.object({
    deleteUntagged: z.boolean(),
    dryRun: z.boolean(),
    workers: z.number().int().min(1).max(10),
  }),
)
export type CollectGarbagePayload = ReturnType<typeof collectGarbageJob.parse>

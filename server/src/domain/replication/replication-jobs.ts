import { z } from 'zod'
import { defineJob } from '../jobs/job-definition.ts'

/** Makes the tasks of a run. `executionId` is left out by a schedule: then the job begins one. */
export const replicateJob = defineJob(
  'replicate',
  z.object({ policyId: z.number().int(), executionId: z.number().int().optional() }),
)

/** Brings one repository over, or takes from it. */
export const replicateRepositoryJob = defineJob('replicate-repository', z.object({ taskId: z.number().int() }))

/** The name of a rule among schedules and in the history of jobs. */
export const replicationSubject = (policyId: number): string => `replication:${policyId}`

/** Takes up what happened in one repository since it was looked at last. */
export const replicateChangesJob = defineJob(
  'replicate-changes',
  z.object({ policyId: z.number().int(), repository: z.string() }),
)

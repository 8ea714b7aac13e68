import { z } from 'zod'
import { defineJob } from '../jobs/job-definition.ts'

/** Scans every artifact of the registry: each image that nothing is known of, or that the data in use has not judged. */
export const scanAllJob = defineJob('scan-registry', z.object({}))

/** Of its schedule, and the key by which two runs do not overlap. */
export const scanAllName = 'scan-all'

/** The scans of a run in the history of jobs. */
export const scanRunSubject = (runId: number): string => `scan-all:${runId}`

import { z } from 'zod'
import { defineJob } from '../../jobs/job-definition.ts'

/**
 * Looks anew at what VEX statements say of the reports of one image, of a project, or of all. No image is scanned for that. Of one image
 * the project is that whose members read the log.
 */
export const applyVexJob = defineJob(
  'apply-vex',
  z.object({ digest: z.string().optional(), projectId: z.number().int().optional() }),
)

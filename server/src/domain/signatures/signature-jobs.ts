import { z } from 'zod'
import { defineJob } from '../jobs/job-definition.ts'

/** Looks at the signatures of one artifact, or at one of them. */
export const verifySignaturesJob = defineJob(
  'verify-signatures',
  z.object({
    repositoryId: z.number().int(),
    subject: z.string(),
    signature: z.string().optional(),
  }),
)

/** Looks at every signature again after those who are trusted changed: of a project, or of the registry. */
export const reverifySignaturesJob = defineJob(
  'reverify-signatures',
  z.object({ projectId: z.number().int().optional() }),
)

/** Looks for signatures that were pushed before the registry verified any. The migration that brings verdicts asks for it. */
export const findSignaturesJob = defineJob('find-signatures', z.object({}))

import { z } from 'zod'
import { defineJob } from '../jobs/job-definition.ts'

/** Seals all secrets anew with a new key. */
export const rotateSecretsJob = defineJob('rotate-secrets', z.object({}))

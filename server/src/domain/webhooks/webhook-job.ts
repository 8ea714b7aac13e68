import { z } from 'zod'
import { defineJob } from '../jobs/job-definition.ts'

/** Sends what waits for one target, in its order. */
export const deliverWebhookJob = defineJob(
  'deliver-webhook',
  z.object({ policyId: z.number().int(), target: z.string(), sequence: z.string() }),
)

export const webhookSubject = (policyId: number): string => `webhook:${policyId}`

import { NotTaken, sendWaiting, type SendServices } from '../domain/webhooks/send-deliveries.ts'
import { deliverWebhookJob } from '../domain/webhooks/webhook-job.ts'
import type { JobKind } from './job-kind.ts'

type Payload = ReturnType<typeof deliverWebhookJob.parse>

/** As often as a day of waiting needs; what cannot be sent in that time is given up, and its job goes on with the next. */
const maxAttempts = 1_000

/** Sends what waits for a target. A receiver that does not answer is asked again later, up to every ten minutes. */
export function composeDeliverWebhooks(services: SendServices): JobKind<Payload> {
  return {
    name: deliverWebhookJob.kind,
    // A receiver that hangs keeps one worker for its ten seconds, and leaves some to others.
    concurrency: { process: 4 },
    maxAttempts,
    keepMs: 60 * 60 * 1_000,
    parse: deliverWebhookJob.parse,
    async run(job) {
      try {
        return await sendWaiting(services, job, job.payload)
      } catch (error) {
        if (error instanceof NotTaken) job.log(error.message)
        throw error
      }
    },
  }
}

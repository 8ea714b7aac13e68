import { z } from 'zod'
import { findDigest } from '#contract/digest.ts'
import { reviewAll } from '../domain/quarantine/review-quarantine.ts'
import { listSigned, type SignedPlace } from '../domain/signatures/reverify-signatures.ts'
import { checkSignatures, type CheckServices } from '../domain/signatures/signature-checks.ts'
import { reverifySignaturesJob } from '../domain/signatures/signature-jobs.ts'
import { Interrupted, type JobKind } from './job-kind.ts'

type Payload = ReturnType<typeof reverifySignaturesJob.parse>

const artifactsPerStep = 50

const stateSchema = z.object({
  repositoryId: z.number(),
  subject: z.string(),
  looked: z.number(),
  changed: z.number(),
})

/** Goes through the artifacts that have signatures, in steps. A run that was interrupted goes on behind its last step. */
export function composeReverifySignatures(services: CheckServices): JobKind<Payload> {
  return {
    name: reverifySignaturesJob.kind,
    concurrency: { registry: 1 },
    maxAttempts: 20,
    parse: reverifySignaturesJob.parse,
    async run(job) {
      let state = stateSchema.safeParse(job.state).data ?? { repositoryId: 0, subject: '', looked: 0, changed: 0 }
      const { projectId } = job.payload
      try {
        for (;;) {
          const after = { ...state, subject: (findDigest(state.subject) ?? '') as SignedPlace['subject'] }
          const places = await listSigned(services.database.read, { projectId, after, limit: artifactsPerStep })
          for (const place of places) {
            const { changed } = await checkSignatures(services, place, job.signal)
            state = { ...place, looked: state.looked + 1, changed: state.changed + changed }
          }
          job.progress({ step: 'verify', done: state.looked, changed: state.changed })
          await job.checkpoint({ ...state })
          if (places.length < artifactsPerStep) break
        }
      } catch (error) {
        if (!job.signal.aborted) throw error
        throw new Interrupted({ ...state })
      }
      await reviewAll(services, projectId)
      job.log(`${state.looked} artifacts with signatures, ${state.changed} verdicts changed`)
      return { looked: state.looked, changed: state.changed }
    },
  }
}

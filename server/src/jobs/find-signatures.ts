import { z } from 'zod'
import { findSignatures, signatureSources } from '../domain/signatures/find-signatures.ts'
import { checkSignatures, type CheckServices } from '../domain/signatures/signature-checks.ts'
import { findSignaturesJob } from '../domain/signatures/signature-jobs.ts'
import { Interrupted, type JobKind } from './job-kind.ts'

type Payload = ReturnType<typeof findSignaturesJob.parse>

const stateSchema = z.object({ source: z.enum(signatureSources), after: z.number(), looked: z.number() })
type State = z.output<typeof stateSchema>

/** Goes through all artifacts and tags in steps, and looks at what is signed. A run that was interrupted goes on. */
export function composeFindSignatures(services: CheckServices): JobKind<Payload> {
  return {
    name: findSignaturesJob.kind,
    concurrency: { registry: 1 },
    maxAttempts: 20,
    parse: findSignaturesJob.parse,
    async run(job) {
      let state: State = stateSchema.safeParse(job.state).data ?? { source: 'artifact', after: 0, looked: 0 }
      try {
        for (;;) {
          const { places, next } = await findSignatures(services.database.read, state.source, state.after)
          for (const place of places) {
            await checkSignatures(services, place, job.signal)
            state = { ...state, looked: state.looked + 1 }
          }
          job.progress({ step: 'look', done: state.looked })
          if (next === undefined && state.source === 'tag') break
          state = next === undefined ? { ...state, source: 'tag', after: 0 } : { ...state, after: next }
          await job.checkpoint({ ...state })
        }
      } catch (error) {
        if (!job.signal.aborted) throw error
        throw new Interrupted({ ...state })
      }
      job.log(`${state.looked} artifacts with signatures`)
      return { looked: state.looked }
    },
  }
}

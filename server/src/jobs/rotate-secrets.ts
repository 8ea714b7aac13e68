import { z } from 'zod'
import type { Database } from '../database/database.ts'
import type { Clock } from '../domain/clock.ts'
import type { Events } from '../domain/events/events.ts'
import { rotateSecretsJob } from '../domain/key-rotation/rotate-secrets-job.ts'
import { beginRotation, countNeeds, resealRow } from '../domain/key-rotation/rotation.ts'
import { sealedColumns } from '../domain/key-rotation/sealed-columns.ts'
import { listSealedRows } from '../domain/key-rotation/sealed-rows.ts'
import { forgetDataKeys } from '../domain/secrets/data-keys.ts'
import type { Secrets } from '../domain/secrets/secrets.ts'
import { faultPoint } from '../runtime/fault-points.ts'
import { Interrupted, type JobKind } from './job-kind.ts'

type Payload = ReturnType<typeof rotateSecretsJob.parse>

const rowsPerStep = 100

const stateSchema = z.object({
  key: z.string(),
  column: z.number(),
  after: z.string().nullable(),
  sealed: z.number(),
  unreadable: z.number(),
})
type State = z.output<typeof stateSchema>

/**
 * Seals all secrets with a new key, in steps, while the registry goes on. What was sealed before can be read until the end: the
 * old key goes when nothing needs it. A run that was interrupted goes on behind its last step, with the same key.
 */
export function composeRotateSecrets(services: {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly secrets: Secrets
}): JobKind<Payload> {
  const { database, clock, events, secrets } = services
  return {
    name: rotateSecretsJob.kind,
    concurrency: { registry: 1 },
    maxAttempts: 20,
    parse: rotateSecretsJob.parse,
    async run(job) {
      // The first of them may have come since the start.
      await secrets.learnOuterKeys()
      const begun = stateSchema.safeParse(job.state).data
      let state: State = begun ?? { key: '', column: 0, after: null, sealed: 0, unreadable: 0 }
      if (begun === undefined)
        await job.transact(async (tx, remember) => {
          state = { ...state, key: await beginRotation(tx, secrets, clock) }
          remember({ ...state })
        })
      job.log(`secrets are sealed with the key ${state.key} from now on`)
      const result = () => ({ key: state.key, sealed: state.sealed, unreadable: state.unreadable })
      try {
        for (;;) {
          job.signal.throwIfAborted()
          const column = sealedColumns[state.column]
          if (column === undefined) break
          const page = { after: state.after ?? undefined, limit: rowsPerStep }
          const rows = await listSealedRows(database.read, column, page)
          await job.transact(async (tx, remember) => {
            let { sealed, unreadable } = state
            for (const row of rows) {
              const done = await resealRow(tx, secrets, column, row)
              sealed += done.sealed
              unreadable += done.unreadable
            }
            const isLast = rows.length < rowsPerStep
            const next = isLast ? { column: state.column + 1, after: null } : { after: rows.at(-1)!.key }
            state = { ...state, ...next, sealed, unreadable }
            remember({ ...state })
          })
          faultPoint('rotation-after-step')
          job.progress({ step: 'seal', done: state.column, total: sealedColumns.length, ...result() })
        }
      } catch (error) {
        if (!job.signal.aborted) throw error
        throw new Interrupted(result())
      }
      const needs = await countNeeds(database.read, secrets)
      const forgotten = [...needs].filter(([, count]) => count === 0).map(([id]) => id)
      await job.transact(async (tx) => {
        await forgetDataKeys(tx, forgotten)
        await events.record(tx, job.actor, {
          ...{ type: 'rotate_secrets', key: state.key, secrets: state.sealed, forgotten },
        })
      })
      for (const [id, count] of needs) if (count > 0) job.log(`the key ${id} stays: ${count} secrets need it`)
      if (state.unreadable > 0) job.log(`${state.unreadable} secrets cannot be read; berth secrets status says where`)
      return { ...result(), forgotten }
    },
  }
}

import { z } from 'zod'
import type { Database, Writer } from '../database/database.ts'
import type { AuditChain } from '../domain/audit/chain/audit-chain.ts'
import { typesNamed } from '../domain/audit/audit-records.ts'
import { whyTooShort } from '../domain/audit/keep-at-least.ts'
import { purgeAuditLogJob, type PurgeAuditLogPayload } from '../domain/audit/purge-job.ts'
import { countPurgeable, findPurgeRange, purgeRecords, purgeWindow } from '../domain/audit/purge.ts'
import type { Clock } from '../domain/clock.ts'
import type { Events } from '../domain/events/events.ts'
import { Interrupted, PermanentFailure, type JobKind } from './job-kind.ts'

const stateSchema = z.object({
  before: z.number(),
  low: z.number(),
  high: z.number(),
  from: z.number(),
  purged: z.number(),
})

const hourMs = 3_600_000

/** Forgets records of the audit log that are older than asked for, window by window along their ids. */
export function composePurgeAuditLog({
  database,
  clock,
  events,
  chain,
  keepAtLeastMs,
}: {
  database: Database
  clock: Clock
  events: Events
  chain: AuditChain
  /** What the configuration has kept, whoever asks. */
  keepAtLeastMs?: number | undefined
}): JobKind<PurgeAuditLogPayload> {
  return {
    name: purgeAuditLogJob.kind,
    concurrency: { registry: 1 },
    maxAttempts: 5,
    parse: purgeAuditLogJob.parse,
    async run(job) {
      const { retentionHours, eventTypes, dryRun } = job.payload
      const types = typesNamed(eventTypes.join(','))
      // A schedule may be older than the setting.
      const tooShort = whyTooShort(retentionHours * hourMs, keepAtLeastMs)
      if (tooShort !== undefined) throw new PermanentFailure(tooShort)
      const before = clock.now() - retentionHours * hourMs
      // Harbor's sentences, which scripts look for.
      const done = (records: number) => {
        job.log(`${dryRun ? '[DRYRUN]' : ''}Purged ${records} rows of audit logs`)
        return { purged: records, dryRun }
      }
      if (job.attempt === 1) job.log('Purge audit job start')
      if (types.length === 0) {
        job.log('no type of event is selected: nothing goes')
        return done(0)
      }
      // What is not sealed is not purged.
      if (!dryRun) await chain.seal()
      let state = stateSchema.safeParse(job.state).data
      if (state === undefined) {
        const range = await findPurgeRange(database, { before })
        if (range === undefined) {
          job.log(`there are no records from before ${new Date(before).toISOString()}`)
          return done(0)
        }
        state = { before, ...range, from: range.low, purged: 0 }
        job.log(
          `${dryRun ? 'dry run: counting' : 'purging'} records of ${types.join(', ')} from before ${new Date(before).toISOString()}`,
        )
      } else {
        job.log(`going on after ${state.purged} records`)
      }
      const { low, high } = state
      const announce = async (tx: Writer, records: number) => {
        const event = { type: 'purge_audit_log', records, before: new Date(state!.before).toISOString() } as const
        if (records > 0 && !dryRun) await events.record(tx, job.actor, event)
      }
      for (let from = state.from, { purged } = state; ;) {
        const window = purgeWindow({ low, high }, from)
        if (window === undefined) return done(purged)
        if (job.signal.aborted) {
          if (job.signal.reason === 'stop') await job.transact((tx) => announce(tx, purged))
          throw new Interrupted({ purged, dryRun })
        }
        const scope = { before: state.before, types }
        purged = await job.transact(async (tx, remember) => {
          const found = dryRun ? await countPurgeable(tx, scope, window) : await purgeRecords(tx, chain, scope, window)
          remember({ ...state, from: window.high, purged: purged + found })
          if (window.high === high) await announce(tx, purged + found)
          return purged + found
        })
        from = window.high
        job.progress({ step: dryRun ? 'count' : 'purge', done: from - low, total: high - low, records: purged })
      }
    },
  }
}

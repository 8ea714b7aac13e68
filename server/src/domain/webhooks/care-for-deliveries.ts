import { sql } from 'kysely'
import type { Database, Reader } from '../../database/database.ts'
import type { Clock } from '../clock.ts'
import { enqueueJob } from '../jobs/enqueue.ts'
import { jobFor } from './queue-deliveries.ts'
import { deliverWebhookJob } from './webhook-job.ts'

const keepSentMs = 3 * 24 * 60 * 60 * 1_000
const keepGivenUpMs = 30 * 24 * 60 * 60 * 1_000
const maxRecovered = 500
/** Of the job that sends a delivery, as `jobFor` writes it. */
const uniqueKey = sql<string>`webhook_delivery.policy_id || ' ' || webhook_delivery.target || ' ' || webhook_delivery.sequence`

/**
 * Gives a job to what waits without one: an event that came while the job before it was ending, or a job that somebody stopped.
 * Returns how many.
 */
export async function recoverDeliveries({
  database,
  clock,
}: {
  readonly database: Database
  readonly clock: Clock
}): Promise<number> {
  const waiting = await database.read
    .selectFrom('webhook_delivery')
    .select(['policy_id', 'target', 'sequence', 'project_id'])
    .distinct()
    .where('finished_at', 'is', null)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('job')
            .select('job.id')
            .where('job.kind', '=', deliverWebhookJob.kind)
            .where('job.finished_at', 'is', null)
            .where('job.unique_key', '=', uniqueKey),
        ),
      ),
    )
    .limit(maxRecovered)
    .execute()
  if (waiting.length === 0) return 0
  await database.write(async (tx) => {
    for (const { policy_id: policyId, target, sequence, project_id: projectId } of waiting) {
      const job = jobFor({ policyId, target, sequence, projectId })
      await enqueueJob(tx, clock, { ...job, trigger: 'event', actor: { kind: 'system', name: 'webhooks' } })
    }
  })
  return waiting.length
}

/** Whether anything waits at all. */
export async function hasWaitingDeliveries({ read }: Database): Promise<boolean> {
  const row = await read
    .selectFrom('webhook_delivery')
    .select('id')
    .where('finished_at', 'is', null)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Forgets what was sent three days ago, and what was given up thirty days ago. Less than `limit`: none is left. */
export async function pruneDeliveries(database: Database, now: number, limit: number): Promise<number> {
  return await database.write(async (tx) => {
    const old = tx
      .selectFrom('webhook_delivery')
      .select('id')
      .where('finished_at', '<', now - keepSentMs)
      .where((eb) => eb.or([eb('status', '!=', 'error'), eb('finished_at', '<', now - keepGivenUpMs)]))
      .orderBy('finished_at')
      .limit(limit)
    const pruned = await tx.deleteFrom('webhook_delivery').where('id', 'in', old).executeTakeFirst()
    return Number(pruned.numDeletedRows)
  }, 'relaxed')
}

/**
 * Of one policy. A receiver that is away while much happens must not fill the database that all share: beyond this the oldest are
 * given up.
 */
export const maxWaiting = 10_000
/** Of one policy: of those that were given up, and of all others that have ended. */
const maxEnded = 10_000
const boundBatch = 1_000

/** Gives up the oldest of a policy that has too many waiting, and forgets the oldest of too many that have ended. */
export async function boundDeliveries(
  database: Database,
  now: number,
  max: { readonly waiting: number; readonly ended: number } = { waiting: maxWaiting, ended: maxEnded },
): Promise<{ readonly givenUp: number; readonly forgotten: number }> {
  const done = { givenUp: 0, forgotten: 0 }
  for (const { policyId, excess } of await listBeyond(database.read, 'waiting', max.waiting))
    done.givenUp += await inBatches(excess, (count) => giveUpOldest(database, policyId, count, now, max.waiting))
  for (const group of ['given up', 'ended'] as const)
    for (const { policyId, excess } of await listBeyond(database.read, group, max.ended))
      done.forgotten += await inBatches(excess, (count) => forgetOldest(database, policyId, group, count))
  return done
}

type Group = 'waiting' | 'given up' | 'ended'

/** The conditions of partial indexes, so that each group is counted by its own. */
const inGroup = {
  waiting: sql<boolean>`finished_at is null`,
  'given up': sql<boolean>`status = 'error'`,
  ended: sql<boolean>`finished_at is not null and status != 'error'`,
} as const satisfies Readonly<Record<Group, unknown>>

async function listBeyond(reader: Reader, group: Group, max: number) {
  const rows = await reader
    .selectFrom('webhook_delivery')
    .select(['policy_id', (eb) => eb.fn.countAll<number | string>().as('count')])
    .where(inGroup[group])
    .groupBy('policy_id')
    .having((eb) => eb(eb.fn.countAll(), '>', max))
    .execute()
  return rows.map(({ policy_id: policyId, count }) => ({ policyId, excess: Number(count) - max }))
}

async function inBatches(excess: number, work: (count: number) => Promise<number>): Promise<number> {
  let done = 0
  while (done < excess) {
    const count = await work(Math.min(boundBatch, excess - done))
    if (count === 0) break
    done += count
  }
  return done
}

const oldestOf = (reader: Reader, policyId: number, group: Group, count: number) =>
  reader
    .selectFrom('webhook_delivery')
    .select('id')
    .where('policy_id', '=', policyId)
    .where(inGroup[group])
    .orderBy('id')
    .limit(count)

/** One that is being sent meanwhile says afterwards that it arrived. */
async function giveUpOldest(database: Database, policyId: number, count: number, now: number, max: number) {
  return await database.write(async (tx) => {
    const line = `${new Date(now).toISOString()} given up: more than ${max} deliveries of this webhook wait\n`
    const given = await tx
      .updateTable('webhook_delivery')
      .set({ status: 'error', finished_at: now, updated_at: now, log: sql<string>`log || ${line}` })
      .where('id', 'in', oldestOf(tx, policyId, 'waiting', count))
      .executeTakeFirst()
    return Number(given.numUpdatedRows)
  })
}

async function forgetOldest(database: Database, policyId: number, group: Group, count: number) {
  return await database.write(async (tx) => {
    const gone = await tx
      .deleteFrom('webhook_delivery')
      .where('id', 'in', oldestOf(tx, policyId, group, count))
      .executeTakeFirst()
    return Number(gone.numDeletedRows)
  }, 'relaxed')
}

/** For gauges. Each by an index of what it counts: what was sent is not looked at. */
export async function countDeliveries({ read }: Pick<Database, 'read'>) {
  const waiting = await read
    .selectFrom('webhook_delivery')
    .select((eb) => [eb.fn.countAll<number | string>().as('count'), eb.fn.min('created_at').as('oldest')])
    .where(inGroup.waiting)
    .executeTakeFirstOrThrow()
  const givenUp = await read
    .selectFrom('webhook_delivery')
    .select((eb) => eb.fn.countAll<number | string>().as('count'))
    .where(inGroup['given up'])
    .executeTakeFirstOrThrow()
  return {
    waiting: Number(waiting.count),
    oldestWaitingSince: waiting.oldest === null ? undefined : Number(waiting.oldest),
    givenUp: Number(givenUp.count),
  }
}

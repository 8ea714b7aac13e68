import { sql } from 'kysely'
import type { Database } from '../../database/database.ts'
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

/** For gauges. */
export async function countDeliveries(database: Database) {
  const rows = await database.read
    .selectFrom('webhook_delivery')
    .select([
      'status',
      (eb) => eb.fn.countAll<number | string>().as('count'),
      (eb) => eb.fn.min('created_at').as('oldest'),
    ])
    .where((eb) => eb.or([eb('finished_at', 'is', null), eb('status', '=', 'error')]))
    .groupBy('status')
    .execute()
  const of = (status: string) => rows.find((row) => row.status === status)
  return {
    waiting: Number(of('pending')?.count ?? 0),
    oldestWaitingSince: of('pending') === undefined ? undefined : Number(of('pending')!.oldest),
    givenUp: Number(of('error')?.count ?? 0),
  }
}

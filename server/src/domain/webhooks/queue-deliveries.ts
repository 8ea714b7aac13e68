import { randomUUID } from 'node:crypto'
import type { Transaction } from 'kysely'
import type { Reader } from '../../database/database.ts'
import type { Schema } from '../../database/schema/schema.ts'
import { reaction, type ReactionJob } from '../events/reactions.ts'
import { sequenceOf, type Notice } from './notice.ts'
import { noticedEvents, noticeOf, webhookEventOf, type NoticedEvent } from './notices-of.ts'
import type { Target } from './targets.ts'
import { deliverWebhookJob, webhookSubject } from './webhook-job.ts'

/** Of the transaction in which something happened. */
interface Scope {
  readonly tx: Transaction<Pick<Schema, 'webhook_delivery'>>
  readonly read: Reader
  enqueue(job: ReactionJob): Promise<void>
}

/** Puts what happened on its way to those whom a project tells, in the transaction of the change: rolled back, nobody hears of it. */
export const tellWebhooks = reaction({
  types: noticedEvents,
  tables: ['webhook_delivery'],
  react: async (scope, happening) => await queueDeliveries(scope, happening),
})

/** Without its secrets, which are sealed. */
type ListeningTarget = Pick<Target, 'key' | 'type'>

interface ListeningPolicy {
  readonly id: number
  readonly targets: readonly ListeningTarget[]
}

export async function queueDeliveries(scope: Scope, happening: NoticedEvent): Promise<void> {
  const { read } = scope
  const policies = await listenersOf(read, happening.event.projectId, webhookEventOf(happening))
  if (policies.length === 0 || !(await areWebhooksEnabled(read))) return
  const notice = await noticeOf(read, happening)
  for (const policy of policies) await queueFor(scope, policy, notice)
}

/** A delivery of the notice for each target of the policy. Returns their ids. */
export async function queueFor(
  { tx, enqueue }: Omit<Scope, 'read'>,
  { id: policyId, targets }: ListeningPolicy,
  notice: Notice,
  now = notice.occurredAt,
): Promise<readonly number[]> {
  const { projectId } = notice
  const sequence = sequenceOf(notice)
  const ids: number[] = []
  for (const { key: target, type } of targets) {
    const { id } = await tx
      .insertInto('webhook_delivery')
      .values({
        policy_id: policyId,
        project_id: projectId,
        target,
        notify_type: type,
        event_type: notice.type,
        sequence,
        event_id: randomUUID(),
        notice: JSON.stringify(notice),
        status: 'pending',
        attempts: 0,
        log: '',
        created_at: now,
        updated_at: now,
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    ids.push(id)
    await enqueue(jobFor({ policyId, target, sequence, projectId }))
  }
  return ids
}

/** One job at a time for what must arrive in its order: it sends all that waits. */
export function jobFor(of: {
  readonly policyId: number
  readonly target: string
  readonly sequence: string
  readonly projectId: number
}): ReactionJob {
  const { policyId, target, sequence, projectId } = of
  return {
    ...deliverWebhookJob.of({ policyId, target, sequence }),
    uniqueKey: `${policyId} ${target} ${sequence}`,
    subject: webhookSubject(policyId),
    projectId,
  }
}

async function listenersOf(read: Reader, projectId: number, type: string): Promise<readonly ListeningPolicy[]> {
  const rows = await read
    .selectFrom('webhook_policy')
    .select(['id', 'event_types', 'targets'])
    .where('project_id', '=', projectId)
    .where('enabled', '=', 1)
    .orderBy('id')
    .execute()
  return rows
    .filter((row) => (JSON.parse(row.event_types) as string[]).includes(type))
    .map((row) => ({ id: row.id, targets: JSON.parse(row.targets) as ListeningTarget[] }))
}

/** Harbor's switch for the registry. */
async function areWebhooksEnabled(read: Reader): Promise<boolean> {
  const row = await read
    .selectFrom('setting')
    .select('value')
    .where('name', '=', 'notification_enable')
    .executeTakeFirst()
  return row?.value !== 'false'
}

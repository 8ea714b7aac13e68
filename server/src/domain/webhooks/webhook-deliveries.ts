import type { Selectable } from 'kysely'
import type { Database } from '../../database/database.ts'
import type { WebhookDeliveryTable } from '../../database/schema/webhooks.ts'
import { actorName, type Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { enqueueJob } from '../jobs/enqueue.ts'
import type { Listed } from '../lists/listing.ts'
import { getProjectFor } from '../projects/projects.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { WebhookEventType } from './event-words.ts'
import { bodyOf, type Body } from './bodies.ts'
import { noticeSchema, type Notice } from './notice.ts'
import { jobFor, queueFor } from './queue-deliveries.ts'
import {
  getPolicyOf,
  onProject,
  type WebhookPolicies,
  type WebhookPolicy,
  type WebhookServices,
} from './webhook-policies.ts'

export type DeliveryStatus = WebhookDeliveryTable['status']

/** One event for one target. */
export interface Delivery {
  readonly id: number
  readonly policyId: number
  readonly target: string
  readonly notifyType: string
  readonly eventType: WebhookEventType
  readonly eventId: string
  /** What is sent; while nothing was, as it would be without what a scan has found. */
  readonly body: string
  readonly status: DeliveryStatus
  readonly attempts: number
  /** Of the last attempt; undefined without an answer. */
  readonly answerStatus: number | undefined
  readonly createdAt: number
  readonly startedAt: number | undefined
  readonly updatedAt: number
  readonly finishedAt: number | undefined
}

export interface DeliveryPage {
  readonly limit: number
  readonly offset: number
  readonly statuses?: readonly DeliveryStatus[]
}

/** When a policy was last told of a type of events. */
export interface LastTrigger {
  readonly policy: WebhookPolicy
  readonly eventType: WebhookEventType
  readonly at: number | undefined
}

const listed = [
  ...(['id', 'policy_id', 'target', 'notify_type', 'event_type', 'event_id', 'notice', 'body', 'status'] as const),
  ...(['attempts', 'answer_status', 'created_at', 'first_tried_at', 'updated_at', 'finished_at'] as const),
] as const

const maxRedelivered = 1_000

/** What was sent, what waits, and what was given up. */
export class WebhookDeliveries {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events
  readonly #secrets: Secrets
  readonly #policies: WebhookPolicies
  readonly #host: string

  constructor({
    database,
    clock,
    events,
    secrets,
    policies,
    host,
  }: WebhookServices & { readonly policies: WebhookPolicies; readonly host: string }) {
    this.#database = database
    this.#clock = clock
    this.#events = events
    this.#secrets = secrets
    this.#policies = policies
    this.#host = host
  }

  /** Newest first. @throws DomainError WEBHOOK_UNKNOWN, PROJECT_UNKNOWN, FORBIDDEN */
  async listDeliveries(actor: Actor, project: string, policyId: number, page: DeliveryPage): Promise<Listed<Delivery>> {
    const policy = await this.#policies.getPolicy(actor, project, policyId)
    let rows = this.#database.read.selectFrom('webhook_delivery').where('policy_id', '=', policyId)
    if (page.statuses !== undefined) rows = rows.where('status', 'in', [...page.statuses, ...none])
    const { total } = await rows.select((eb) => eb.fn.countAll<number | string>().as('total')).executeTakeFirstOrThrow()
    const found = await rows.select(listed).orderBy('id', 'desc').limit(page.limit).offset(page.offset).execute()
    return { rows: found.map((row) => this.#deliveryOf(row, policy)), total: Number(total) }
  }

  /** @throws DomainError WEBHOOK_UNKNOWN in Harbor's words, PROJECT_UNKNOWN, FORBIDDEN */
  async getDelivery(actor: Actor, project: string, policyId: number, id: number): Promise<Delivery & { log: string }> {
    const policy = await this.#policies.getPolicy(actor, project, policyId)
    const row = await this.#database.read
      .selectFrom('webhook_delivery')
      .select([...listed, 'log'])
      .where('policy_id', '=', policyId)
      .where('id', '=', id)
      .executeTakeFirst()
    if (row === undefined) throw unknownDelivery(id, policyId)
    return { ...this.#deliveryOf(row, policy), log: row.log }
  }

  /** For each policy of a project and each of its types. @throws DomainError PROJECT_UNKNOWN, FORBIDDEN */
  async lastTriggers(actor: Actor, project: string): Promise<readonly LastTrigger[]> {
    const access = await getProjectFor(this.#database.read, actor, 'notification-policy:read', project)
    const policies = await this.#policies.pagePolicies(actor, access.project.name, { limit: 100, offset: 0 })
    const times = await this.#database.read
      .selectFrom('webhook_delivery')
      .select(['policy_id', 'event_type', (eb) => eb.fn.max('created_at').as('at')])
      .where('policy_id', 'in', [...policies.rows.map(({ id }) => id), -1])
      .groupBy(['policy_id', 'event_type'])
      .execute()
    const at = new Map(times.map((row) => [`${row.policy_id} ${row.event_type}`, Number(row.at)]))
    return policies.rows.flatMap((policy) =>
      policy.eventTypes.map((eventType) => ({ policy, eventType, at: at.get(`${policy.id} ${eventType}`) })),
    )
  }

  /**
   * Sends again what has ended: one delivery, or all that were given up. Returns how many.
   * @throws DomainError WEBHOOK_UNKNOWN, CONFLICT while it is on its way, PROJECT_UNKNOWN, FORBIDDEN
   */
  async redeliver(actor: Actor, project: string, policyId: number, id?: number): Promise<number> {
    return await this.#database.write(async (tx) => {
      const now = this.#clock.now()
      const permission = 'notification-policy:update'
      const access = await getProjectFor(tx, await currentActor(tx, actor, now), permission, project)
      const policy = await getPolicyOf(this.#secrets, tx, access, policyId)
      let ended = tx
        .selectFrom('webhook_delivery')
        .select(['id', 'target', 'sequence', 'finished_at'])
        .where('policy_id', '=', policyId)
      ended = id === undefined ? ended.where('status', '=', 'error') : ended.where('id', '=', id)
      const rows = await ended.orderBy('id').limit(maxRedelivered).execute()
      if (id !== undefined && rows.length === 0) throw unknownDelivery(id, policyId)
      if (rows.some(({ finished_at: at }) => at === null))
        throw new DomainError('CONFLICT', `delivery ${id} is on its way; it is tried again by itself`)
      if (rows.length === 0) return 0
      await tx
        .updateTable('webhook_delivery')
        .set({ status: 'pending', finished_at: null, first_tried_at: null, updated_at: now })
        .where(
          'id',
          'in',
          rows.map((row) => row.id),
        )
        .execute()
      for (const { target, sequence } of rows) {
        const job = jobFor({ policyId, target, sequence, projectId: access.project.id })
        await enqueueJob(tx, this.#clock, { ...job, trigger: 'manual', actor })
      }
      await this.#events.record(tx, actor, {
        ...{ type: 'redeliver_webhook', ...onProject(access), policyId, policy: policy.name, deliveries: rows.length },
      })
      return rows.length
    })
  }

  #deliveryOf(row: ListedRow, policy: WebhookPolicy): Delivery {
    return {
      id: row.id,
      policyId: row.policy_id,
      target: row.target,
      notifyType: row.notify_type,
      eventType: row.event_type as WebhookEventType,
      eventId: row.event_id,
      body: row.body === null ? this.#bodyToBe(row, policy) : (JSON.parse(row.body) as Body).text,
      status: row.status,
      attempts: row.attempts,
      answerStatus: row.answer_status ?? undefined,
      createdAt: row.created_at,
      startedAt: row.first_tried_at ?? undefined,
      updatedAt: row.updated_at,
      finishedAt: row.finished_at ?? undefined,
    }
  }

  #bodyToBe(row: ListedRow, { id: policyId, targets }: WebhookPolicy): string {
    const target = targets.find(({ key }) => key === row.target)
    if (target === undefined) return ''
    const context = { policyId, eventId: row.event_id, host: this.#host }
    return bodyOf(noticeSchema.parse(JSON.parse(row.notice)), target, context).text
  }

  /** Sends an event that says it is a test to each target. Returns the deliveries. @throws as redeliver */
  async test(actor: Actor, project: string, policyId: number): Promise<readonly number[]> {
    return await this.#database.write(async (tx) => {
      const now = this.#clock.now()
      const permission = 'notification-policy:update'
      const access = await getProjectFor(tx, await currentActor(tx, actor, now), permission, project)
      const policy = await getPolicyOf(this.#secrets, tx, access, policyId)
      const notice = testNotice(access.project, policy.eventTypes[0]!, actorName(actor), now)
      const scope = {
        tx,
        enqueue: async (job: ReturnType<typeof jobFor>) =>
          void (await enqueueJob(tx, this.#clock, { ...job, trigger: 'manual', actor })),
      }
      const ids = await queueFor(scope, policy, notice, now)
      await this.#events.record(tx, actor, {
        ...{ type: 'test_webhook', ...onProject(access), policyId, policy: policy.name },
      })
      return ids
    })
  }
}

/** SQL has no empty list. */
const none = ['none' as DeliveryStatus]

export function testNotice(
  project: { readonly id: number; readonly name: string; readonly public: boolean },
  type: WebhookEventType,
  operator: string,
  occurredAt: number,
): Notice {
  return {
    ...{ type, occurredAt, operator, isTest: true },
    ...{ projectId: project.id, project: project.name, isPublic: project.public },
    repository: `${project.name}/webhook-test`,
    artifacts: [{ digest: `sha256:${'0'.repeat(64)}`, tag: 'test' }],
  }
}

/** For tasks of a policy that is known to be there. */
const unknownDelivery = (id: number, policyId: number): DomainError =>
  new DomainError('WEBHOOK_UNKNOWN', `resource not found: execution ${id} not found in policy ${policyId}`)

type ListedRow = Pick<Selectable<WebhookDeliveryTable>, (typeof listed)[number]>

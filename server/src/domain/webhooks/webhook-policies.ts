import type { Selectable } from 'kysely'
import type { Database, Reader, Writer } from '../../database/database.ts'
import type { WebhookPolicyTable } from '../../database/schema/webhooks.ts'
import { isUniqueViolation } from '../../database/violations.ts'
import { actorName, type Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import type { Permission } from '../access/roles/permissions.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { matching, ordering, type Listed, type Listing, type ListColumns } from '../lists/listing.ts'
import type { ProjectAccess } from '../projects/project-access.ts'
import { getProjectFor } from '../projects/projects.ts'
import { isWebhookEventType, type WebhookEventType } from './event-words.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { openTargets, sealTargets } from './sealed-targets.ts'
import { parseTargets, type GivenTarget, type Target } from './targets.ts'

/** Whom a project tells of what. */
export interface WebhookPolicy {
  readonly id: number
  readonly projectId: number
  readonly name: string
  readonly description: string
  /** As whoever made it said. */
  readonly creator: string
  readonly enabled: boolean
  readonly eventTypes: readonly WebhookEventType[]
  readonly targets: readonly Target[]
  readonly createdAt: number
  readonly updatedAt: number
}

export interface WebhookPolicyFields {
  readonly name: string
  readonly description: string
  readonly creator?: string | undefined
  readonly enabled: boolean
  readonly eventTypes: readonly string[]
  readonly targets: readonly GivenTarget[]
}

export interface WebhookServices {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly secrets: Secrets
}

const maxPolicies = 50
/** Of all webhooks of a project together: each is a row in the transaction of every push that it is told of. */
const maxProjectTargets = 100
const maxTextLength = 1_024

const columns: ListColumns = {
  id: { ref: 'webhook_policy.id', type: 'number' },
  name: { ref: 'webhook_policy.name', type: 'text' },
  description: { ref: 'webhook_policy.description', type: 'text' },
  creator: { ref: 'webhook_policy.creator', type: 'text' },
  enabled: { ref: 'webhook_policy.enabled', type: 'flag' },
  creation_time: { ref: 'webhook_policy.created_at', type: 'time' },
  update_time: { ref: 'webhook_policy.updated_at', type: 'time' },
}

/** The webhooks of projects. */
export class WebhookPolicies {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events
  readonly #secrets: Secrets

  constructor({ database, clock, events, secrets }: WebhookServices) {
    this.#database = database
    this.#clock = clock
    this.#events = events
    this.#secrets = secrets
  }

  /** Newest first. @throws DomainError PROJECT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN, BAD_REQUEST */
  async pagePolicies(actor: Actor, project: string, listing: Listing): Promise<Listed<WebhookPolicy>> {
    const access = await getProjectFor(this.#database.read, actor, 'notification-policy:list', project)
    let matched = this.#database.read.selectFrom('webhook_policy').where('project_id', '=', access.project.id)
    for (const condition of matching(columns, listing.conditions)) matched = matched.where(condition)
    const { total } = await matched
      .select((eb) => eb.fn.countAll<number | string>().as('total'))
      .executeTakeFirstOrThrow()
    let page = matched.selectAll()
    for (const { ref, direction } of ordering(columns, listing.sort, [{ key: 'creation_time', descending: true }]))
      page = page.orderBy(ref, direction)
    const rows = await page.orderBy('id', 'desc').limit(listing.limit).offset(listing.offset).execute()
    const { read } = this.#database
    return { rows: await Promise.all(rows.map((row) => policyOf(this.#secrets, read, row))), total: Number(total) }
  }

  /** @throws DomainError WEBHOOK_UNKNOWN, PROJECT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async getPolicy(
    actor: Actor,
    project: string,
    id: number,
    permission: Permission = 'notification-policy:read',
  ): Promise<WebhookPolicy> {
    const access = await getProjectFor(this.#database.read, actor, permission, project)
    return await getPolicyOf(this.#secrets, this.#database.read, access, id)
  }

  /** @throws DomainError BAD_REQUEST, CONFLICT (its name), PRECONDITION (too many), PROJECT_UNKNOWN, FORBIDDEN */
  async createPolicy(actor: Actor, project: string, fields: WebhookPolicyFields): Promise<number> {
    const checked = check(fields)
    const targets = parseTargets(fields.name, fields.targets)
    const now = this.#clock.now()
    return await named(fields.name, () =>
      this.#database.write(async (tx) => {
        const access = await this.#mayNow(tx, actor, 'notification-policy:create', project)
        const projectId = access.project.id
        const { count } = await tx
          .selectFrom('webhook_policy')
          .select((eb) => eb.fn.countAll<number | string>().as('count'))
          .where('project_id', '=', projectId)
          .executeTakeFirstOrThrow()
        if (Number(count) >= maxPolicies)
          throw new DomainError('PRECONDITION', `a project has ${maxPolicies} webhooks at the most`)
        await assertRoomForTargets(tx, projectId, targets.length)
        const { id } = await tx
          .insertInto('webhook_policy')
          .values({
            ...rowOf(checked, []),
            project_id: projectId,
            creator: (fields.creator ?? '') === '' ? actorName(actor) : fields.creator!.slice(0, maxTextLength),
            created_at: now,
            updated_at: now,
          })
          .returning('id')
          .executeTakeFirstOrThrow()
        // Secrets are bound to the row, which has its id from now on.
        await this.#storeTargets(tx, id, targets)
        await this.#record(tx, actor, 'create_webhook', access, { id, name: fields.name })
        return id
      }),
    )
  }

  /** As a whole; who made it, and when, stays. @throws as createPolicy, and DomainError WEBHOOK_UNKNOWN */
  async updatePolicy(actor: Actor, project: string, id: number, fields: WebhookPolicyFields): Promise<void> {
    const checked = check(fields)
    await named(fields.name, () =>
      this.#database.write(async (tx) => {
        const access = await this.#mayNow(tx, actor, 'notification-policy:update', project)
        const before = await getPolicyOf(this.#secrets, tx, access, id)
        const targets = parseTargets(fields.name, fields.targets, before.targets)
        if (targets.length > before.targets.length)
          await assertRoomForTargets(tx, access.project.id, targets.length - before.targets.length)
        const row = rowOf(checked, targets)
        await tx
          .updateTable('webhook_policy')
          .set({ ...row, targets: await sealTargets(this.#secrets, tx, id, targets), updated_at: this.#clock.now() })
          .where('id', '=', id)
          .execute()
        const was = rowOf(before, before.targets)
        const changed = (Object.keys(row) as (keyof typeof row)[]).filter((key) => row[key] !== was[key])
        const { projectId, project: name } = onProject(access)
        await this.#events.record(tx, actor, {
          ...{ type: 'update_webhook', projectId, project: name, policyId: id, policy: fields.name, changed },
        })
      }),
    )
  }

  /** With all its deliveries. @throws DomainError WEBHOOK_UNKNOWN, PROJECT_UNKNOWN, FORBIDDEN */
  async deletePolicy(actor: Actor, project: string, id: number): Promise<void> {
    await this.#database.write(async (tx) => {
      const access = await this.#mayNow(tx, actor, 'notification-policy:delete', project)
      const { name } = await getRowOf(tx, access, id)
      await tx.deleteFrom('webhook_delivery').where('policy_id', '=', id).execute()
      await tx.deleteFrom('webhook_policy').where('id', '=', id).execute()
      await this.#record(tx, actor, 'delete_webhook', access, { id, name })
    })
  }

  async #storeTargets(tx: Writer, id: number, targets: readonly Target[]): Promise<void> {
    const sealed = await sealTargets(this.#secrets, tx, id, targets)
    await tx.updateTable('webhook_policy').set({ targets: sealed }).where('id', '=', id).execute()
  }

  async #mayNow(tx: Writer, actor: Actor, permission: Permission, project: string): Promise<ProjectAccess> {
    return await getProjectFor(tx, await currentActor(tx, actor, this.#clock.now()), permission, project)
  }

  async #record(
    tx: Writer,
    actor: Actor,
    type: 'create_webhook' | 'delete_webhook',
    access: ProjectAccess,
    { id: policyId, name: policy }: { readonly id: number; readonly name: string },
  ): Promise<void> {
    await this.#events.record(tx, actor, { type, ...onProject(access), policyId, policy })
  }
}

export const onProject = ({ project: { id, name } }: ProjectAccess) => ({ projectId: id, project: name })

/** @throws DomainError WEBHOOK_UNKNOWN, also for a policy of another project; SECRET_UNREADABLE */
export async function getPolicyOf(
  secrets: Secrets,
  reader: Reader,
  access: ProjectAccess,
  id: number,
): Promise<WebhookPolicy> {
  return await policyOf(secrets, reader, await getRowOf(reader, access, id))
}

type Row = Selectable<WebhookPolicyTable>

async function getRowOf(reader: Reader, { project }: ProjectAccess, id: number): Promise<Row> {
  const row = await reader
    .selectFrom('webhook_policy')
    .selectAll()
    .where('project_id', '=', project.id)
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined) throw new DomainError('WEBHOOK_UNKNOWN', `notificationPolicy ${id} not found`)
  return row
}

/** @throws DomainError PRECONDITION */
async function assertRoomForTargets(reader: Reader, projectId: number, more: number): Promise<void> {
  const rows = await reader.selectFrom('webhook_policy').select('targets').where('project_id', '=', projectId).execute()
  const count = rows.reduce((sum, row) => sum + (JSON.parse(row.targets) as unknown[]).length, more)
  if (count > maxProjectTargets)
    throw new DomainError('PRECONDITION', `the webhooks of a project have ${maxProjectTargets} targets at the most`)
}

type Checked = Pick<WebhookPolicy, 'name' | 'description' | 'enabled' | 'eventTypes'>

/** @throws DomainError BAD_REQUEST in Harbor's words and order */
function check({ name, description, enabled, eventTypes }: WebhookPolicyFields): Checked {
  if (eventTypes.length === 0) throw new DomainError('BAD_REQUEST', 'empty event type')
  const known = eventTypes.map((type) => {
    if (isWebhookEventType(type)) return type
    throw new DomainError('BAD_REQUEST', `unsupported event type ${type.slice(0, 100)}`)
  })
  if (name.length > 255 || name.includes('\u0000') || description.length > maxTextLength)
    throw new DomainError('BAD_REQUEST', 'the name has 255 characters at the most, the description 1,024')
  return { name, description, enabled, eventTypes: [...new Set(known)] }
}

function rowOf({ name, description, enabled, eventTypes }: Checked, targets: readonly Target[]) {
  return {
    name,
    description,
    enabled: enabled ? (1 as const) : (0 as const),
    event_types: JSON.stringify(eventTypes),
    targets: JSON.stringify(targets),
  }
}

async function policyOf(secrets: Secrets, reader: Reader, row: Row): Promise<WebhookPolicy> {
  return {
    id: row.id,
    projectId: row.project_id,
    name: row.name,
    description: row.description,
    creator: row.creator,
    enabled: row.enabled === 1,
    eventTypes: JSON.parse(row.event_types) as WebhookEventType[],
    targets: await openTargets(secrets, reader, row),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

async function named<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    throw new DomainError('CONFLICT', `notification policy named ${name} already exists`, { reason: 'NAME_TAKEN' })
  }
}

import type { Selectable } from 'kysely'
import type { Database, Reader, Writer } from '../../database/database.ts'
import type { ReplicationPolicyTable } from '../../database/schema/replication.ts'
import { isUniqueViolation } from '../../database/violations.ts'
import { actorName, type Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import { assertCanInSystem } from '../access/roles/authorise.ts'
import type { SystemPermission } from '../access/roles/grantable-permissions.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { deleteSchedule, setSchedule } from '../jobs/schedules.ts'
import { matching, ordering, type Listed, type Listing, type ListColumns } from '../lists/listing.ts'
import type { Registries, Registry } from '../registries/registries.ts'
import { replicateJob, replicationSubject } from './replication-jobs.ts'
import { parseRule, type ReplicationFields, type ReplicationFilter, type ReplicationRule } from './rules.ts'

export interface ReplicationPolicy extends ReplicationRule {
  readonly id: number
  readonly creator: string
  /** Since when its deletions wait for a person (ms). */
  readonly heldAt: number | undefined
  /** Until when a person lets deletions pass, however many they are (ms). */
  readonly deletionsUntil: number | undefined
  /** When the last run began that brought everything over (ms). */
  readonly succeededAt: number | undefined
  readonly createdAt: number
  readonly updatedAt: number
}

/** With the registries that it names; undefined is this one. */
export interface ShownPolicy {
  readonly policy: ReplicationPolicy
  readonly source: Registry | undefined
  readonly destination: Registry | undefined
}

export interface ReplicationServices {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
}

const columns: ListColumns = {
  id: { ref: 'replication_policy.id', type: 'number' },
  name: { ref: 'replication_policy.name', type: 'text' },
  description: { ref: 'replication_policy.description', type: 'text' },
  creator: { ref: 'replication_policy.creator', type: 'text' },
  enabled: { ref: 'replication_policy.enabled', type: 'flag' },
  src_registry_id: { ref: 'replication_policy.source_registry_id', type: 'number' },
  dest_registry_id: { ref: 'replication_policy.destination_registry_id', type: 'number' },
  creation_time: { ref: 'replication_policy.created_at', type: 'time' },
  update_time: { ref: 'replication_policy.updated_at', type: 'time' },
}

/** Rules that say what is brought from one registry to another. */
export class ReplicationPolicies {
  readonly #services: ReplicationServices
  readonly #registries: Pick<Registries, 'getRemote'>

  constructor(services: ReplicationServices & { readonly registries: Pick<Registries, 'getRemote'> }) {
    this.#services = services
    this.#registries = services.registries
  }

  /** Newest first. @throws DomainError BAD_REQUEST (a condition that cannot be), UNAUTHENTICATED, FORBIDDEN */
  async pagePolicies(actor: Actor, { conditions, sort, limit, offset }: Listing): Promise<Listed<ShownPolicy>> {
    assertCanInSystem(actor, 'replication-policy:list')
    let matched = this.#services.database.read.selectFrom('replication_policy')
    for (const condition of matching(columns, conditions)) matched = matched.where(condition)
    const { total } = await matched
      .select((eb) => eb.fn.countAll<number | string>().as('total'))
      .executeTakeFirstOrThrow()
    let page = matched.selectAll()
    for (const { ref, direction } of ordering(columns, sort, [{ key: 'creation_time', descending: true }]))
      page = page.orderBy(ref, direction)
    const rows = await page.orderBy('id', 'desc').limit(limit).offset(offset).execute()
    const shown: ShownPolicy[] = []
    for (const row of rows) shown.push(await this.#shown(policyOf(row)))
    return { rows: shown, total: Number(total) }
  }

  /** @throws DomainError REPLICATION_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async getPolicy(actor: Actor, id: number): Promise<ShownPolicy> {
    assertCanInSystem(actor, 'replication-policy:read')
    return await this.#shown(await getReplicationPolicy(this.#services.database.read, id))
  }

  /** @throws DomainError BAD_REQUEST, REGISTRY_UNKNOWN, CONFLICT (its name), UNAUTHENTICATED, FORBIDDEN */
  async createPolicy(actor: Actor, fields: ReplicationFields): Promise<number> {
    assertCanInSystem(actor, 'replication-policy:create')
    const rule = await this.#checked(fields)
    const now = this.#services.clock.now()
    return await named(rule.name, () =>
      this.#services.database.write(async (tx) => {
        await this.#assertMayNow(tx, actor, 'replication-policy:create')
        const { id } = await tx
          .insertInto('replication_policy')
          .values({ ...rowOf(rule), creator: actorName(actor), created_at: now, updated_at: now })
          .returning('id')
          .executeTakeFirstOrThrow()
        await this.#schedule(tx, actor, id, rule)
        const event = { type: 'create_replication_policy', policyId: id, policy: rule.name } as const
        await this.#services.events.record(tx, actor, event)
        return id
      }),
    )
  }

  /** As a whole: what is left out falls to what it is without being said. @throws as createPolicy, and REPLICATION_UNKNOWN */
  async updatePolicy(actor: Actor, id: number, fields: ReplicationFields): Promise<void> {
    assertCanInSystem(actor, 'replication-policy:update')
    await getReplicationPolicy(this.#services.database.read, id)
    const rule = await this.#checked(fields)
    await named(rule.name, () =>
      this.#services.database.write(async (tx) => {
        await this.#assertMayNow(tx, actor, 'replication-policy:update')
        const before = rowOf(await getReplicationPolicy(tx, id))
        const row = rowOf(rule)
        const changed = (Object.keys(row) as (keyof typeof row)[]).filter((key) => row[key] !== before[key])
        await tx
          .updateTable('replication_policy')
          .set({ ...row, updated_at: this.#services.clock.now() })
          .where('id', '=', id)
          .execute()
        await this.#schedule(tx, actor, id, rule)
        const event = { type: 'update_replication_policy', policyId: id, policy: rule.name, changed } as const
        await this.#services.events.record(tx, actor, event)
      }),
    )
  }

  /** With its runs. @throws DomainError REPLICATION_UNKNOWN, PRECONDITION while one is under way, FORBIDDEN */
  async deletePolicy(actor: Actor, id: number): Promise<void> {
    assertCanInSystem(actor, 'replication-policy:delete')
    const { database, events } = this.#services
    await database.write(async (tx) => {
      await this.#assertMayNow(tx, actor, 'replication-policy:delete')
      const { name } = await getReplicationPolicy(tx, id)
      const running = await tx
        .selectFrom('replication_execution')
        .select('id')
        .where('policy_id', '=', id)
        .where('finished_at', 'is', null)
        .limit(1)
        .executeTakeFirst()
      if (running !== undefined) {
        throw new DomainError(
          'PRECONDITION',
          `the replication policy ${id} contains executions that aren't in final status, stop the execution first`,
        )
      }
      await deleteSchedule(tx, events, actor, replicationSubject(id))
      await tx.deleteFrom('replication_policy').where('id', '=', id).execute()
      await events.record(tx, actor, { type: 'delete_replication_policy', policyId: id, policy: name })
    })
  }

  async #checked(fields: ReplicationFields): Promise<ReplicationRule> {
    const rule = parseRule(fields)
    await this.#registries.getRemote(rule.sourceRegistryId || rule.destinationRegistryId)
    return rule
  }

  async #assertMayNow(tx: Writer, actor: Actor, permission: SystemPermission): Promise<void> {
    assertCanInSystem(await currentActor(tx, actor, this.#services.clock.now()), permission)
  }

  async #schedule(tx: Writer, actor: Actor, policyId: number, rule: ReplicationRule): Promise<void> {
    const name = replicationSubject(policyId)
    if (!rule.enabled || rule.trigger !== 'scheduled') {
      await deleteSchedule(tx, this.#services.events, actor, name)
      return
    }
    const timing = { preset: 'custom', cron: rule.cron } as const
    await setSchedule(tx, this.#services, actor, { name, ...replicateJob.of({ policyId }), subject: name, timing })
  }

  async #shown(policy: ReplicationPolicy): Promise<ShownPolicy> {
    const find = async (id: number) => (id === 0 ? undefined : (await this.#registries.getRemote(id)).registry)
    return {
      policy,
      source: await find(policy.sourceRegistryId),
      destination: await find(policy.destinationRegistryId),
    }
  }
}

/** As it is now, for the program itself. @throws DomainError REPLICATION_UNKNOWN */
export async function getReplicationPolicy(reader: Reader, id: number): Promise<ReplicationPolicy> {
  const row = await reader.selectFrom('replication_policy').selectAll().where('id', '=', id).executeTakeFirst()
  if (row === undefined) throw new DomainError('REPLICATION_UNKNOWN', `replication policy ${id} not found`)
  return policyOf(row)
}

const maxMeasured = 200

/** Those that run by themselves, for what is measured of them. */
export async function listFollowedPolicies(reader: Reader): Promise<readonly ReplicationPolicy[]> {
  const rows = await reader
    .selectFrom('replication_policy')
    .selectAll()
    .where('trigger_type', '!=', 'manual')
    .where('enabled', '=', 1)
    .orderBy('id')
    .limit(maxMeasured)
    .execute()
  return rows.map(policyOf)
}

/** Those that hear of what happens here. */
export async function listEventPolicies(reader: Reader): Promise<readonly ReplicationPolicy[]> {
  const rows = await reader
    .selectFrom('replication_policy')
    .selectAll()
    .where('trigger_type', '=', 'event_based')
    .where('enabled', '=', 1)
    .orderBy('id')
    .execute()
  return rows.map(policyOf)
}

const flag = (value: boolean) => (value ? (1 as const) : (0 as const))

function rowOf(rule: ReplicationRule) {
  return {
    name: rule.name,
    description: rule.description,
    source_registry_id: rule.sourceRegistryId || null,
    destination_registry_id: rule.destinationRegistryId || null,
    destination_namespace: rule.destinationNamespace,
    replace_count: rule.replaceCount,
    filters: JSON.stringify(rule.filters),
    trigger_type: rule.trigger,
    cron: rule.cron,
    enabled: flag(rule.enabled),
    deletion: flag(rule.deletion),
    override: flag(rule.override),
    copy_by_chunk: flag(rule.copyByChunk),
    single_active: flag(rule.singleActive),
    speed: rule.speed,
  }
}

function policyOf(row: Selectable<ReplicationPolicyTable>): ReplicationPolicy {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    creator: row.creator,
    sourceRegistryId: row.source_registry_id ?? 0,
    destinationRegistryId: row.destination_registry_id ?? 0,
    destinationNamespace: row.destination_namespace,
    replaceCount: row.replace_count,
    filters: JSON.parse(row.filters) as ReplicationFilter[],
    trigger: row.trigger_type,
    cron: row.cron,
    enabled: row.enabled === 1,
    deletion: row.deletion === 1,
    override: row.override === 1,
    copyByChunk: row.copy_by_chunk === 1,
    singleActive: row.single_active === 1,
    speed: row.speed,
    heldAt: row.held_at ?? undefined,
    deletionsUntil: row.deletions_until ?? undefined,
    succeededAt: row.succeeded_at ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

async function named<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    throw new DomainError('CONFLICT', `replication policy ${name} already exists`, { reason: 'NAME_TAKEN' })
  }
}

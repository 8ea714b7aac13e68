import { sql } from 'kysely'
import type { Database } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import { assertCanInSystem, assertSystemAdministrator } from '../access/roles/authorise.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import type { Listed, SortKey } from '../lists/listing.ts'
import { recountUsage } from './project-usage.ts'

/** Usage and limit of a project. Its id is the project's. */
export interface Quota {
  readonly projectId: number
  readonly project: string
  readonly ownerName: string
  /** -1: no limit. */
  readonly hardBytes: number
  /** Each digest once. */
  readonly usedBytes: number
  /** Sizes of its artifacts, whatever they share. */
  readonly logicalBytes: number
  readonly createdAt: number
  readonly updatedAt: number
}

const sortable: Readonly<Record<string, string>> = { 'hard.storage': 'hard_bytes', 'used.storage': 'used' }

export class Quotas {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events

  constructor({ database, clock, events }: { database: Database; clock: Clock; events: Events }) {
    this.#database = database
    this.#clock = clock
    this.#events = events
  }

  /** @throws DomainError UNAUTHENTICATED, FORBIDDEN */
  async listQuotas(
    actor: Actor,
    filter: { readonly projectId?: number | undefined },
    { sort = [], limit, offset }: { sort?: readonly SortKey[]; limit: number; offset: number },
  ): Promise<Listed<Quota>> {
    assertCanInSystem(actor, 'quota:list')
    let matched = this.#quotas()
    if (filter.projectId !== undefined) matched = matched.where('quota.project_id', '=', filter.projectId)
    const { total } = await matched
      .clearSelect()
      .select((eb) => eb.fn.countAll<number | string>().as('total'))
      .executeTakeFirstOrThrow()
    for (const { key, descending } of sort) {
      const column = Object.hasOwn(sortable, key) ? sortable[key] : undefined
      if (column !== undefined) matched = matched.orderBy(sql.ref(column), descending ? 'desc' : 'asc')
    }
    const rows = await matched.orderBy('quota.project_id').limit(limit).offset(offset).execute()
    return { rows: rows.map(quotaOf), total: Number(total) }
  }

  /** @throws DomainError QUOTA_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async getQuota(actor: Actor, projectId: number): Promise<Quota> {
    assertCanInSystem(actor, 'quota:read')
    const quota = await this.findQuota(projectId)
    if (quota === undefined) throw quotaUnknown(projectId)
    return quota
  }

  /** For callers that have asked for the permission already. */
  async findQuota(projectId: number): Promise<Quota | undefined> {
    const row = await this.#quotas().where('quota.project_id', '=', projectId).executeTakeFirst()
    return row === undefined ? undefined : quotaOf(row)
  }

  /**
   * A limit below the usage deletes nothing: the project keeps what it has and takes nothing more.
   * @throws DomainError BAD_REQUEST, QUOTA_UNKNOWN, UNAUTHENTICATED, FORBIDDEN
   */
  async setLimit(actor: Actor, projectId: number, hardBytes: number): Promise<void> {
    const now = this.#clock.now()
    await this.#database.write(async (tx) => {
      assertCanInSystem(await currentActor(tx, actor, now), 'quota:update')
      assertHardBytes(hardBytes)
      const updated = await tx
        .updateTable('quota')
        .set({ hard_bytes: hardBytes, updated_at: now })
        .where('project_id', '=', projectId)
        .executeTakeFirst()
      if (updated.numUpdatedRows === 0n) throw quotaUnknown(projectId)
      const { name } = await tx
        .selectFrom('project')
        .select('name')
        .where('id', '=', projectId)
        .executeTakeFirstOrThrow()
      await this.#events.record(tx, actor, { type: 'update_quota', projectId, project: name, hardBytes })
    })
  }

  /**
   * Counts the usage again from the artifacts themselves; returns the bytes.
   * @throws DomainError QUOTA_UNKNOWN, FORBIDDEN
   */
  async recount(actor: Actor, projectId: number): Promise<number> {
    assertSystemAdministrator(actor)
    if ((await this.findQuota(projectId)) === undefined) throw quotaUnknown(projectId)
    const now = this.#clock.now()
    return await recountUsage(this.#database, projectId, async (tx) =>
      assertSystemAdministrator(await currentActor(tx, actor, now)),
    )
  }

  #quotas() {
    return this.#database.read
      .selectFrom('quota')
      .innerJoin('project', 'project.id', 'quota.project_id')
      .leftJoin('user_account', 'user_account.id', 'project.owner_id')
      .select([
        'quota.project_id',
        'quota.hard_bytes',
        'quota.updated_at',
        'project.name',
        'project.created_at',
        'user_account.username',
      ])
      .select((eb) =>
        eb
          .selectFrom('project_usage')
          .select((sum) => sum.fn.coalesce(sum.fn.sum<number | string>('bytes'), sql<number>`0`).as('bytes'))
          .whereRef('project_usage.project_id', '=', 'quota.project_id')
          .as('used'),
      )
      .select((eb) =>
        eb
          .selectFrom('project_usage')
          .select((sum) => sum.fn.coalesce(sum.fn.sum<number | string>('logical_bytes'), sql<number>`0`).as('bytes'))
          .whereRef('project_usage.project_id', '=', 'quota.project_id')
          .as('logical'),
      )
  }
}

/** @throws DomainError BAD_REQUEST */
export function assertHardBytes(hardBytes: number): void {
  if (hardBytes === -1 || (Number.isSafeInteger(hardBytes) && hardBytes > 0)) return
  throw new DomainError('BAD_REQUEST', 'a limit of storage is a number of bytes above 0, or -1 for none')
}

function quotaOf(row: {
  project_id: number
  hard_bytes: number
  updated_at: number
  name: string
  created_at: number
  username: string | null
  used: number | string | null
  logical: number | string | null
}): Quota {
  return {
    projectId: row.project_id,
    project: row.name,
    ownerName: row.username ?? '',
    hardBytes: row.hard_bytes,
    usedBytes: Number(row.used ?? 0),
    logicalBytes: Number(row.logical ?? 0),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function quotaUnknown(id: number): DomainError {
  return new DomainError('QUOTA_UNKNOWN', `quota ${id} not found`)
}

import type { Selectable } from 'kysely'
import type { Database, Writer } from '../../database/database.ts'
import type { ImmutabilityRuleTable } from '../../database/schema/policies.ts'
import type { Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import type { Permission } from '../access/roles/permissions.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { getProjectFor } from '../projects/projects.ts'
import { assertPatterns, type Selector } from './selectors.ts'
import type { StoredSelectors } from './tag-immutability.ts'

/** Tags that its selectors choose stay on the artifact that they name. */
export interface ImmutabilityRule extends RuleFields {
  readonly id: number
}

export interface RuleFields {
  readonly disabled: boolean
  readonly priority: number
  readonly tags: readonly Selector[]
  /** By what stands behind the project's name. */
  readonly repositories: readonly Selector[]
}

/** What Harbor's manual says. */
const maxRules = 15

export class ImmutabilityRules {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events

  constructor({ database, clock, events }: { database: Database; clock: Clock; events: Events }) {
    this.#database = database
    this.#clock = clock
    this.#events = events
  }

  /** There are few: all of them. @throws DomainError PROJECT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async listRules(actor: Actor, project: string): Promise<readonly ImmutabilityRule[]> {
    const access = await getProjectFor(this.#database.read, actor, 'immutable-tag:list', project)
    const rows = await this.#database.read
      .selectFrom('immutability_rule')
      .selectAll()
      .where('project_id', '=', access.project.id)
      .orderBy('id')
      .execute()
    return rows.map(ruleOf)
  }

  /** @throws DomainError RULE_UNKNOWN, PROJECT_UNKNOWN, FORBIDDEN */
  async assertRule(actor: Actor, project: string, id: number, permission: Permission): Promise<void> {
    const access = await getProjectFor(this.#database.read, actor, permission, project)
    const row = await this.#database.read
      .selectFrom('immutability_rule')
      .select('id')
      .where('project_id', '=', access.project.id)
      .where('id', '=', id)
      .executeTakeFirst()
    if (row === undefined) throw ruleUnknown(id)
  }

  /** @throws DomainError BAD_REQUEST, CONFLICT (one like it), PRECONDITION (too many), PROJECT_UNKNOWN, FORBIDDEN */
  async createRule(actor: Actor, project: string, fields: RuleFields): Promise<number> {
    return await this.#change(actor, 'immutable-tag:create', project, fields, async (tx, projectId, columns) => {
      const { id } = await tx
        .insertInto('immutability_rule')
        .values({ project_id: projectId, created_at: columns.updated_at, ...columns })
        .returning('id')
        .executeTakeFirstOrThrow()
      return id
    })
  }

  /** @throws DomainError RULE_UNKNOWN, BAD_REQUEST, CONFLICT, PROJECT_UNKNOWN, FORBIDDEN */
  async updateRule(actor: Actor, project: string, id: number, fields: RuleFields): Promise<void> {
    await this.#change(
      actor,
      'immutable-tag:update',
      project,
      fields,
      async (tx, projectId, columns) => {
        const updated = await tx
          .updateTable('immutability_rule')
          .set(columns)
          .where('project_id', '=', projectId)
          .where('id', '=', id)
          .executeTakeFirst()
        if (updated.numUpdatedRows === 0n) throw ruleUnknown(id)
        return id
      },
      id,
    )
  }

  /** @throws DomainError RULE_UNKNOWN, PROJECT_UNKNOWN, FORBIDDEN */
  async deleteRule(actor: Actor, project: string, id: number): Promise<void> {
    await this.#database.write(async (tx) => {
      const now = await currentActor(tx, actor, this.#clock.now())
      const access = await getProjectFor(tx, now, 'immutable-tag:delete', project)
      const deleted = await tx
        .deleteFrom('immutability_rule')
        .where('project_id', '=', access.project.id)
        .where('id', '=', id)
        .executeTakeFirst()
      if (deleted.numDeletedRows === 0n) throw ruleUnknown(id)
      const { id: projectId, name } = access.project
      await this.#events.record(tx, actor, { type: 'delete_immutable', projectId, project: name, ruleId: id })
    })
  }

  async #change(
    actor: Actor,
    permission: Permission,
    project: string,
    fields: RuleFields,
    write: (tx: Writer, projectId: number, columns: RuleColumns) => Promise<number>,
    ownId?: number,
  ): Promise<number> {
    assertPatterns(fields)
    if (fields.tags.length === 0 || fields.repositories.length === 0)
      throw new DomainError('BAD_REQUEST', 'a rule selects tags and repositories; ** selects all of them')
    const { disabled, priority, tags, repositories } = fields
    const selectors = JSON.stringify({ tags, repositories } satisfies StoredSelectors)
    return await this.#database.write(async (tx) => {
      const access = await getProjectFor(tx, await currentActor(tx, actor, this.#clock.now()), permission, project)
      const others = await tx
        .selectFrom('immutability_rule')
        .select(['id', 'selectors'])
        .where('project_id', '=', access.project.id)
        .execute()
      const rest = others.filter((other) => other.id !== ownId)
      if (rest.some((other) => other.selectors === selectors))
        throw new DomainError('CONFLICT', 'the project has a rule with these selectors already')
      if (rest.length >= maxRules)
        throw new DomainError('PRECONDITION', `a project has ${maxRules} rules at the most; one may have more patterns`)
      const columns = { disabled: disabled ? 1 : 0, priority, selectors, updated_at: this.#clock.now() } as const
      const ruleId = await write(tx, access.project.id, columns)
      const type = ownId === undefined ? 'create_immutable' : 'update_immutable'
      const { id: projectId, name } = access.project
      await this.#events.record(tx, actor, { type, projectId, project: name, ruleId })
      return ruleId
    })
  }
}

type RuleColumns = Pick<Selectable<ImmutabilityRuleTable>, 'disabled' | 'priority' | 'selectors' | 'updated_at'>

function ruleOf(row: Selectable<ImmutabilityRuleTable>): ImmutabilityRule {
  const { tags, repositories } = JSON.parse(row.selectors) as StoredSelectors
  return { id: row.id, disabled: row.disabled === 1, priority: row.priority, tags, repositories }
}

function ruleUnknown(id: number): DomainError {
  return new DomainError('RULE_UNKNOWN', `there is no immutability rule ${id} in this project`)
}

import type { Selectable } from 'kysely'
import type { Database, Reader, Writer } from '../../database/database.ts'
import { lockName } from '../../database/locking.ts'
import type { RetentionPolicyTable } from '../../database/schema/policies.ts'
import { isSystemAdministrator, type Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import { assertCanInProject, can, refusedOn } from '../access/roles/authorise.ts'
import type { Permission } from '../access/roles/permissions.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { deleteSchedule, setSchedule } from '../jobs/schedules.ts'
import { findProjectAccessById, type ProjectAccess } from '../projects/project-access.ts'
import { hasProjectWith } from '../projects/project-visibility.ts'
import { deleteMetadataKey, writeMetadata } from '../projects/project-metadata.ts'
import { applyRetentionJob } from './retention-jobs.ts'
import { assertRules, type RetentionMode, type RetentionRule } from './rules.ts'

/** The name of a policy among schedules and in the history of jobs. */
export const retentionSubject = (policyId: number): string => `retention:${policyId}`

export interface RetentionFields {
  readonly rules: readonly RetentionRule[]
  readonly mode: RetentionMode
  /** Six fields, seconds first; empty: it runs when it is asked to. */
  readonly cron: string
}

/** The retention policy of a project. A project has at most one, and names it in its metadata `retention_id`. */
export interface RetentionPolicy extends RetentionFields {
  readonly id: number
  readonly projectId: number
}

export class RetentionPolicies {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events

  constructor({ database, clock, events }: { database: Database; clock: Clock; events: Events }) {
    this.#database = database
    this.#clock = clock
    this.#events = events
  }

  /** @throws DomainError BAD_REQUEST (also when there is one already), CONFLICT, UNAUTHENTICATED, FORBIDDEN */
  async createPolicy(actor: Actor, projectId: number | undefined, fields: RetentionFields): Promise<number> {
    return await this.#database.write(async (tx) => {
      const asking = await currentActor(tx, actor, this.#clock.now())
      const { project } = await this.#accessTo(tx, asking, 'tag-retention:create', projectId)
      assertRules(fields.rules)
      await lockName(this.#database, tx, `retention:${project.id}`)
      const known = await tx
        .selectFrom('retention_policy')
        .select('id')
        .where('project_id', '=', project.id)
        .executeTakeFirst()
      if (known !== undefined)
        throw new DomainError('BAD_REQUEST', `project ${project.id} already has retention policy ${known.id}`)
      const now = this.#clock.now()
      const { id } = await tx
        .insertInto('retention_policy')
        .values({ project_id: project.id, created_at: now, updated_at: now, ...columnsOf(fields) })
        .returning('id')
        .executeTakeFirstOrThrow()
      await writeMetadata(tx, project.id, { retention_id: String(id) })
      await this.#schedule(tx, actor, project, { id, cron: fields.cron })
      await this.#record(tx, actor, 'create_retention', project, id)
      return id
    })
  }

  /** @throws DomainError RETENTION_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async getPolicy(actor: Actor, id: number, permission: Permission = 'tag-retention:read'): Promise<RetentionPolicy> {
    return (await this.#find(this.#database.read, actor, permission, id)).policy
  }

  /** Asked in a transaction: as the actor is at this moment. @throws DomainError RETENTION_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async assertMay(tx: Writer, actor: Actor, permission: Permission, id: number): Promise<void> {
    await this.#find(tx, await currentActor(tx, actor, this.#clock.now()), permission, id)
  }

  /**
   * `projectId`: which project the caller takes it to be of, when they say so.
   * @throws DomainError RETENTION_UNKNOWN (also when it is another project's), BAD_REQUEST, CONFLICT, FORBIDDEN
   */
  async updatePolicy(actor: Actor, id: number, projectId: number | undefined, fields: RetentionFields): Promise<void> {
    await this.#database.write(async (tx) => {
      const asking = await currentActor(tx, actor, this.#clock.now())
      const { policy, project } = await this.#find(tx, asking, 'tag-retention:update', id)
      if (projectId !== undefined && projectId !== policy.projectId) throw retentionUnknown(id)
      assertRules(fields.rules)
      await tx
        .updateTable('retention_policy')
        .set({ updated_at: this.#clock.now(), ...columnsOf(fields) })
        .where('id', '=', id)
        .execute()
      if (policy.cron !== fields.cron) await this.#schedule(tx, actor, project, { id, cron: fields.cron })
      await this.#record(tx, actor, 'update_retention', project, id)
    })
  }

  /** @throws DomainError RETENTION_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async deletePolicy(actor: Actor, id: number): Promise<void> {
    await this.#database.write(async (tx) => {
      const asking = await currentActor(tx, actor, this.#clock.now())
      const { project } = await this.#find(tx, asking, 'tag-retention:delete', id)
      await tx.deleteFrom('retention_policy').where('id', '=', id).execute()
      await deleteMetadataKey(tx, project.id, 'retention_id')
      await this.#schedule(tx, actor, project, { id, cron: '' })
      await this.#record(tx, actor, 'delete_retention', project, id)
    })
  }

  async #find(
    reader: Reader,
    actor: Actor,
    permission: Permission,
    id: number,
  ): Promise<{ policy: RetentionPolicy; project: ProjectAccess['project'] }> {
    const row = await reader.selectFrom('retention_policy').selectAll().where('id', '=', id).executeTakeFirst()
    const access = row === undefined ? undefined : await findProjectAccessById({ read: reader }, actor, row.project_id)
    if (row !== undefined && access !== undefined && can(actor, permission, access))
      return { policy: policyOf(row), project: access.project }
    // A robot that may do this in some project hears that none of its projects has the policy, whether another's has it or not.
    const isRobotOfSome = actor.kind === 'robot' && (await hasProjectWith(reader, actor, permission))
    if ((row === undefined && isSystemAdministrator(actor)) || isRobotOfSome) throw retentionUnknown(id)
    throw refusedOn(actor, `retention policy ${id}`, permission)
  }

  async #accessTo(
    reader: Reader,
    actor: Actor,
    permission: Permission,
    projectId: number | undefined,
  ): Promise<ProjectAccess> {
    const access = projectId === undefined ? undefined : await findProjectAccessById({ read: reader }, actor, projectId)
    assertCanInProject(actor, permission, access, String(projectId ?? 'unknown'))
    // Only a system administrator comes here without a project. The sentence is Harbor's.
    if (access === undefined) throw new DomainError('BAD_REQUEST', `invalid Project id ${projectId ?? 0}`)
    return access
  }

  async #schedule(
    tx: Writer,
    actor: Actor,
    project: ProjectAccess['project'],
    { id, cron }: { readonly id: number; readonly cron: string },
  ): Promise<void> {
    const name = retentionSubject(id)
    if (cron === '') {
      await deleteSchedule(tx, this.#events, actor, name)
      return
    }
    await setSchedule(tx, { clock: this.#clock, events: this.#events }, actor, {
      name,
      ...applyRetentionJob.of({ policyId: id, dryRun: false }),
      subject: name,
      projectId: project.id,
      timing: { preset: 'custom', cron },
    })
  }

  async #record(
    tx: Writer,
    actor: Actor,
    type: 'create_retention' | 'update_retention' | 'delete_retention',
    project: ProjectAccess['project'],
    policyId: number,
  ): Promise<void> {
    await this.#events.record(tx, actor, { type, projectId: project.id, project: project.name, policyId })
  }
}

/** As it is now, for the program itself. */
export async function findRetentionPolicy(reader: Reader, id: number): Promise<RetentionPolicy | undefined> {
  const row = await reader.selectFrom('retention_policy').selectAll().where('id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : policyOf(row)
}

function columnsOf({ rules, mode, cron }: RetentionFields) {
  return { rules: JSON.stringify(rules), mode, cron }
}

function policyOf(row: Selectable<RetentionPolicyTable>): RetentionPolicy {
  const { id, project_id: projectId, rules, mode, cron } = row
  return { id, projectId, rules: JSON.parse(rules) as RetentionRule[], mode, cron }
}

function retentionUnknown(id: number): DomainError {
  return new DomainError('RETENTION_UNKNOWN', `no such Retention policy with id ${id}`)
}

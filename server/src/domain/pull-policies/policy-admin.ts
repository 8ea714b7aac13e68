import type { Database, Reader, Writer } from '../../database/database.ts'
import { lockName } from '../../database/locking.ts'
import { isUniqueViolation } from '../../database/violations.ts'
import { actorName, type Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import { assertSecurityAdministrator } from '../access/roles/authorise.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { getProjectByIdFor } from '../projects/project-access.ts'
import { exemptionOf, maxExemptions, type Exemption } from './exemptions.ts'
import { assertDefinition, assertSelectable, harborKeys, type PolicyDefinition } from './policy-definition.ts'
import { maxPolicies, policyOf, type StoredPolicy } from './policy-rows.ts'

const dayMs = 24 * 60 * 60_000
/** What nobody looks at again for so long is no exemption but a change of the policy. */
const maxExemptionMs = 366 * dayMs

export interface NewExemption {
  readonly policy: string
  readonly repositories: string
  readonly digest?: string | undefined
  readonly vulnerability?: string | undefined
  readonly reason: string
  readonly expiresAt: number
}

interface Services {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
}

/** Policies and exemptions of a project; without one, of the registry. */
export class PolicyAdministration {
  readonly #services: Services

  constructor({ database, clock, events }: Services) {
    this.#services = { database, clock, events }
  }

  /** There are few: all of them. @throws DomainError PROJECT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async listPolicies(actor: Actor, projectId: number | undefined): Promise<readonly StoredPolicy[]> {
    const { database } = this.#services
    await assertMay(database.read, actor, 'read', projectId)
    return (await ownPolicies(database.read, projectId)).map(policyOf)
  }

  /** @throws DomainError BAD_REQUEST, CONFLICT (the name is taken), PRECONDITION (too many), FORBIDDEN */
  async createPolicy(actor: Actor, projectId: number | undefined, definition: PolicyDefinition): Promise<number> {
    assertDefinition(definition)
    return await this.#change(actor, projectId, async (tx, now) => {
      if ((await ownPolicies(tx, projectId)).length >= maxPolicies)
        throw new DomainError('PRECONDITION', `there are ${maxPolicies} policies at the most`)
      const { id } = await tx
        .insertInto('pull_policy')
        .values({ project_id: projectId ?? null, created_at: now, ...rowOf(actor, definition, now) })
        .returning('id')
        .executeTakeFirstOrThrow()
      const { name: policy, mode } = definition
      await this.#services.events.record(tx, actor, {
        ...{ type: 'create_pull_policy', policyId: id, policy, mode },
        ...inProject(projectId),
      })
      return id
    })
  }

  /** @throws DomainError RULE_UNKNOWN, BAD_REQUEST, CONFLICT, FORBIDDEN */
  async updatePolicy(
    actor: Actor,
    projectId: number | undefined,
    id: number,
    definition: PolicyDefinition,
  ): Promise<void> {
    assertDefinition(definition)
    await this.#change(actor, projectId, async (tx, now) => {
      await getPolicy(tx, projectId, id)
      await tx
        .updateTable('pull_policy')
        .set(rowOf(actor, definition, now))
        .where('id', '=', id)
        .execute()
      const { name: policy, mode } = definition
      await this.#services.events.record(tx, actor, {
        ...{ type: 'update_pull_policy', policyId: id, policy, mode },
        ...inProject(projectId),
      })
    })
  }

  /** @throws DomainError RULE_UNKNOWN, FORBIDDEN */
  async deletePolicy(actor: Actor, projectId: number | undefined, id: number): Promise<void> {
    await this.#change(actor, projectId, async (tx) => {
      const { name: policy } = await getPolicy(tx, projectId, id)
      await tx.deleteFrom('pull_policy').where('id', '=', id).execute()
      await this.#services.events.record(tx, actor, {
        ...{ type: 'delete_pull_policy', policyId: id, policy },
        ...inProject(projectId),
      })
    })
  }

  /** Also those that have ended, until they are deleted. @throws DomainError PROJECT_UNKNOWN, FORBIDDEN */
  async listExemptions(actor: Actor, projectId: number | undefined): Promise<readonly Exemption[]> {
    const { database } = this.#services
    await assertMay(database.read, actor, 'read', projectId)
    return (await ownExemptions(database.read, projectId)).map(exemptionOf)
  }

  /** @throws DomainError BAD_REQUEST, PRECONDITION (too many), FORBIDDEN */
  async createExemption(actor: Actor, projectId: number | undefined, exemption: NewExemption): Promise<number> {
    const { database } = this.#services
    return await database.write(async (tx) => await this.createExemptionWithin(tx, actor, projectId, exemption))
  }

  /** The same as a part of a larger transaction. */
  async createExemptionWithin(
    tx: Writer,
    actor: Actor,
    projectId: number | undefined,
    exemption: NewExemption,
  ): Promise<number> {
    assertSelectable(exemption)
    const { policy, repositories, digest, vulnerability, reason, expiresAt } = exemption
    if (vulnerability !== undefined && harborKeys.includes(policy ?? ''))
      throw new DomainError(
        'BAD_REQUEST',
        `${policy} lets single vulnerabilities pass by the CVE allowlist: put ${vulnerability} there, or exempt without a vulnerability`,
      )
    const now = await this.#enter(tx, actor, projectId)
    if (expiresAt <= now || expiresAt > now + maxExemptionMs)
      throw new DomainError('BAD_REQUEST', 'an exemption ends within a year: give a time in the future')
    if ((await ownExemptions(tx, projectId)).length >= maxExemptions)
      throw new DomainError('PRECONDITION', `there are ${maxExemptions} exemptions at the most; delete ended ones`)
    const { id } = await tx
      .insertInto('policy_exemption')
      .values({
        ...{ project_id: projectId ?? null, policy, repositories, reason, expires_at: expiresAt, created_at: now },
        ...{ digest: digest ?? null, vulnerability: vulnerability ?? null, username: actorName(actor) },
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    await this.#services.events.record(tx, actor, {
      ...{ type: 'create_policy_exemption', exemptionId: id, policy, reason },
      ...inProject(projectId),
    })
    return id
  }

  /** It ends at once. @throws DomainError RULE_UNKNOWN, FORBIDDEN */
  async deleteExemption(actor: Actor, projectId: number | undefined, id: number): Promise<void> {
    await this.#change(actor, projectId, async (tx) => {
      const found = (await ownExemptions(tx, projectId)).find((each) => each.id === id)
      if (found === undefined) throw new DomainError('RULE_UNKNOWN', `there is no exemption ${id} here`)
      await tx.deleteFrom('policy_exemption').where('id', '=', id).execute()
      const { policy, reason } = found
      await this.#services.events.record(tx, actor, {
        ...{ type: 'delete_policy_exemption', exemptionId: id, policy, reason },
        ...inProject(projectId),
      })
    })
  }

  async #change<Result>(
    actor: Actor,
    projectId: number | undefined,
    work: (tx: Writer, now: number) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await this.#services.database.write(async (tx) => await work(tx, await this.#enter(tx, actor, projectId)))
    } catch (error) {
      if (!isUniqueViolation(error)) throw error
      throw new DomainError('CONFLICT', 'there is a policy of that name already', {
        reason: 'NAME_TAKEN',
        cause: error,
      })
    }
  }

  /** Asks again whether the actor may, and lets nobody else change these policies until the end. Returns the time. */
  async #enter(tx: Writer, actor: Actor, projectId: number | undefined): Promise<number> {
    const { database, clock } = this.#services
    const now = clock.now()
    await assertMay(tx, await currentActor(tx, actor, now), 'update', projectId)
    await lockPolicies(database, tx, projectId)
    return now
  }
}

/** Who locks those of the registry and of a project begins with the registry. */
export async function lockPolicies(database: Database, tx: Writer, projectId: number | undefined): Promise<void> {
  await lockName(database, tx, `pull-policies ${projectId ?? ''}`)
}

const inProject = (projectId: number | undefined) => (projectId === undefined ? {} : { projectId })

/** Policies of the registry are its administrators'; those of a project belong to its settings. */
async function assertMay(reader: Reader, actor: Actor, action: 'read' | 'update', projectId: number | undefined) {
  if (projectId === undefined) assertSecurityAdministrator(actor)
  else await getProjectByIdFor(reader, actor, `configuration:${action}`, projectId)
}

const ofPlace = (projectId: number | undefined) => (projectId === undefined ? ('is' as const) : ('=' as const))

const ownPolicies = async (reader: Reader, projectId: number | undefined) =>
  await reader
    .selectFrom('pull_policy')
    .selectAll()
    .where('project_id', ofPlace(projectId), projectId ?? null)
    .orderBy('id')
    .execute()

const ownExemptions = async (reader: Reader, projectId: number | undefined) =>
  await reader
    .selectFrom('policy_exemption')
    .selectAll()
    .where('project_id', ofPlace(projectId), projectId ?? null)
    .orderBy('id')
    .execute()

async function getPolicy(tx: Writer, projectId: number | undefined, id: number) {
  const found = (await ownPolicies(tx, projectId)).find((policy) => policy.id === id)
  if (found === undefined) throw new DomainError('RULE_UNKNOWN', `there is no policy ${id} here`)
  return found
}

function rowOf(actor: Actor, { name, mode, repositories, tags, condition }: PolicyDefinition, now: number) {
  const row = { name, mode, repositories, tags, condition: JSON.stringify(condition) }
  return { ...row, username: actorName(actor), updated_at: now }
}

import type { Selectable } from 'kysely'
import type { Database, Reader, Writer } from '../../database/database.ts'
import { lockName } from '../../database/locking.ts'
import type { ProtectedTagRuleTable } from '../../database/schema/policies.ts'
import { findAccountByName } from '../access/accounts/accounts.ts'
import { actorName, type Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import { findRobotByUsername } from '../access/robots/robot-accounts.ts'
import { robotMayInProject } from '../access/robots/robot-rights.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { getProjectByIdFor } from '../projects/project-access.ts'
import { assertPatterns } from './selectors.ts'
import type { TagMover } from './tag-protection.ts'

/** Tags that only those whom it names may set, move and delete; without a name, those with `protected-tag:move`. */
export interface ProtectedTagRule {
  readonly id: number
  /** By what stands behind the project's name. */
  readonly repositories: string
  readonly tags: string
  readonly movers: readonly TagMover[]
  readonly username: string
  readonly updatedAt: number
}

export interface ProtectedTagFields {
  readonly repositories: string
  readonly tags: string
  /** Names as they sign in. */
  readonly users: readonly string[]
  readonly robots: readonly string[]
}

/** As of immutability rules: each push asks all of them. */
const maxRules = 15

interface Services {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  /** What the names of robots begin with. */
  readonly robotPrefix: () => Promise<string>
}

export class ProtectedTagRules {
  readonly #services: Services

  constructor(services: Services) {
    this.#services = services
  }

  /** There are few: all of them. */
  async listRules(projectId: number): Promise<readonly ProtectedTagRule[]> {
    return (await rulesOf(this.#services.database.read, projectId)).map(ruleOf)
  }

  /** @throws DomainError BAD_REQUEST (a pattern, an unknown account), CONFLICT, PRECONDITION (too many), FORBIDDEN */
  async createRule(actor: Actor, projectId: number, fields: ProtectedTagFields): Promise<number> {
    return await this.#change(actor, projectId, async (tx, { now, prefix }) => {
      const others = await rulesOf(tx, projectId)
      if (others.length >= maxRules)
        throw new DomainError('PRECONDITION', `a project has ${maxRules} rules at the most; one may have more patterns`)
      const row = await this.#rowOf(tx, actor, fields, { projectId, now, prefix, others })
      const { id } = await tx
        .insertInto('protected_tag_rule')
        .values({ project_id: projectId, created_at: now, ...row })
        .returning('id')
        .executeTakeFirstOrThrow()
      await this.#record(tx, actor, 'create_protected_tag', { id, project_id: projectId, ...row })
      return id
    })
  }

  /** @throws DomainError RULE_UNKNOWN, and as createRule */
  async updateRule(actor: Actor, projectId: number, id: number, fields: ProtectedTagFields): Promise<void> {
    await this.#change(actor, projectId, async (tx, { now, prefix }) => {
      const all = await rulesOf(tx, projectId)
      const others = all.filter((rule) => rule.id !== id)
      if (others.length === all.length) throw ruleUnknown(id)
      const row = await this.#rowOf(tx, actor, fields, { projectId, now, prefix, others })
      await tx.updateTable('protected_tag_rule').set(row).where('id', '=', id).execute()
      await this.#record(tx, actor, 'update_protected_tag', { id, project_id: projectId, ...row })
    })
  }

  /** @throws DomainError RULE_UNKNOWN, FORBIDDEN */
  async deleteRule(actor: Actor, projectId: number, id: number): Promise<void> {
    await this.#change(actor, projectId, async (tx) => {
      const rule = (await rulesOf(tx, projectId)).find((each) => each.id === id)
      if (rule === undefined) throw ruleUnknown(id)
      await tx.deleteFrom('protected_tag_rule').where('id', '=', id).execute()
      await this.#record(tx, actor, 'delete_protected_tag', rule)
    })
  }

  async #change<T>(actor: Actor, projectId: number, work: (tx: Writer, given: Given) => Promise<T>): Promise<T> {
    const { database, clock } = this.#services
    // Before the transaction: no connection is taken inside another.
    const prefix = await this.#services.robotPrefix()
    return await database.write(async (tx) => {
      const now = clock.now()
      await getProjectByIdFor(tx, await currentActor(tx, actor, now), 'configuration:update', projectId)
      await lockName(database, tx, `protected-tags ${projectId}`)
      return await work(tx, { now, prefix })
    })
  }

  async #rowOf(
    tx: Writer,
    actor: Actor,
    { repositories, tags, users, robots }: ProtectedTagFields,
    { projectId, now, prefix, others }: Given & { readonly projectId: number; readonly others: readonly Row[] },
  ) {
    const selector = (pattern: string) => [{ excludes: false, pattern }]
    assertPatterns({ repositories: selector(repositories), tags: selector(tags) })
    if (others.some((other) => other.repositories === repositories && other.tags === tags))
      throw new DomainError('CONFLICT', 'the project has a rule for these tags already')
    const movers = [...(await usersOf(tx, users)), ...(await robotsOf(tx, robots, { prefix, projectId }))]
    return { repositories, tags, movers: JSON.stringify(movers), username: actorName(actor), updated_at: now }
  }

  async #record(
    tx: Writer,
    actor: Actor,
    type: 'create_protected_tag' | 'update_protected_tag' | 'delete_protected_tag',
    row: Pick<Row, 'id' | 'project_id' | 'repositories' | 'tags' | 'movers'>,
  ): Promise<void> {
    const { id: ruleId, project_id: projectId, repositories, tags } = row
    const movers = moversOf(row).map(({ name }) => name)
    await this.#services.events.record(tx, actor, { type, projectId, ruleId, repositories, tags, movers })
  }
}

type Row = Selectable<ProtectedTagRuleTable>

/** What a change needs beside its fields. */
interface Given {
  readonly now: number
  /** Of the names of robots. */
  readonly prefix: string
}

const rulesOf = async (reader: Reader, projectId: number): Promise<readonly Row[]> =>
  await reader.selectFrom('protected_tag_rule').selectAll().where('project_id', '=', projectId).orderBy('id').execute()

const moversOf = (row: Pick<Row, 'movers'>): readonly TagMover[] => JSON.parse(row.movers) as readonly TagMover[]

function ruleOf(row: Row): ProtectedTagRule {
  const { id, repositories, tags, username, updated_at: updatedAt } = row
  return { id, repositories, tags, movers: moversOf(row), username, updatedAt }
}

async function usersOf(reader: Reader, names: readonly string[]): Promise<readonly TagMover[]> {
  const found: TagMover[] = []
  for (const name of names) {
    const { account } = (await findAccountByName(reader, name)) ?? {}
    if (account === undefined) throw new DomainError('BAD_REQUEST', `there is no account ${name}`)
    found.push({ kind: 'user', id: account.id, name: account.username })
  }
  return found
}

/** Of another project's robots nobody learns here whether they are there. */
async function robotsOf(
  reader: Reader,
  names: readonly string[],
  { prefix, projectId }: { readonly prefix: string; readonly projectId: number },
): Promise<readonly TagMover[]> {
  const found: TagMover[] = []
  for (const name of names) {
    const { robot } = (await findRobotByUsername(reader, prefix, name)) ?? {}
    if (robot === undefined || !robotMayInProject(robot.rights, projectId, 'repository:push'))
      throw new DomainError('BAD_REQUEST', `there is no robot ${name} that may push to this project`)
    found.push({ kind: 'robot', id: robot.id, name: robot.username })
  }
  return found
}

const ruleUnknown = (id: number): DomainError =>
  new DomainError('RULE_UNKNOWN', `there is no rule ${id} of protected tags in this project`)

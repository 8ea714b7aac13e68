import { isVisibleText, withoutInvisible } from '#contract/visible-text.ts'
import type { Database, Writer } from '../../../database/database.ts'
import type { Clock } from '../../clock.ts'
import { DomainError } from '../../errors.ts'
import type { Events, EventServices } from '../../events/events.ts'
import { containing, type Listed } from '../../lists/listing.ts'
import type { Actor } from '../actor.ts'
import { currentActor } from '../current-actor.ts'
import { assertCanInSystem } from '../roles/authorise.ts'

/** Who vouches for the members of a group. */
export type UserGroupKind = 'ldap' | 'http' | 'oidc'

/** A group as the server that knows its members calls it. */
export interface GroupIdentity {
  readonly kind: UserGroupKind
  /** Of LDAP the distinguished name in one spelling, of the others the name. */
  readonly externalId: string
  readonly name: string
}

export interface UserGroup extends GroupIdentity {
  readonly id: number
}

const maxNameLength = 255

/** Groups of accounts. Who is in them, the servers that vouch for the accounts say at every login. */
export class UserGroups {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events

  constructor({ database, clock, events }: { database: Database; clock: Clock; events: Events }) {
    this.#database = database
    this.#clock = clock
    this.#events = events
  }

  /** @throws DomainError BAD_REQUEST, CONFLICT when it is known already, UNAUTHENTICATED, FORBIDDEN */
  async createGroup(actor: Actor, group: GroupIdentity): Promise<UserGroup> {
    assertCanInSystem(actor, 'user-group:create')
    return await this.#database.write(async (tx) => {
      assertCanInSystem(await currentActor(tx, actor, this.#clock.now()), 'user-group:create')
      const created = await insertGroup(tx, { clock: this.#clock, events: this.#events }, actor, group)
      if (created === undefined)
        throw new DomainError('CONFLICT', `duplicate user group: there is one of ${spelt(group)}`, {
          reason: 'NAME_TAKEN',
        })
      return created
    })
  }

  /** @throws DomainError GROUP_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async getGroup(actor: Actor, id: number): Promise<UserGroup> {
    assertCanInSystem(actor, 'user-group:read')
    const row = await this.#database.read
      .selectFrom('user_group')
      .select(columns)
      .where('id', '=', id)
      .executeTakeFirst()
    if (row === undefined) throw groupUnknown(id)
    return row
  }

  /** By name. @throws DomainError UNAUTHENTICATED, FORBIDDEN */
  async listGroups(
    actor: Actor,
    filter: { readonly name?: string | undefined; readonly externalId?: string | undefined },
    page: { readonly limit: number; readonly offset: number },
  ): Promise<Listed<UserGroup>> {
    assertCanInSystem(actor, 'user-group:list')
    return await this.#page(filter, page)
  }

  /** Names, for everybody who signed in: who adds a group to a project must find it. */
  async searchGroups(
    actor: Actor,
    name: string,
    page: { readonly limit: number; readonly offset: number },
  ): Promise<Listed<UserGroup>> {
    if (actor.kind === 'anonymous') throw new DomainError('UNAUTHENTICATED', 'unauthorized')
    return await this.#page({ name }, page)
  }

  /** @throws DomainError BAD_REQUEST, GROUP_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async renameGroup(actor: Actor, id: number, name: string): Promise<void> {
    assertCanInSystem(actor, 'user-group:update')
    assertName(name)
    await this.#database.write(async (tx) => {
      assertCanInSystem(await currentActor(tx, actor, this.#clock.now()), 'user-group:update')
      const updated = await tx
        .updateTable('user_group')
        .set({ name, updated_at: this.#clock.now() })
        .where('id', '=', id)
        .executeTakeFirst()
      if (updated.numUpdatedRows === 0n) throw groupUnknown(id)
      await this.#events.record(tx, actor, { type: 'update_user_group', groupId: id, group: name })
    })
  }

  /** With its memberships. @throws DomainError GROUP_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async deleteGroup(actor: Actor, id: number): Promise<void> {
    assertCanInSystem(actor, 'user-group:delete')
    await this.#database.write(async (tx) => {
      assertCanInSystem(await currentActor(tx, actor, this.#clock.now()), 'user-group:delete')
      const deleted = await tx.deleteFrom('user_group').where('id', '=', id).returning('name').executeTakeFirst()
      if (deleted === undefined) throw groupUnknown(id)
      await tx.deleteFrom('project_member').where('entity_type', '=', 'group').where('entity_id', '=', id).execute()
      await this.#events.record(tx, actor, { type: 'delete_user_group', groupId: id, group: deleted.name })
    })
  }

  async #page(
    { name, externalId }: { readonly name?: string | undefined; readonly externalId?: string | undefined },
    { limit, offset }: { readonly limit: number; readonly offset: number },
  ): Promise<Listed<UserGroup>> {
    let matched = this.#database.read.selectFrom('user_group')
    if (name !== undefined) matched = matched.where(containing('user_group.name', name))
    if (externalId !== undefined) matched = matched.where('external_id', '=', externalId)
    const { total } = await matched
      .select((eb) => eb.fn.countAll<number | string>().as('total'))
      .executeTakeFirstOrThrow()
    const rows = await matched.select(columns).orderBy('name').orderBy('id').limit(limit).offset(offset).execute()
    return { rows, total: Number(total) }
  }
}

/** As it is compared: of LDAP by its distinguished name, and another group may have the same name. */
const spelt = ({ kind, externalId, name }: GroupIdentity): string => (kind === 'ldap' ? externalId : `the name ${name}`)

const columns = ['id', 'kind', 'name', 'external_id as externalId'] as const

/**
 * The groups of an account as its server says they are now; those that it left are forgotten, with what they gave.
 * Groups that are not known here become so, so that they can be given roles.
 */
export async function setGroupsOf(
  tx: Writer,
  services: EventServices,
  actor: Actor,
  userId: number,
  groups: readonly GroupIdentity[],
): Promise<void> {
  const ids = new Set<number>()
  for (const named of groups) {
    // The other server's names are what it says; here they are shown, and told apart by the identifier.
    const group = { ...named, name: withoutInvisible(named.name, '\ufffd') }
    ids.add((await ensureGroup(tx, services, actor, group)).id)
  }
  const before = await tx.selectFrom('user_group_member').select('group_id').where('user_id', '=', userId).execute()
  const left = before.map((row) => row.group_id).filter((id) => !ids.has(id))
  if (left.length > 0) {
    await tx.deleteFrom('user_group_member').where('user_id', '=', userId).where('group_id', 'in', left).execute()
  }
  const joined = [...ids].filter((id) => before.every((row) => row.group_id !== id))
  if (joined.length === 0) return
  await tx
    .insertInto('user_group_member')
    .values(joined.map((groupId) => ({ user_id: userId, group_id: groupId })))
    .execute()
}

/** The group, which is made when it is not there yet; in the transaction that gives it a role. */
export async function ensureGroup(
  tx: Writer,
  services: EventServices,
  actor: Actor,
  group: GroupIdentity,
): Promise<UserGroup> {
  return (await insertGroup(tx, services, actor, group)) ?? (await getByExternalId(tx, group))
}

async function insertGroup(
  tx: Writer,
  { clock, events }: EventServices,
  actor: Actor,
  { kind, name, externalId }: GroupIdentity,
): Promise<UserGroup | undefined> {
  assertName(name)
  const now = clock.now()
  const row = await tx
    .insertInto('user_group')
    .values({ kind, name, external_id: externalId, created_at: now, updated_at: now })
    .onConflict((conflict) => conflict.columns(['kind', 'external_id']).doNothing())
    .returning(columns)
    .executeTakeFirst()
  if (row === undefined) return undefined
  await events.record(tx, actor, { type: 'create_user_group', groupId: row.id, group: name })
  return row
}

async function getByExternalId(tx: Writer, { kind, externalId }: GroupIdentity): Promise<UserGroup> {
  return await tx
    .selectFrom('user_group')
    .select(columns)
    .where('kind', '=', kind)
    .where('external_id', '=', externalId)
    .executeTakeFirstOrThrow()
}

function assertName(name: string): void {
  if (name.trim() !== '' && name.length <= maxNameLength && isVisibleText(name)) return
  throw new DomainError('BAD_REQUEST', `the name of a user group has 1 to ${maxNameLength} visible characters`)
}

function groupUnknown(id: number): DomainError {
  return new DomainError('GROUP_UNKNOWN', `the user group with id ${id} is not found`)
}

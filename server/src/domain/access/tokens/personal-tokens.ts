import type { Database, Reader } from '../../../database/database.ts'
import { preparedQuery } from '../../../database/prepared.ts'
import { isUniqueViolation } from '../../../database/violations.ts'
import type { Clock } from '../../clock.ts'
import { DomainError } from '../../errors.ts'
import type { Events } from '../../events/events.ts'
import { accountColumns, accountOf, type Account, type AccountRow } from '../accounts/accounts.ts'
import type { Actor, ActorLimits } from '../actor.ts'
import { currentActor } from '../current-actor.ts'
import { isPermission, type Permission } from '../roles/permissions.ts'
import { personOf } from '../accounts/person.ts'
import { assertProvedLately } from '../second-factor/step-up.ts'
import { isTokenUsable, limitsOfToken, type TokenRow } from './token-limits.ts'
import { hashPersonalToken, isPersonalToken, newPersonalTokenSecret } from './personal-token-secret.ts'

/** A secret that stands for a person, narrower than the person and with an end of its own. */
export interface PersonalToken {
  readonly id: number
  readonly name: string
  readonly description: string
  /** Undefined: every project that its owner has rights in. */
  readonly projectIds: readonly number[] | undefined
  readonly permissions: readonly Permission[]
  readonly expiresAt: number | undefined
  readonly lastUsedAt: number | undefined
  readonly createdAt: number
}

export interface NewPersonalToken {
  readonly name: string
  readonly description: string
  readonly projectIds: readonly number[] | undefined
  readonly permissions: readonly string[]
  /** Days until it ends; undefined: it does not. */
  readonly lifetimeDays: number | undefined
}

const maxNameLength = 64
const maxDescriptionLength = 1_024
const maxTokens = 100
const maxProjects = 1_000
const maxLifetimeDays = 3_650
/** When a token was last used is written no finer. */
const usedEveryMs = 60 * 60_000
const dayMs = 86_400_000

type FoundRow = AccountRow & TokenRow & { readonly last_used_at: number | null }

const columns = [
  'personal_token.id as token_id',
  'personal_token.projects',
  'personal_token.permissions',
  'personal_token.expires_at',
  'personal_token.last_used_at',
] as const

const selectToken = (db: Reader) =>
  db
    .selectFrom('personal_token')
    .innerJoin('user_account', 'user_account.id', 'personal_token.user_id')
    .select(accountColumns)
    .select(columns)

const findByHash = preparedQuery<{ hash: string }, FoundRow>((db, param) =>
  selectToken(db).where('personal_token.secret_hash', '=', param('hash')),
)

const findById = preparedQuery<{ id: number }, FoundRow>((db, param) =>
  selectToken(db).where('personal_token.id', '=', param('id')),
)

/** The tokens that people make for their machines. Harbor's CLI secret dies with the session at the identity provider. */
export class PersonalTokens {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events

  constructor({ database, clock, events }: { database: Database; clock: Clock; events: Events }) {
    this.#database = database
    this.#clock = clock
    this.#events = events
  }

  /**
   * The secret is given once and not kept.
   * @throws DomainError BAD_REQUEST, CONFLICT (the name is taken), PRECONDITION (too many), FORBIDDEN
   */
  async createToken(actor: Actor, token: NewPersonalToken): Promise<{ id: number; secret: string }> {
    const owner = ownerOf(actor)
    assertToken(token)
    const secret = newPersonalTokenSecret()
    const now = this.#clock.now()
    const projects = token.projectIds === undefined ? null : JSON.stringify([...new Set(token.projectIds)])
    const expiresAt = token.lifetimeDays === undefined ? null : now + token.lifetimeDays * dayMs
    try {
      return await this.#database.write(async (tx) => {
        ownerOf(await currentActor(tx, actor, now))
        await assertProvedLately(tx, actor, now)
        const { count } = await tx
          .selectFrom('personal_token')
          .select((eb) => eb.fn.countAll<number | string>().as('count'))
          .where('user_id', '=', owner.id)
          .executeTakeFirstOrThrow()
        if (Number(count) >= maxTokens)
          throw new DomainError('PRECONDITION', `you have ${maxTokens} tokens; delete those that nothing uses`)
        const { id } = await tx
          .insertInto('personal_token')
          .values({
            user_id: owner.id,
            name: token.name,
            description: token.description,
            secret_hash: hashPersonalToken(secret),
            projects,
            permissions: JSON.stringify([...new Set(token.permissions)].toSorted()),
            expires_at: expiresAt,
            last_used_at: null,
            created_at: now,
          })
          .returning('id')
          .executeTakeFirstOrThrow()
        await this.#events.record(tx, actor, { type: 'create_personal_token', tokenId: id, token: token.name })
        return { id, secret }
      })
    } catch (cause) {
      if (!isUniqueViolation(cause)) throw cause
      throw new DomainError('CONFLICT', `you have a token ${token.name} already`, { reason: 'NAME_TAKEN' })
    }
  }

  /** Their owner's, the newest first; there are at most a hundred. @throws DomainError FORBIDDEN */
  async listTokens(actor: Actor): Promise<readonly PersonalToken[]> {
    const rows = await this.#database.read
      .selectFrom('personal_token')
      .selectAll()
      .where('user_id', '=', ownerOf(actor).id)
      .orderBy('id', 'desc')
      .execute()
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      description: row.description,
      projectIds: row.projects === null ? undefined : (JSON.parse(row.projects) as number[]),
      permissions: (JSON.parse(row.permissions) as string[]).filter(isPermission),
      expiresAt: row.expires_at ?? undefined,
      lastUsedAt: row.last_used_at ?? undefined,
      createdAt: row.created_at,
    }))
  }

  /** From the next request on nobody is let in with it, nor with access tokens that were fetched with it. */
  async deleteToken(actor: Actor, id: number): Promise<void> {
    const owner = ownerOf(actor)
    await this.#database.write(async (tx) => {
      const deleted = await tx
        .deleteFrom('personal_token')
        .where('id', '=', id)
        .where('user_id', '=', owner.id)
        .returning('name')
        .executeTakeFirst()
      if (deleted === undefined) throw new DomainError('TOKEN_UNKNOWN', `you have no token ${id}`)
      await this.#events.record(tx, actor, { type: 'delete_personal_token', tokenId: id, token: deleted.name })
    })
  }

  /** Whom the secret stands for; undefined when there is no such token, it ended, or its owner is disabled. */
  async findBySecret(secret: string): Promise<{ account: Account; limits: ActorLimits } | undefined> {
    if (!isPersonalToken(secret)) return undefined
    return await this.#found(await findByHash.first(this.#database.read, { hash: hashPersonalToken(secret) }))
  }

  /** The same by its id, for an access token that was fetched with it. */
  async findById(id: number): Promise<{ account: Account; limits: ActorLimits } | undefined> {
    return await this.#found(await findById.first(this.#database.read, { id }))
  }

  async #found(row: FoundRow | undefined): Promise<{ account: Account; limits: ActorLimits } | undefined> {
    const now = this.#clock.now()
    if (row === undefined || row.disabled === 1 || !isTokenUsable(row, now)) return undefined
    if ((row.last_used_at ?? 0) + usedEveryMs <= now) {
      await this.#database.write(async (tx) => {
        await tx.updateTable('personal_token').set({ last_used_at: now }).where('id', '=', row.token_id).execute()
      }, 'relaxed')
    }
    return { account: accountOf(row), limits: limitsOfToken(row) }
  }
}

/** Tokens are made and deleted by who signed in as themselves: a token makes no tokens. */
const ownerOf = (actor: Actor) => personOf(actor, 'personal tokens belong to people who signed in with their password')

function assertToken({ name, description, permissions, projectIds, lifetimeDays }: NewPersonalToken): void {
  const refuse = (why: string): never => {
    throw new DomainError('BAD_REQUEST', why)
  }
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._-]*$/u.test(name) || name.length > maxNameLength)
    refuse(`the name of a token has 1 to ${maxNameLength} letters, digits, spaces and . _ -`)
  if (description.length > maxDescriptionLength)
    refuse(`a description has ${maxDescriptionLength} characters at the most`)
  if (permissions.length === 0) refuse('a token has at least one permission')
  const unknown = permissions.find((permission) => !isPermission(permission))
  if (unknown !== undefined) refuse(`${unknown.slice(0, 100)} is no permission in a project`)
  if (projectIds !== undefined && (projectIds.length === 0 || projectIds.length > maxProjects))
    refuse(`a token names 1 to ${maxProjects} projects, or none to count in all of yours`)
  if (lifetimeDays !== undefined && (lifetimeDays < 1 || lifetimeDays > maxLifetimeDays))
    refuse(`a token lives for 1 to ${maxLifetimeDays} days, or without an end`)
}

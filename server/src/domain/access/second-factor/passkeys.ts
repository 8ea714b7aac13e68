import type { Database, Writer } from '../../../database/database.ts'
import { lockRows } from '../../../database/locking.ts'
import { isUniqueViolation } from '../../../database/violations.ts'
import type { Clock } from '../../clock.ts'
import { DomainError } from '../../errors.ts'
import type { Events } from '../../events/events.ts'
import { accountColumns, accountOf, type Account } from '../accounts/accounts.ts'
import { personOf } from '../accounts/person.ts'
import type { Actor } from '../actor.ts'
import type { AssertAdmitted } from '../credentials/known-password.ts'
import { currentActor } from '../current-actor.ts'
import type { AskedChallenge, PasskeyChallenges } from './passkey-challenges.ts'
import { assertProvedLately } from './step-up.ts'
import {
  registrationOptions,
  rpIdOf,
  signInOptions,
  verifyRegistration,
  verifySignIn,
  type RegistrationAnswer,
  type RelyingParty,
  type SignInAnswer,
} from './webauthn.ts'

export interface PasskeysOptions {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly challenges: PasskeyChallenges
  readonly assertAdmitted: AssertAdmitted
}

export interface Passkey {
  readonly id: string
  readonly name: string
  /** The host that it belongs to. */
  readonly host: string
  readonly createdAt: number
  readonly lastUsedAt: number | undefined
}

/** What a browser is asked for, and what comes back with its answer. */
export interface Question {
  readonly options: object
  readonly state: string
}

const maxPasskeys = 20
const maxNameLength = 64
const signIn = 'sign-in'
const registrationOf = (userId: number): string => `register ${userId}`

/**
 * Keys in telephones, computers and tokens that sign a person in without a password. They are something that somebody has and,
 * by a finger or a PIN that is always asked for, something that they are or know. For people whose password is here and who
 * have set up codes: those are the way back when a key is lost.
 */
export class Passkeys {
  readonly #options: PasskeysOptions

  constructor(options: PasskeysOptions) {
    this.#options = options
  }

  /** The newest first. @throws DomainError UNAUTHENTICATED, FORBIDDEN */
  async listOwn(actor: Actor): Promise<readonly Passkey[]> {
    const rows = await this.#options.database.read
      .selectFrom('passkey')
      .selectAll()
      .where('user_id', '=', ownerOf(actor).id)
      .orderBy('created_at', 'desc')
      .orderBy('id')
      .execute()
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      host: row.rp_id,
      createdAt: row.created_at,
      lastUsedAt: row.last_used_at ?? undefined,
    }))
  }

  /** @throws DomainError UNAUTHENTICATED, FORBIDDEN (reason STEP_UP_REQUIRED), PRECONDITION */
  async beginRegistration(actor: Actor, party: RelyingParty): Promise<Question> {
    const { database, challenges } = this.#options
    const owner = ownerOf(actor)
    await this.#assertMayHave(database.read, actor)
    const known = (await this.listOwn(actor)).filter(({ host }) => host === rpIdOf(party)).map(({ id }) => id)
    const { challenge, state } = await challenges.ask(registrationOf(owner.id))
    return { options: await registrationOptions(party, owner, { challenge, known }), state }
  }

  /** Throws as `beginRegistration`, and BAD_REQUEST for an answer or a name that cannot be, CONFLICT for a key that is here. */
  async register(
    actor: Actor,
    { name, state, answer }: { readonly name: string; readonly state: string; readonly answer: RegistrationAnswer },
    party: RelyingParty,
  ): Promise<string> {
    const { database, clock, events, challenges } = this.#options
    const owner = ownerOf(actor)
    if (!/^[\p{L}\p{N}][\p{L}\p{N} ._'’()-]*$/u.test(name) || name.length > maxNameLength)
      throw new DomainError('BAD_REQUEST', `the name of a passkey has 1 to ${maxNameLength} letters, digits and spaces`)
    const asked = await this.#opened(state, registrationOf(owner.id))
    const made = await verifyRegistration(party, asked.challenge, answer)
    try {
      await database.write(async (tx) => {
        await this.#assertMayHave(tx, await currentActor(tx, actor, clock.now()))
        await challenges.use(tx, asked)
        await tx
          .insertInto('passkey')
          .values({
            id: made.id,
            user_id: owner.id,
            name,
            rp_id: rpIdOf(party),
            public_key: made.publicKey,
            counter: made.counter,
            created_at: clock.now(),
            last_used_at: null,
          })
          .execute()
        const { id: userId, username } = owner
        await events.record(tx, actor, { type: 'create_passkey', userId, username, passkey: name })
      })
    } catch (cause) {
      if (!isUniqueViolation(cause)) throw cause
      throw new DomainError('CONFLICT', 'this passkey is known already')
    }
    return made.id
  }

  /** Idempotent. @throws DomainError UNAUTHENTICATED, FORBIDDEN */
  async removeOwn(actor: Actor, id: string): Promise<void> {
    const { database, clock, events } = this.#options
    const { id: userId, username } = ownerOf(actor)
    await database.write(async (tx) => {
      await currentActor(tx, actor, clock.now())
      const gone = await tx
        .deleteFrom('passkey')
        .where('id', '=', id)
        .where('user_id', '=', userId)
        .returning('name')
        .executeTakeFirst()
      if (gone === undefined) return
      await events.record(tx, actor, { type: 'delete_passkey', userId, username, passkey: gone.name })
    })
  }

  /** Of nobody yet: the authenticator says whose key it has. */
  async beginSignIn(party: RelyingParty): Promise<Question> {
    const { challenge, state } = await this.#options.challenges.ask(signIn)
    return { options: await signInOptions(party, challenge), state }
  }

  /**
   * Whose key answered.
   * @throws DomainError BAD_REQUEST for an answer that is wrong, too late or came before; FORBIDDEN for who is admitted from
   * elsewhere only
   */
  async signIn(
    { state, answer }: { readonly state: string; readonly answer: SignInAnswer },
    party: RelyingParty,
  ): Promise<Account> {
    const { database, clock, challenges, assertAdmitted } = this.#options
    const asked = await this.#opened(state, signIn)
    const account = await database.write(async (tx) => {
      const query = tx
        .selectFrom('passkey')
        .innerJoin('user_account', 'user_account.id', 'passkey.user_id')
        .select(accountColumns)
        .select(['passkey.id as passkey_id', 'passkey.public_key', 'passkey.counter'])
        .where('passkey.id', '=', answer.id)
        .where('passkey.rp_id', '=', rpIdOf(party))
      const row = await lockRows(database, query).executeTakeFirst()
      if (row === undefined || row.disabled === 1 || row.source !== 'local' || row.second_factor !== 1) throw refused()
      const known = { id: row.passkey_id, publicKey: row.public_key, counter: row.counter }
      const counter = await verifySignIn(party, asked.challenge, answer, known)
      await challenges.use(tx, asked)
      await tx
        .updateTable('passkey')
        .set({ counter, last_used_at: clock.now() })
        .where('id', '=', row.passkey_id)
        .execute()
      return accountOf(row)
    })
    await assertAdmitted(account)
    return account
  }

  async #opened(state: string, purpose: string): Promise<AskedChallenge> {
    const asked = await this.#options.challenges.open(state, purpose)
    if (asked === undefined) throw refused()
    return asked
  }

  async #assertMayHave(reader: Database['read'] | Writer, actor: Actor): Promise<void> {
    const { id } = ownerOf(actor)
    const row = await reader
      .selectFrom('user_account')
      .select(['second_factor', 'source'])
      .select((eb) =>
        eb
          .selectFrom('passkey')
          .whereRef('passkey.user_id', '=', 'user_account.id')
          .select(({ fn }) => fn.countAll<number | string>().as('count'))
          .as('passkeys'),
      )
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
    const refuse = (why: string): never => {
      throw new DomainError('PRECONDITION', why)
    }
    if (row.source !== 'local') refuse('passkeys are for people whose password is in this registry')
    if (row.second_factor !== 1) refuse('set up codes of an authenticator app first: they are the way back')
    if (Number(row.passkeys) >= maxPasskeys)
      refuse(`you have ${maxPasskeys} passkeys; remove those that you do not use`)
    await assertProvedLately(reader, actor, this.#options.clock.now())
  }
}

const ownerOf = (actor: Actor) => personOf(actor, 'passkeys belong to people who signed in themselves')

const refused = (): DomainError =>
  new DomainError('BAD_REQUEST', 'the passkey was not accepted: begin once more', { reason: 'PASSKEY_REFUSED' })

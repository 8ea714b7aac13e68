import type { Database, Writer } from '../../../database/database.ts'
import type { Clock } from '../../clock.ts'
import { DomainError } from '../../errors.ts'
import type { Events } from '../../events/events.ts'
import { placeIn } from '../../secrets/sealed-column.ts'
import { actorOf, findAccount, type Account } from '../accounts/accounts.ts'
import { personOf } from '../accounts/person.ts'
import { userUnknown } from '../accounts/user-rules.ts'
import type { Actor } from '../actor.ts'
import { currentActor } from '../current-actor.ts'
import { hashOfRecoveryCode, newRecoveryCodes } from './recovery-codes.ts'
import { changeSecondFactor, lockAccount, removeSecondFactor, resetSecondFactor } from './second-factor-changes.ts'
import type { Demand, SecondFactorProofs } from './second-factor-proofs.ts'
import { lockSecondFactor, totpSecrets, type SecretBox } from './second-factor-rows.ts'
import { newTotpSecret, otpauthUri, stepOfCode } from './totp.ts'

export interface SecondFactorsOptions {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly secrets: SecretBox
  readonly proofs: SecondFactorProofs
}

/** What a person sees of their own second factor. */
export interface OwnSecondFactor {
  /** Since when they have one (ms); undefined without one. */
  readonly since: number | undefined
  readonly recoveryCodesLeft: number
  /** They cannot be without one. */
  readonly required: boolean
  /** Who signs in at a provider has theirs there. */
  readonly elsewhere: boolean
}

/** What an authenticator app takes up, as text and as what stands in the picture that it scans. */
export interface Enrolment {
  readonly secret: string
  readonly uri: string
}

/** Told this once, and kept as hashes. */
export interface NewSecondFactor {
  readonly recoveryCodes: readonly string[]
  /** Another version of it: everything from before is void. */
  readonly account: Account
}

/** Sets up, renews and takes away the second factors of people. Every change ends their other sessions. */
export class SecondFactors {
  readonly #options: SecondFactorsOptions

  constructor(options: SecondFactorsOptions) {
    this.#options = options
  }

  /** @throws DomainError UNAUTHENTICATED, FORBIDDEN for whoever is no person */
  async getOwn(actor: Actor): Promise<OwnSecondFactor> {
    const { database, proofs } = this.#options
    const account = await this.#accountOf(actor)
    const row = await database.read
      .selectFrom('second_factor')
      .select('confirmed_at')
      .where('user_id', '=', account.id)
      .executeTakeFirst()
    const { left } = await database.read
      .selectFrom('recovery_code')
      .select((eb) => eb.fn.countAll<number | string>().as('left'))
      .where('user_id', '=', account.id)
      .executeTakeFirstOrThrow()
    const bare: Demand = await proofs.demandOn({ ...account, secondFactor: false })
    return {
      since: row?.confirmed_at ?? undefined,
      recoveryCodesLeft: Number(left),
      required: bare === 'enrolment',
      elsewhere: account.provedElsewhere,
    }
  }

  /**
   * A new secret for somebody who has just shown their password. One that was begun before and not confirmed is void: somebody
   * else may have seen it. `issuer`: under which the app shows the code, the registry's name.
   * @throws DomainError PRECONDITION for who has a second factor, or has it elsewhere
   */
  async beginEnrolment({ id, username }: Pick<Account, 'id' | 'username'>, issuer: string): Promise<Enrolment> {
    const { database, clock, secrets } = this.#options
    const secret = newTotpSecret()
    await database.write(async (tx) => {
      const account = await lockAccount(database, tx, id)
      if (account === undefined || account.disabled) throw userUnknown(username)
      if (account.provedElsewhere)
        throw new DomainError(
          'PRECONDITION',
          `${username} signs in at a provider, which asks for a second factor itself`,
        )
      if (account.secondFactor)
        throw new DomainError('PRECONDITION', `${username} has a second factor: take it away before setting up another`)
      const sealed = await secrets.seal(tx, placeIn(totpSecrets, id), secret)
      const values = { user_id: id, secret: sealed, confirmed_at: null, created_at: clock.now() }
      await tx
        .insertInto('second_factor')
        .values({ ...values, last_step: 0, wrong_codes: 0, wrong_at: 0 })
        .onConflict((conflict) => conflict.column('user_id').doUpdateSet({ ...values, last_step: 0, wrong_codes: 0 }))
        .execute()
    })
    return { secret, uri: otpauthUri({ secret, issuer, username }) }
  }

  /**
   * Switches the second factor on once the app shows the right code; undefined when it does not. The session that asks goes
   * on, all others end.
   * @throws DomainError PRECONDITION when nothing was begun, UNAUTHENTICATED when the account was changed meanwhile
   */
  async confirmEnrolment(account: Account, code: string, session?: string): Promise<NewSecondFactor | undefined> {
    const { database, clock } = this.#options
    return await database.write(async (tx) => {
      const before = await lockAccount(database, tx, account.id)
      if (before === undefined || before.disabled || before.version !== account.version) throw changedMeanwhile()
      const row = await lockSecondFactor(this.#options, tx, account.id)
      if (row === undefined || row.confirmedAt !== undefined)
        throw new DomainError('PRECONDITION', 'no second factor was begun: begin once more, with the password')
      const now = clock.now()
      const step = stepOfCode(row.secret, code.trim().replaceAll(' ', ''), now, row.lastStep)
      if (step === undefined) return undefined
      await tx
        .updateTable('second_factor')
        .set({ confirmed_at: now, last_step: step })
        .where('user_id', '=', account.id)
        .execute()
      const changed = await changeSecondFactor(this.#options, tx, before, { on: true, actor: actorOf(before), session })
      return { recoveryCodes: await this.#writeRecoveryCodes(tx, account.id), account: changed }
    })
  }

  /** The same for who is signed in. @throws DomainError BAD_REQUEST for a wrong code, and as that */
  async confirmOwn(actor: Actor, code: string): Promise<readonly string[]> {
    const session = actor.kind === 'user' ? actor.session : undefined
    const made = await this.confirmEnrolment(await this.#accountOf(actor), code, session)
    if (made === undefined) throw wrongCode()
    return made.recoveryCodes
  }

  /**
   * Ten new recovery codes in the place of those that are left.
   * @throws DomainError UNAUTHENTICATED, FORBIDDEN, BAD_REQUEST for a wrong code, PRECONDITION, TOO_MANY_REQUESTS
   */
  async renewRecoveryCodes(actor: Actor, code: string): Promise<readonly string[]> {
    const account = await this.#proved(actor, code)
    return await this.#options.database.write(async (tx) => {
      const { id: userId, username } = account
      await currentActor(tx, actor, this.#options.clock.now())
      const codes = await this.#writeRecoveryCodes(tx, userId)
      await this.#options.events.record(tx, actor, { type: 'renew_recovery_codes', userId, username })
      return codes
    })
  }

  /** The session that asks has shown a code just now: dangerous acts are open to it for a while. Throws as above. */
  async proveSession(actor: Actor, code: string): Promise<void> {
    await this.#proved(actor, code)
    const session = actor.kind === 'user' ? actor.session : undefined
    if (session === undefined) return
    const now = this.#options.clock.now()
    await this.#options.database.write(async (tx) => {
      await tx.updateTable('session').set({ proved_at: now }).where('id_hash', '=', session).execute()
    })
  }

  /** Takes the own second factor away. Throws as `renewRecoveryCodes`. */
  async removeOwn(actor: Actor, code: string): Promise<void> {
    const account = await this.#proved(actor, code)
    await this.#options.database.write(async (tx) => {
      await currentActor(tx, actor, this.#options.clock.now())
      const before = await lockAccount(this.#options.database, tx, account.id)
      if (before === undefined) throw userUnknown(account.username)
      await removeSecondFactor(this.#options, tx, before, actor)
    })
  }

  /** As `resetSecondFactor`. */
  async reset(actor: Actor, userId: number): Promise<void> {
    await resetSecondFactor(this.#options, actor, userId)
  }

  async #writeRecoveryCodes(tx: Writer, userId: number): Promise<readonly string[]> {
    const codes = newRecoveryCodes()
    await tx.deleteFrom('recovery_code').where('user_id', '=', userId).execute()
    const rows = codes.map((code) => ({ user_id: userId, code_hash: hashOfRecoveryCode(userId, code)! }))
    await tx.insertInto('recovery_code').values(rows).execute()
    return codes
  }

  async #proved(actor: Actor, code: string): Promise<Account> {
    const account = await this.#accountOf(actor)
    if (!account.secondFactor) throw new DomainError('PRECONDITION', 'you have no second factor')
    if (!(await this.#options.proofs.prove(account, code))) throw wrongCode()
    return account
  }

  async #accountOf(actor: Actor): Promise<Account> {
    const person = personOf(actor, 'second factors belong to people who signed in with their password')
    const account = await findAccount(this.#options.database.read, person.id)
    if (account === undefined) throw userUnknown(person.username)
    return account
  }
}

const changedMeanwhile = (): DomainError =>
  new DomainError('UNAUTHENTICATED', 'the account was changed since the login began; sign in again')

export const wrongCode = (): DomainError =>
  new DomainError(
    'BAD_REQUEST',
    'the code is wrong, or was used before: wait for the next one, and look at the clock of the phone',
    { reason: 'SECOND_FACTOR_WRONG' },
  )

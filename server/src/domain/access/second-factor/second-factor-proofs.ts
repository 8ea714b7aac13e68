import type { Database, Writer } from '../../../database/database.ts'
import type { Clock } from '../../clock.ts'
import { DomainError } from '../../errors.ts'
import type { Events } from '../../events/events.ts'
import { actorOf, type Account } from '../accounts/accounts.ts'
import { hashOfRecoveryCode } from './recovery-codes.ts'
import { lockSecondFactor, type SecretBox } from './second-factor-rows.ts'
import { looksLikeCode, stepOfCode } from './totp.ts'

/**
 * After so many wrong codes in a row an account takes no codes for a while, from wherever they come: who guesses here has the
 * password already, and may have many addresses. Recovery codes are taken all the same, so that the owner is not locked out.
 */
const maxWrongCodes = 10
const waitMs = 15 * 60_000

export interface SecondFactorProofsOptions {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly secrets: SecretBox
  /** Whom the registry asks for a second factor, whether they want one or not. */
  readonly required: () => Promise<SecondFactorRule>
}

export const secondFactorRules = ['off', 'administrators', 'everyone'] as const
export type SecondFactorRule = (typeof secondFactorRules)[number]

/** What somebody who knows the password has to show beside it. `enrolment`: they have nothing yet, and must. */
export type Demand = 'nothing' | 'code' | 'enrolment'

/** Asks for a second factor where one is due, and judges what is shown. */
export class SecondFactorProofs {
  readonly #options: SecondFactorProofsOptions

  constructor(options: SecondFactorProofsOptions) {
    this.#options = options
  }

  /** People of an OIDC provider prove as much there as it asks for. */
  async demandOn(account: Pick<Account, 'admin' | 'secondFactor' | 'provedElsewhere'>): Promise<Demand> {
    if (account.provedElsewhere) return 'nothing'
    if (account.secondFactor) return 'code'
    const rule = await this.#options.required()
    return rule === 'everyone' || (rule === 'administrators' && account.admin) ? 'enrolment' : 'nothing'
  }

  /**
   * For programs, which come with a password and could not be asked for more.
   * @throws DomainError FORBIDDEN, reason SECOND_FACTOR_REQUIRED, where the password is not enough
   */
  async assertPasswordSuffices(account: Account): Promise<void> {
    const demand = await this.demandOn(account)
    if (demand === 'nothing') return
    const why =
      demand === 'code'
        ? `${account.username} has a second factor, so the password alone opens nothing here.`
        : `this registry asks ${account.username} for a second factor: set one up by signing in to the console.`
    throw new DomainError(
      'FORBIDDEN',
      `${why} Programs sign in with a personal token in the place of the password: make one in the console, under your name.`,
      { reason: 'SECOND_FACTOR_REQUIRED' },
    )
  }

  /**
   * Whether `code` is a code of the person's app that was not used before, or one of their recovery codes, which is used up.
   * @throws DomainError TOO_MANY_REQUESTS, SECRET_UNREADABLE
   */
  async prove(account: Account, code: string): Promise<boolean> {
    return await this.#options.database.write(async (tx) => {
      const row = await lockSecondFactor(this.#options, tx, account.id)
      if (row?.confirmedAt === undefined) return false
      const given = code.trim().replaceAll(' ', '')
      if (!looksLikeCode(given)) return await this.#useRecoveryCode(tx, account, given)
      const now = this.#options.clock.now()
      const wrong = row.wrongAt + waitMs > now ? row.wrongCodes : 0
      if (wrong >= maxWrongCodes) throw tooManyWrongCodes(row.wrongAt + waitMs - now)
      const step = stepOfCode(row.secret, given, now, row.lastStep)
      const after = step === undefined ? { wrong_codes: wrong + 1, wrong_at: now } : { wrong_codes: 0, last_step: step }
      await tx.updateTable('second_factor').set(after).where('user_id', '=', account.id).execute()
      return step !== undefined
    })
  }

  async #useRecoveryCode(tx: Writer, account: Account, code: string): Promise<boolean> {
    const hash = hashOfRecoveryCode(account.id, code)
    if (hash === undefined) return false
    const { numDeletedRows } = await tx
      .deleteFrom('recovery_code')
      .where('user_id', '=', account.id)
      .where('code_hash', '=', hash)
      .executeTakeFirst()
    if (numDeletedRows === 0n) return false
    const { id: userId, username } = account
    await this.#options.events.record(tx, actorOf(account), { type: 'use_recovery_code', userId, username })
    return true
  }
}

function tooManyWrongCodes(forMs: number): DomainError {
  return new DomainError(
    'TOO_MANY_REQUESTS',
    `too many wrong codes: wait ${Math.ceil(forMs / 60_000)} minutes, or sign in with a recovery code`,
    { retryAfterSeconds: forMs / 1_000 },
  )
}

import type { Database, Writer } from '../../../database/database.ts'
import type { Clock } from '../../clock.ts'
import { DomainError } from '../../errors.ts'
import type { Account } from '../accounts/accounts.ts'
import { assertPasswordStrong, type Passwords } from './passwords.ts'

/** What a site asks of passwords beyond Harbor's rule. */
export interface PasswordRules {
  /** Characters. */
  readonly minLength: number
  /** So many former passwords are not taken again. */
  readonly history: number
  /** 0: a password may be of any age. */
  readonly maxAgeDays: number
}

export type ReadPasswordRules = () => Promise<PasswordRules>

/** Harbor's rule alone. */
export const standardPasswordRules: PasswordRules = { minLength: 8, history: 0, maxAgeDays: 0 }

/** As many as the rule can ask for: a longer history can be asked for later. */
const keptFormerPasswords = 24
const dayMs = 86_400_000

/** @throws DomainError BAD_REQUEST for a password against the rules */
export function assertPasswordFits(password: string, { minLength }: Pick<PasswordRules, 'minLength'>): void {
  assertPasswordStrong(password)
  if ([...password].length >= minLength) return
  throw new DomainError('BAD_REQUEST', `a password has at least ${minLength} characters here`, {
    reason: 'PASSWORD_TOO_SHORT',
  })
}

/**
 * For people who choose their own. Others are not told what somebody's password was.
 * @throws DomainError BAD_REQUEST, reason PASSWORD_USED_BEFORE
 */
export async function assertPasswordNew(
  { database, passwords }: { readonly database: Database; readonly passwords: Passwords },
  userId: number,
  password: string,
  { history }: Pick<PasswordRules, 'history'>,
): Promise<void> {
  if (history === 0) return
  const former = await database.read
    .selectFrom('former_password')
    .select('password_hash')
    .where('user_id', '=', userId)
    .orderBy('id', 'desc')
    .limit(history)
    .execute()
  for (const { password_hash: hash } of former) {
    if (!(await passwords.verify(password, hash))) continue
    throw new DomainError('BAD_REQUEST', `this was one of your last ${history} passwords: choose another`, {
      reason: 'PASSWORD_USED_BEFORE',
    })
  }
}

/** Keeps what is being replaced, in the transaction that replaces it. */
export async function keepFormerPassword(tx: Writer, userId: number, now: number): Promise<void> {
  const { password_hash: hash } = await tx
    .selectFrom('user_account')
    .select('password_hash')
    .where('id', '=', userId)
    .executeTakeFirstOrThrow()
  if (hash === null) return
  await tx.insertInto('former_password').values({ user_id: userId, password_hash: hash, replaced_at: now }).execute()
  const kept = tx
    .selectFrom('former_password')
    .select('id')
    .where('user_id', '=', userId)
    .orderBy('id', 'desc')
    .limit(keptFormerPasswords)
  const ids = (await kept.execute()).map(({ id }) => id)
  await tx.deleteFrom('former_password').where('user_id', '=', userId).where('id', 'not in', ids).execute()
}

/** @throws DomainError FORBIDDEN, reason PASSWORD_EXPIRED, for a password that is older than the rules allow */
export async function assertPasswordYoung(
  { clock, rules }: { readonly clock: Clock; readonly rules: ReadPasswordRules },
  { username, passwordChangedAt }: Account,
): Promise<void> {
  if (passwordChangedAt === undefined) return
  const { maxAgeDays } = await rules()
  if (maxAgeDays === 0 || passwordChangedAt + maxAgeDays * dayMs > clock.now()) return
  throw new DomainError(
    'FORBIDDEN',
    `the password of ${username} is older than ${maxAgeDays} days: sign in to the console, which asks for a new one`,
    { reason: 'PASSWORD_EXPIRED' },
  )
}

import { DomainError } from '../../errors.ts'
import { currentOrigin } from '../../request-origin.ts'
import type { Account } from '../accounts/accounts.ts'
import { initialAdministrator } from '../accounts/users.ts'

/**
 * Admits an account at this moment, or says why not.
 * @throws DomainError FORBIDDEN
 */
export type AssertAdmitted = (account: Pick<Account, 'username' | 'version'>) => Promise<void>

/**
 * Keeps the first administrator to this machine while the password is the one of every manual: a fresh installation
 * listens to the network before anybody has chosen one. `stands` says whether it is that password. What runs outside a
 * request (the command line, a job) is on this machine by nature.
 */
export function composeAssertAdmitted(stands: () => Promise<boolean>): AssertAdmitted {
  /** A version of the account and its password, verified once: an account with another version may have got another. */
  let judged: { readonly version: number; readonly isKnown: boolean } | undefined
  return async ({ username, version }) => {
    if (username !== initialAdministrator) return
    if (judged?.version !== version) judged = { version, isKnown: await stands() }
    // Last, because it reads every header.
    if (judged.isKnown && currentOrigin()?.isFromThisMachine() === false) throw new DomainError('FORBIDDEN', refusal)
  }
}

const refusal = [
  `the account ${initialAdministrator} still has the password of every manual, so it is admitted from the registry's own machine only.`,
  `There, set another: berth user set-password ${initialAdministrator}, or the console at http://localhost.`,
  'A new installation takes it from BERTH_ADMIN_PASSWORD at its first start.',
].join(' ')

import type { Account } from '../../domain/access/accounts/accounts.ts'
import type { SignIn } from '../../domain/access/credentials/sign-in.ts'
import type { SecondFactorProofs } from '../../domain/access/second-factor/second-factor-proofs.ts'
import { wrongCode, type Enrolment, type SecondFactors } from '../../domain/access/second-factor/second-factors.ts'
import { DomainError } from '../../domain/errors.ts'

export interface SecondStepOptions {
  readonly signIn: Pick<SignIn, 'refuseGuess'>
  readonly proofs: SecondFactorProofs
  readonly secondFactors: SecondFactors
}

/** How a login with the right password goes on. */
export type SecondStep =
  | {
      readonly kind: 'admitted'
      readonly account: Account
      readonly proved: boolean
      readonly recoveryCodes?: readonly string[]
    }
  /** They have to set up a second factor first, with this secret, and come again with a code of it. */
  | { readonly kind: 'enrolment'; readonly enrolment: Enrolment }

/**
 * Asks for what an account shows beside its password. Nothing is kept between the two requests of a login but the brake: the
 * form sends name and password again, with the code.
 * @throws DomainError FORBIDDEN (reason SECOND_FACTOR_REQUIRED), BAD_REQUEST (reason SECOND_FACTOR_WRONG), TOO_MANY_REQUESTS
 */
export async function takeSecondStep(
  { signIn, proofs, secondFactors }: SecondStepOptions,
  account: Account,
  { code, issuer, clientAddress }: Readonly<Record<'code' | 'issuer' | 'clientAddress', string>>,
): Promise<SecondStep> {
  const demand = await proofs.demandOn(account)
  if (demand === 'nothing') return { kind: 'admitted', account, proved: false }
  if (code === '') {
    if (demand === 'enrolment')
      return { kind: 'enrolment', enrolment: await secondFactors.beginEnrolment(account, issuer) }
    throw new DomainError('FORBIDDEN', 'enter the code of your authenticator app, or a recovery code', {
      reason: 'SECOND_FACTOR_REQUIRED',
    })
  }
  if (demand === 'enrolment') {
    const made = await secondFactors.confirmEnrolment(account, code)
    if (made !== undefined) return { kind: 'admitted', ...made, proved: true }
  } else if (await proofs.prove(account, code)) return { kind: 'admitted', account, proved: true }
  await signIn.refuseGuess(account.username, clientAddress)
  throw wrongCode()
}

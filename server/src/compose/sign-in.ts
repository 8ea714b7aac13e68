import type { Config } from '../config/config.ts'
import type { Account } from '../domain/access/accounts/accounts.ts'
import { anonymous } from '../domain/access/actor.ts'
import { composeAssertAdmitted, type AssertAdmitted } from '../domain/access/credentials/known-password.ts'
import { assertPasswordYoung } from '../domain/access/credentials/password-rules.ts'
import { Sessions } from '../domain/access/credentials/sessions.ts'
import { SignIn } from '../domain/access/credentials/sign-in.ts'
import { PasskeyChallenges } from '../domain/access/second-factor/passkey-challenges.ts'
import { Passkeys } from '../domain/access/second-factor/passkeys.ts'
import { SecondFactorProofs, type SecondFactorRule } from '../domain/access/second-factor/second-factor-proofs.ts'
import { SecondFactors } from '../domain/access/second-factor/second-factors.ts'
import { composeFindRobot } from '../domain/access/robots/robot-accounts.ts'
import { AccessTokens } from '../domain/access/tokens/access-tokens.ts'
import { PersonalTokens } from '../domain/access/tokens/personal-tokens.ts'
import { SigningKeys } from '../domain/access/tokens/signing-keys.ts'
import { composeExternalSignIn } from '../domain/identities/external-sign-in.ts'
import { composeAuthenticate } from '../http/authentication.ts'
import { composeSessionAccount } from '../http/session-cookie.ts'
import { composeTokenEndpoint } from '../http/token/token-endpoint.ts'
import type { Metrics } from '../http/ops/metrics.ts'
import type { Logger } from '../logging.ts'
import type { Foundation } from './foundation.ts'
import type { IdentityServices } from './identities.ts'
import type { RobotServices } from './robots.ts'
import type { UserServices } from './users.ts'

type Ground = Omit<Foundation, 'store'> & {
  readonly logger?: Pick<Logger, 'warn'> | undefined
  readonly metrics?: Pick<Metrics, 'add'> | undefined
}
type Known = Pick<UserServices, 'settings' | 'passwords' | 'passwordRules' | 'defaultPasswordStands'> &
  IdentityServices &
  Pick<RobotServices, 'trustRules'>

export type SignInServices = ReturnType<typeof composeSignInServices>

/** Every way to prove an identity: password, session, secret of a robot, token. */
export function composeSignInServices(config: Config, ground: Ground, known: Known) {
  const { database, clock, events, secrets, signals } = ground
  const { open, defaultProject, token } = config
  const { settings } = known
  const robotPrefix = async () => (await settings.getSettings()).robot_name_prefix
  const lifetimeSeconds = async () =>
    settings.fixed.token_expiration === undefined
      ? (await settings.getSettings()).token_expiration * 60
      : token.lifetimeSeconds
  const signingKeys = new SigningKeys({
    database,
    clock,
    events,
    secrets,
    tokenLifetimeSeconds: lifetimeSeconds,
    onRotated: () => signals.send({ kind: 'signing-keys' }),
  })
  const tokens = new AccessTokens({ keys: signingKeys, clock, ...token, lifetimeSeconds })
  const personalTokens = new PersonalTokens({ database, clock, events })
  const assertAdmitted = composeAssertAdmitted(known.defaultPasswordStands)
  const required = async () => (await settings.getSettings()).second_factor_required as SecondFactorRule
  const proofs = new SecondFactorProofs({ database, clock, events, secrets, required })
  const assertPasswordFresh = async (account: Account) =>
    await assertPasswordYoung({ clock, rules: known.passwordRules }, account)
  const assertPasswordSuffices = async (account: Account) => {
    await proofs.assertPasswordSuffices(account)
    await assertPasswordFresh(account)
  }
  const signIn = composeSignIn(ground, known, { robotPrefix, personalTokens, assertAdmitted, assertPasswordSuffices })
  const lifetimeMs = async () => (await settings.getSettings()).session_timeout * 60_000
  const maxPerUser = async () => (await settings.getSettings()).sessions_per_user
  const sessions = new Sessions({ database, clock, events, lifetimeMs, maxPerUser })
  const findRobot = composeFindRobot(database, clock, robotPrefix)
  const authentication = { database, signIn, tokens, findRobot, personalTokens, assertAdmitted, defaultProject, open }
  return {
    personalTokens,
    signIn,
    proofs,
    assertPasswordFresh,
    secondFactors: new SecondFactors({ database, clock, events, secrets, proofs }),
    passkeys: new Passkeys({
      ...{ database, clock, events, assertAdmitted },
      challenges: new PasskeyChallenges({ keys: signingKeys, clock }),
    }),
    tokens,
    signingKeys,
    sessions,
    /** Basic and Bearer. */
    authenticate: composeAuthenticate(authentication),
    /** Those, and the sessions of browsers. */
    authenticateBrowser: composeAuthenticate({
      ...authentication,
      sessionAccount: composeSessionAccount(sessions, assertAdmitted, proofs),
    }),
    token: composeTokenEndpoint({ database, signIn, tokens, service: token.service, defaultProject, open }),
  }
}

function composeSignIn(
  { database, clock, events, signals, logger, metrics }: Ground,
  { settings, passwords, directory, externalAccounts, cliSecrets, trustRules }: Known,
  {
    robotPrefix,
    personalTokens,
    assertAdmitted,
    assertPasswordSuffices,
  }: {
    robotPrefix: () => Promise<string>
    personalTokens: PersonalTokens
    assertAdmitted: AssertAdmitted
    assertPasswordSuffices: (account: Account) => Promise<void>
  },
): SignIn {
  metrics?.add('logins_failed', 0, 'Logins with a wrong name or secret.')
  metrics?.add('logins_braked', 0, 'Attempts that the brake refused.')
  return new SignIn({
    database,
    clock,
    passwords,
    robotPrefix,
    assertAdmitted,
    assertPasswordSuffices,
    external: composeExternalSignIn({ settings, directory, accounts: externalAccounts, cliSecrets }),
    isTrustedFor: async (robotId, token) => await trustRules.isTrusted(robotId, token),
    personalTokens: async (secret) => await personalTokens.findBySecret(secret),
    onForgiven: (username, clientAddress) => signals.send({ kind: 'login-succeeded', username, clientAddress }),
    onBraked: (username, client, message) => {
      metrics?.add('logins_braked', 1)
      logger?.warn({ username, client, reason: message }, 'login refused by the brake')
    },
    onFailure: async (username, clientAddress) => {
      metrics?.add('logins_failed', 1)
      logger?.warn({ username, client: clientAddress, reason: 'wrong name or secret' }, 'login failed')
      signals.send({ kind: 'login-failed', username, clientAddress })
      const event = { type: 'login_user', failed: true, username } as const
      await database.write(async (tx) => await events.record(tx, anonymous, event), 'relaxed')
    },
  })
}

import type { ExternalSignIn, ExternalVerdict } from '../access/credentials/sign-in.ts'
import type { Settings } from '../settings/settings.ts'
import type { Directory } from './directory.ts'
import type { ExternalAccounts } from './external-accounts.ts'
import type { CliSecrets } from './cli-secrets.ts'

export interface ExternalSignInOptions {
  readonly settings: Settings
  readonly directory: Directory
  readonly accounts: ExternalAccounts
  readonly cliSecrets: CliSecrets
}

const nobody: ExternalVerdict = { account: undefined, hashed: false }

/**
 * Usernames and passwords of people for whom another server vouches: the directory's own, or the CLI secret that stands
 * for the password at an OIDC provider. Accounts of this registry are never asked about elsewhere.
 */
export function composeExternalSignIn({
  settings,
  directory,
  accounts,
  cliSecrets,
}: ExternalSignInOptions): ExternalSignIn {
  return async ({ username, password }, known) => {
    const { auth_mode: mode } = await settings.getSettings()
    // An account is as good as the server that vouches for it; while that one is not asked, it is worth nothing.
    if (known?.source === 'oidc') {
      return mode === 'oidc_auth' ? await cliSecrets.verifySecret(known.account, password) : nobody
    }
    if (mode !== 'ldap_auth') return nobody
    const person = await directory.authenticate(username, password)
    if (person === undefined) return nobody
    return { account: await accounts.recogniseAccount(person, { onboard: true }), hashed: false }
  }
}

import type { Outbound } from '../clients/outbound.ts'
import type { Config } from '../config/config.ts'
import { CliSecrets } from '../domain/identities/cli-secrets.ts'
import { Directory } from '../domain/identities/directory.ts'
import { ExternalAccounts } from '../domain/identities/external-accounts.ts'
import { Oidc } from '../domain/identities/oidc.ts'
import { PendingSignIns } from '../domain/identities/pending-sign-ins.ts'
import type { Logger } from '../logging.ts'
import type { Foundation } from './foundation.ts'
import type { UserServices } from './users.ts'

export type IdentityServices = ReturnType<typeof composeIdentities>

/** Accounts that a directory or a provider of OpenID Connect vouches for. */
export function composeIdentities(
  config: Config,
  { database, clock, events, secrets }: Pick<Foundation, 'database' | 'clock' | 'events' | 'secrets'>,
  { settings, passwords }: Pick<UserServices, 'settings' | 'passwords'>,
  { outbound, logger }: { readonly outbound: Outbound; readonly logger: Pick<Logger, 'warn'> | undefined },
) {
  const oidc = new Oidc({
    settings,
    outbound,
    clock,
    onWarning: (error) => logger?.warn({ error }, 'the user info endpoint failed: the ID token alone says who it is'),
  })
  const externalAccounts = new ExternalAccounts({ database, clock, events })
  return {
    directory: new Directory({ settings, allowLocal: config.outbound.allowLocal }),
    oidc,
    externalAccounts,
    cliSecrets: new CliSecrets({ database, clock, events, secrets, passwords, oidc, accounts: externalAccounts }),
    pendingSignIns: new PendingSignIns({ database, clock, secrets }),
  }
}

import { composeOutbound } from '../clients/outbound.ts'
import type { Config } from '../config/config.ts'
import { noSignals, type Signals } from '../database/signals.ts'
import type { Metrics } from '../http/ops/metrics.ts'
import type { Logger } from '../logging.ts'
import type { Foundation } from './foundation.ts'
import { composeIdentities, type IdentityServices } from './identities.ts'
import { composeProjects, type ProjectServices } from './projects.ts'
import { composeRobots, type RobotServices } from './robots.ts'
import { composeSignInServices, type SignInServices } from './sign-in.ts'
import { composeUsers, type UserServices } from './users.ts'

/** Accounts, the ways to sign in to them, and the rights that they have. */
export type Accounts = UserServices & IdentityServices & RobotServices & SignInServices & ProjectServices

/** Makes the administrator and the default project of a new installation. */
export async function composeAccounts(
  config: Config,
  given: Pick<Foundation, 'database' | 'clock' | 'events' | 'secrets'> & {
    readonly signals?: Signals
    readonly logger?: Logger
    readonly metrics?: Pick<Metrics, 'add'>
  },
): Promise<Accounts> {
  const ground = { signals: noSignals, ...given }
  const outbound = composeOutbound({ allowLocal: config.outbound.allowLocal })
  const users = await composeUsers(config, ground)
  const projects = await composeProjects(config, ground, users)
  const identities = composeIdentities(config, ground, users, { outbound, logger: given.logger })
  const { allowLocal, privateIssuers } = config.outbound
  const internet = composeOutbound({ allowLocal, publicOnly: true })
  const robots = composeRobots(ground, users, { internet, privateNetworks: outbound }, privateIssuers)
  const signIn = composeSignInServices(config, ground, { ...users, ...identities, ...robots })
  return { ...users, ...projects, ...identities, ...robots, ...signIn }
}

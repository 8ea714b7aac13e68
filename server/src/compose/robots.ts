import { IssuerKeys, type IssuerOutbound } from '../clients/issuer-keys.ts'
import { Robots } from '../domain/robots/robots.ts'
import { TrustRules } from '../domain/robots/trust-rules.ts'
import type { Foundation } from './foundation.ts'
import type { UserServices } from './users.ts'

export type RobotServices = ReturnType<typeof composeRobots>

/** Accounts of machines, and whose tokens stand for their secrets. */
export function composeRobots(
  { database, clock, events }: Pick<Foundation, 'database' | 'clock' | 'events'>,
  { settings, passwords }: Pick<UserServices, 'settings' | 'passwords'>,
  outbound: IssuerOutbound,
  privateIssuers: readonly string[],
) {
  return {
    robots: new Robots({
      database,
      clock,
      events,
      passwords,
      settings: async () => {
        const { robot_name_prefix: prefix, robot_token_duration: durationDays } = await settings.getSettings()
        return { prefix, durationDays }
      },
    }),
    trustRules: new TrustRules({
      database,
      clock,
      events,
      issuerKeys: new IssuerKeys({ outbound, now: () => clock.now() }),
      privateIssuers,
    }),
  }
}

import { secretsForTest } from './secrets.ts'
import type { Database } from '#server/database/database.ts'
import { AccessTokens } from '#server/domain/access/tokens/access-tokens.ts'
import type { Actor } from '#server/domain/access/actor.ts'
import { Passwords } from '#server/domain/access/credentials/passwords.ts'
import { composeFindRobot, standardRobotPrefix } from '#server/domain/access/robots/robot-accounts.ts'
import { SignIn } from '#server/domain/access/credentials/sign-in.ts'
import { SigningKeys } from '#server/domain/access/tokens/signing-keys.ts'
import { Users } from '#server/domain/access/accounts/users.ts'
import type { Clock } from '#server/domain/clock.ts'
import { Events } from '#server/domain/events/events.ts'
import { Members } from '#server/domain/projects/members.ts'
import { Projects } from '#server/domain/projects/projects.ts'
import { Robots } from '#server/domain/robots/robots.ts'
import { composeAuthenticate, type Authenticate } from '#server/http/authentication.ts'
import { composeTokenEndpoint, type TokenEndpoint } from '#server/http/token/token-endpoint.ts'

/** Time that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now: number

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  advance(ms: number): void {
    this.#now += ms
  }
}

export const system: Actor = { kind: 'system', name: 'test' }
export const password = 'Correct-Horse-1'

export interface AccessForTest {
  readonly database: Database
  readonly clock: ManualClock
  readonly events: Events
  readonly passwords: Passwords
  readonly users: Users
  readonly projects: Projects
  readonly members: Members
  readonly robots: Robots
  readonly signIn: SignIn
  readonly keys: SigningKeys
  readonly tokens: AccessTokens
  readonly authenticate: Authenticate
  readonly tokenEndpoint: TokenEndpoint
}

/** Everything that decides who may do what, over a real database. Called twice for one database: two processes. */
export function composeAccessForTest(
  database: Database,
  options: { clock?: ManualClock; defaultProject?: string; open?: boolean } = {},
): AccessForTest {
  const { clock = new ManualClock(), defaultProject = 'library', open = false } = options
  const passwords = new Passwords()
  const events = new Events({ clock })
  const keys = new SigningKeys({
    database,
    clock,
    events,
    secrets: secretsForTest(database),
    tokenLifetimeSeconds: async () => 1800,
  })
  const service = 'harbor-registry'
  const signIn = new SignIn({ database, clock, passwords })
  const tokens = new AccessTokens({
    keys,
    clock,
    issuer: 'harbor-token-issuer',
    service,
    lifetimeSeconds: async () => 1800,
  })
  const findRobot = composeFindRobot(database, clock, async () => standardRobotPrefix)
  return {
    database,
    clock,
    events,
    passwords,
    users: new Users({ database, clock, events, passwords }),
    projects: new Projects({ database, clock, events }),
    members: new Members({ database, clock, events }),
    robots: new Robots({
      database,
      clock,
      events,
      passwords,
      settings: async () => ({ prefix: standardRobotPrefix, durationDays: 30 }),
    }),
    signIn,
    keys,
    tokens,
    authenticate: composeAuthenticate({ database, signIn, tokens, findRobot, defaultProject, open }),
    tokenEndpoint: composeTokenEndpoint({ database, signIn, tokens, service, defaultProject, open }),
  }
}

export function basic(username: string, secret = password): string {
  return `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`
}

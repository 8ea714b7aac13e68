import type { Command } from 'commander'
import { openExistingDatabase } from '#server/compose/database.ts'
import type { Actor } from '#server/domain/access/actor.ts'
import { Passwords } from '#server/domain/access/credentials/passwords.ts'
import { resetSecondFactor } from '#server/domain/access/second-factor/second-factor-changes.ts'
import { Users } from '#server/domain/access/accounts/users.ts'
import { systemClock } from '#server/domain/clock.ts'
import { composeEvents } from '#server/compose/events.ts'
import { Members } from '#server/domain/projects/members.ts'
import { Projects } from '#server/domain/projects/projects.ts'
import { loadConfigFor } from './setting-flags.ts'

/** The services of commands about users and projects: the registry's own rules on the registry's own database. */
export interface AccessServices extends AsyncDisposable {
  /** The actor that events name. */
  readonly actor: Actor
  readonly users: Users
  readonly resetSecondFactor: (userId: number) => Promise<void>
  readonly projects: Projects
  readonly members: Members
}

/** Opens what the configuration of this command line names. A running server sees each change with its next request. */
export type OpenAccessServices = (command: Command) => Promise<AccessServices>

export const openAccessServices: OpenAccessServices = async (command) => {
  const { config } = loadConfigFor(command)
  const clock = systemClock
  const events = composeEvents(clock)
  const database = await openExistingDatabase(config)
  const actor: Actor = { kind: 'system', name: 'cli' }
  return {
    actor,
    resetSecondFactor: async (userId) => await resetSecondFactor({ database, clock, events }, actor, userId),
    users: new Users({ database, clock, events, passwords: new Passwords() }),
    projects: new Projects({ database, clock, events }),
    members: new Members({ database, clock, events }),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

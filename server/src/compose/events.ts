import type { Clock } from '../domain/clock.ts'
import { Events } from '../domain/events/events.ts'

/** What records events, for the server and for commands of the command line alike. */
export function composeEvents(clock: Clock): Events {
  return new Events({ clock })
}

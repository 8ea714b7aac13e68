import { formatCursor, type EventStart } from '../../../domain/events/event-cursor.ts'
import type { EventLog, EventQuery } from '../../../domain/events/event-log.ts'
import type { Listening, ServerSentEvent } from '../../server-sent-events.ts'
import { presentEvent } from './event-answer.ts'
import type { ScopeQuery } from './events-scope.ts'

export interface Following extends Pick<EventQuery, 'types' | 'projects'> {
  readonly since: EventStart
  /** What the reader may see now; undefined when it may not ask any more. */
  readonly scope: () => Promise<ScopeQuery | undefined>
}

const eventsPerRead = 100
/** Looks without an event for the reader after which it is told where it is, so that a new connection begins there. */
const quietLooks = 20

/**
 * Events as they come: `message` for each (the id is its cursor), `gap` when events are missing, `cursor` when events
 * of others have passed, `end` when the reader's rights have ended. Whenever anything happened in the registry the
 * rights are asked again before it is told.
 */
export async function* followEvents(
  { eventLog }: { readonly eventLog: EventLog },
  following: Following,
  listening: Listening,
): AsyncGenerator<ServerSentEvent> {
  let { since, projects } = following
  let quiet = 0
  let told = ''
  do {
    for (let more = true; more && !listening.signal.aborted;) {
      const page = await eventLog.read({ since, projects, types: following.types, limit: eventsPerRead })
      const cursor = formatCursor(page.next)
      const isMoving = typeof since === 'string' || page.missed !== undefined || cursor !== formatCursor(since)
      if (isMoving) {
        const scope = await following.scope()
        if (scope === undefined) {
          yield { event: 'end', data: { reason: 'rights' } }
          return
        }
        if (JSON.stringify(scope.projects) !== JSON.stringify(projects)) {
          projects = scope.projects
          continue
        }
      }
      if (page.missed !== undefined) yield { event: 'gap', data: page.missed }
      for (const event of page.events) {
        told = formatCursor(event.cursor)
        yield { event: 'message', id: told, data: presentEvent(event) }
      }
      quiet = page.events.length > 0 ? 0 : quiet + 1
      if (quiet >= quietLooks && cursor !== told) {
        told = cursor
        quiet = 0
        yield { event: 'cursor', id: cursor, data: { cursor } }
      }
      since = page.next
      more = page.more
    }
  } while (await listening.wait())
}

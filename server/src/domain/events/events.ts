import type { Database, Writer } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import { actorKey, actorName, type Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import { currentOrigin } from '../request-origin.ts'
import type { EventRow } from './event-kind.ts'
import { resourceOf, type BusinessEvent } from './event-types.ts'

/** What writes rows and tells of it. */
export interface EventServices {
  readonly clock: Clock
  readonly events: Events
}

/** An event as it was when it happened, for writing later. */
export interface PreparedEvent {
  readonly row: EventRow
}

const maxUsernameLength = 255

const insertEvent = preparedQuery<EventRow, unknown>((db, param) =>
  db.insertInto('event').values({
    type: param('type'),
    occurred_at: param('occurred_at'),
    actor: param('actor'),
    project_id: param('project_id'),
    resource: param('resource'),
    payload: param('payload'),
    username: param('username'),
    client_address: param('client_address'),
    succeeded: param('succeeded'),
  }),
)

/**
 * Invariant 6: every change records what happened in its own transaction. Nothing announced was rolled back, nothing
 * committed goes unannounced.
 */
export class Events {
  readonly #clock: Clock

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock
  }

  async record(tx: Writer, actor: Actor, event: BusinessEvent): Promise<void> {
    await insertEvent.run(tx, this.prepare(actor, event).row)
  }

  /** Remembers now what `recordPrepared` writes later: for news that would be too dear in a transaction of its own. */
  prepare(actor: Actor, event: BusinessEvent): PreparedEvent {
    const { type, ...payload } = event
    const row = {
      type,
      occurred_at: this.#clock.now(),
      actor: actorKey(actor),
      project_id: ('projectId' in event ? event.projectId : undefined) ?? null,
      resource: resourceOf(event),
      payload: JSON.stringify(payload),
      username: ('failed' in event ? event.username : actorName(actor)).slice(0, maxUsernameLength),
      client_address: currentOrigin()?.clientAddress ?? '',
      succeeded: 'failed' in event ? 0 : 1,
    } as const
    return { row }
  }

  async recordPrepared(tx: Writer, events: readonly PreparedEvent[]): Promise<void> {
    if (events.length === 0) return
    await tx
      .insertInto('event')
      .values(events.map(({ row }) => row))
      .execute()
  }
}

/**
 * Forgets audit records from before `before` (ms), the oldest first, `limit` at the most.
 * Returns how many went; less than `limit` means that none is left.
 */
export async function pruneEvents(database: Database, before: number, limit: number): Promise<number> {
  return await database.write(async (tx) => {
    const oldest = tx
      .selectFrom('event')
      .select('id')
      .where('occurred_at', '<', before)
      .orderBy('occurred_at')
      .limit(limit)
    const pruned = await tx.deleteFrom('event').where('id', 'in', oldest).executeTakeFirst()
    return Number(pruned.numDeletedRows)
  }, 'relaxed')
}

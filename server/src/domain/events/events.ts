import type { Writer } from '../../database/database.ts'
import { preparedQuery, type Param } from '../../database/prepared.ts'
import { actorKey, actorName, type Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import { currentOrigin } from '../request-origin.ts'
import type { EventRow } from './event-kind.ts'
import { resourceOf, type BusinessEvent } from './event-types.ts'
import { Reactions, type EnqueueReactionJob, type Happening, type Reaction } from './reactions.ts'

/** The services of a verb that writes rows and records events. */
export interface EventServices {
  readonly clock: Clock
  readonly events: Events
}

/** An event as it was when it happened, for writing later. */
export interface PreparedEvent {
  readonly row: EventRow
  readonly happening: Happening
}

const maxUsernameLength = 255

const valuesOf = (param: Param<EventRow>): EventRow => ({
  type: param('type'),
  occurred_at: param('occurred_at'),
  actor: param('actor'),
  project_id: param('project_id'),
  resource: param('resource'),
  payload: param('payload'),
  username: param('username'),
  client_address: param('client_address'),
  succeeded: param('succeeded'),
})

const insertAuditRecord = preparedQuery<EventRow, unknown>((db, param) =>
  db.insertInto('event').values(valuesOf(param)),
)
const insertLoggedEvent = preparedQuery<EventRow, unknown>((db, param) =>
  db.insertInto('event_log').values(valuesOf(param)),
)

/**
 * Invariant 6: every change records what happened in its own transaction, twice: for the people who read and purge the
 * audit log, and for the consumers of the log of events. Then the reactions follow, in the same transaction.
 */
export class Events {
  readonly #clock: Clock
  readonly #reactions: Reactions
  readonly #isAudited: (tx: Writer) => Promise<boolean>

  constructor({
    clock,
    reactions = [],
    enqueue = () => Promise.reject(new TypeError('these events were composed without jobs')),
    isAudited = async () => true,
  }: {
    clock: Clock
    reactions?: readonly Reaction[]
    enqueue?: EnqueueReactionJob
    /** Whether people read the audit log here; else consumers alone have it. */
    isAudited?: (tx: Writer) => Promise<boolean>
  }) {
    this.#isAudited = isAudited
    this.#clock = clock
    this.#reactions = new Reactions(reactions, enqueue)
  }

  async record(tx: Writer, actor: Actor, event: BusinessEvent): Promise<void> {
    const { row, happening } = this.prepare(actor, event)
    if (await this.#isAudited(tx)) await insertAuditRecord.run(tx, row)
    await insertLoggedEvent.run(tx, row)
    await this.#reactions.run(tx, happening)
  }

  /** Remembers now what `recordPrepared` writes later: for news that would be too dear in a transaction of its own. */
  prepare(actor: Actor, event: BusinessEvent): PreparedEvent {
    const { type, ...payload } = event
    const occurredAt = this.#clock.now()
    const row: EventRow = {
      type,
      occurred_at: occurredAt,
      actor: actorKey(actor),
      project_id: ('projectId' in event ? event.projectId : undefined) ?? null,
      resource: resourceOf(event),
      payload: JSON.stringify(payload),
      username: ('failed' in event ? event.username : actorName(actor)).slice(0, maxUsernameLength),
      client_address: currentOrigin()?.clientAddress ?? '',
      succeeded: 'failed' in event ? 0 : 1,
    }
    return { row, happening: { event, actor, occurredAt } }
  }

  async recordPrepared(tx: Writer, events: readonly PreparedEvent[]): Promise<void> {
    if (events.length === 0) return
    const rows = events.map(({ row }) => row)
    if (await this.#isAudited(tx)) await tx.insertInto('event').values(rows).execute()
    await tx.insertInto('event_log').values(rows).execute()
    for (const { happening } of events) await this.#reactions.run(tx, happening)
  }
}

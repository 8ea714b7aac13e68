import type { Database } from '../../../database/database.ts'
import type { EventConsumers, ConsumerBatch } from '../../events/event-consumers.ts'
import type { LoggedEvent } from '../../events/event-log.ts'

/** Where the audit log is sent beside the database. */
export interface AuditSink {
  /** Of its consumer of the log of events: its position survives restarts. */
  readonly name: string
  /**
   * Resolves when the receiver has these events, as far as its protocol says so. The same may come again.
   * @throws Error why not; then nothing of them counts as sent
   */
  send(events: readonly LoggedEvent[]): Promise<void>
}

export interface ForwardServices {
  readonly database: Database
  readonly consumers: EventConsumers
  /** Told when events were dropped before a receiver had them: it stayed away for longer than the log is kept. */
  readonly onMissed: (sink: string, missed: NonNullable<ConsumerBatch['missed']>) => Promise<void>
}

const eventsPerBatch = 500

/** Sends what a receiver has not had, in its order, until there is no more. */
export async function forwardTo({ database, consumers, onMissed }: ForwardServices, sink: AuditSink): Promise<number> {
  let sent = 0
  for (;;) {
    const batch = await consumers.readFor(sink.name, { limit: eventsPerBatch })
    if (batch.events.length === 0 && !batch.more) return sent
    if (batch.events.length > 0) await sink.send(batch.events)
    await database.write(async (tx) => await consumers.acknowledge(tx, sink.name, batch.through))
    // Told once, when the place behind the gap is taken: an earlier attempt comes upon the same gap.
    if (batch.missed !== undefined) await onMissed(sink.name, batch.missed)
    sent += batch.events.length
    if (!batch.more) return sent
  }
}

/** Nobody is told under that name any more, so the log keeps nothing for it. */
export async function forget(consumers: EventConsumers, name: string): Promise<void> {
  const known = await consumers.listStandings()
  if (known.some((standing) => standing.name === name)) await consumers.forgetConsumer(name)
}

import type { Database } from '../../../database/database.ts'
import type { Clock } from '../../clock.ts'
import type { EventConsumers } from '../../events/event-consumers.ts'

/** Where the audit log is sent: what the configuration or an administrator names. */
export interface NamedSink {
  /** Of its consumer. */
  readonly name: string
  readonly kind: 'elasticsearch' | 'syslog' | 'harbor'
  readonly address: string
}

export interface SinkStanding extends NamedSink {
  /** Events that it has not had. */
  readonly behind: number
  /** When the first of them happened. */
  readonly oldestWaiting: number | undefined
  readonly sentAt: number | undefined
  readonly failedAt: number | undefined
  /** Why the last attempt failed; undefined when it did not. */
  readonly error: string | undefined
  /** Events that were dropped before it had them, since the beginning. */
  readonly missed: number
  readonly missedAt: number | undefined
  /** Events that it would not take. */
  readonly refused: number
  readonly refusedAt: number | undefined
}

export interface AuditSinksOptions {
  readonly database: Database
  readonly clock: Clock
  readonly consumers: EventConsumers
  readonly named: () => Promise<readonly NamedSink[]>
}

type Count = 'missed' | 'refused'

const maxErrorLength = 1_000

/** Remembers how receivers of the audit log stand, whichever process sends to them. */
export class AuditSinks {
  readonly #options: AuditSinksOptions

  constructor(options: AuditSinksOptions) {
    this.#options = options
  }

  async noteSent(name: string): Promise<void> {
    await this.#note(name, { sent_at: this.#options.clock.now(), error: '' })
  }

  async noteFailure(name: string, error: unknown): Promise<void> {
    const text = (error instanceof Error ? error.message : String(error)).slice(0, maxErrorLength)
    await this.#note(name, { failed_at: this.#options.clock.now(), error: text })
  }

  async noteLost(name: string, kind: Count, count: number): Promise<void> {
    const { database, clock } = this.#options
    await this.#note(name, {})
    await database.write(async (tx) => {
      await tx
        .updateTable('audit_sink')
        .set((eb) => ({ [kind]: eb(kind, '+', count), [`${kind}_at`]: clock.now() }))
        .where('name', '=', name)
        .execute()
    }, 'relaxed')
  }

  async #note(name: string, values: { sent_at?: number; failed_at?: number; error?: string }): Promise<void> {
    await this.#options.database.write(async (tx) => {
      await tx
        .insertInto('audit_sink')
        .values({ name, ...values })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ name, ...values }))
        .execute()
    }, 'relaxed')
  }

  /** Those that are named now. */
  async listStandings(): Promise<readonly SinkStanding[]> {
    const { named, database, consumers } = this.#options
    const sinks = await named()
    if (sinks.length === 0) return []
    const standings = new Map((await consumers.listStandings()).map((each) => [each.name, each]))
    const rows = await database.read.selectFrom('audit_sink').selectAll().execute()
    return await Promise.all(
      sinks.map(async (sink) => {
        const standing = standings.get(sink.name)
        const row = rows.find(({ name }) => name === sink.name)
        const isBehind = standing !== undefined && standing.behind > 0
        return {
          ...sink,
          behind: standing?.behind ?? 0,
          oldestWaiting: isBehind ? await this.#timeAfter(standing.cursor.position) : undefined,
          ...{ sentAt: moment(row?.sent_at), failedAt: moment(row?.failed_at), error: row?.error || undefined },
          ...{ missed: Number(row?.missed ?? 0), missedAt: moment(row?.missed_at) },
          ...{ refused: Number(row?.refused ?? 0), refusedAt: moment(row?.refused_at) },
        }
      }),
    )
  }

  /** Events without a position come after those that have one. */
  async #timeAfter(position: number): Promise<number | undefined> {
    const { read } = this.#options.database
    const next = await read
      .selectFrom('event_log')
      .select('occurred_at')
      .where('position', '>', position)
      .orderBy('position')
      .limit(1)
      .executeTakeFirst()
    const waiting =
      next ??
      (await read
        .selectFrom('event_log')
        .select('occurred_at')
        .where('position', 'is', null)
        .orderBy('id')
        .limit(1)
        .executeTakeFirst())
    return moment(waiting?.occurred_at)
  }
}

const moment = (value: number | string | null | undefined): number | undefined =>
  value === null || value === undefined ? undefined : Number(value)

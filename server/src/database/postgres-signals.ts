import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { z } from 'zod'
import type { Signal, Signals } from './signals.ts'

const channel = 'berth_signals'
/** PostgreSQL takes less than 8,000 bytes. */
const maxBytes = 7_000
/** A connection that died without a word is noticed by then. */
const heartbeatMs = 5_000
const answerWithinMs = 3_000
const firstRetryMs = 200
const lastRetryMs = 10_000

const messageSchema = z.object({
  from: z.string(),
  signal: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('database-damaged') }),
    z.object({ kind: z.literal('jobs') }),
    z.object({ kind: z.literal('signing-keys') }),
    z.object({ kind: z.literal('certificate') }),
    z.object({ kind: z.literal('login-failed'), username: z.string(), clientAddress: z.string() }),
    z.object({ kind: z.literal('login-succeeded'), username: z.string(), clientAddress: z.string() }),
  ]),
})

/** LISTEN and NOTIFY, over a connection of its own that is replaced whenever it is lost. */
export function composePostgresSignals(options: {
  readonly url: string
  readonly onError: (error: unknown) => void
}): Signals {
  return new PostgresSignals(options.url, options.onError)
}

class PostgresSignals implements Signals {
  readonly #self = randomUUID()
  readonly #url: string
  readonly #onError: (error: unknown) => void
  readonly #listeners: ((signal: Signal) => void)[] = []
  readonly #gapListeners: (() => void)[] = []
  readonly #stopped = Promise.withResolvers<void>()
  readonly #running: Promise<void>
  #isStopped = false
  #client: pg.Client | undefined

  constructor(url: string, onError: (error: unknown) => void) {
    this.#url = url
    this.#onError = onError
    this.#running = this.#run()
  }

  send(signal: Signal): void {
    const message = JSON.stringify({ from: this.#self, signal })
    if (Buffer.byteLength(message) > maxBytes) return
    this.#client?.query('select pg_notify($1, $2)', [channel, message]).catch(this.#onError)
  }

  onSignal(listener: (signal: Signal) => void): void {
    this.#listeners.push(listener)
  }

  onGap(listener: () => void): void {
    this.#gapListeners.push(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true
    this.#stopped.resolve()
    await this.#running
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#isStopped; failures++) {
      try {
        await this.#listen(() => {
          if (failures > 0) for (const listener of this.#gapListeners) listener()
          failures = 0
        })
      } catch (error) {
        // One line is enough; the database's other users report the rest.
        if (failures === 0) this.#onError(error)
      }
      if (this.#isStopped) return
      const pause = Math.min(lastRetryMs, firstRetryMs * 2 ** failures) * (0.5 + Math.random() / 2)
      await Promise.race([setTimeout(pause), this.#stopped.promise])
    }
  }

  /** Returns when told to stop; throws when the connection is lost. */
  async #listen(onConnected: () => void): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: 'berth signals',
      keepAlive: true,
      connectionTimeoutMillis: answerWithinMs,
      query_timeout: answerWithinMs,
    })
    const lost = Promise.withResolvers<never>()
    lost.promise.catch(() => {}) // the code that waits for it sees the error
    client.on('error', (error) => lost.reject(error))
    client.on('end', () => lost.reject(new Error('the connection for signals was closed')))
    client.on('notification', ({ payload }) => this.#hear(payload ?? ''))
    try {
      await client.connect()
      await client.query(`listen ${channel}`)
      this.#client = client
      onConnected()
      while (!this.#isStopped) {
        await Promise.race([setTimeout(heartbeatMs), lost.promise, this.#stopped.promise])
        if (!this.#isStopped) await client.query('select 1')
      }
    } finally {
      this.#client = undefined
      await client.end().catch(() => {}) // it may be gone already
    }
  }

  #hear(payload: string): void {
    const message = messageSchema.safeParse(parseJson(payload))
    // A newer version may send kinds of news that this one does not know.
    if (!message.success || message.data.from === this.#self) return
    for (const listener of this.#listeners) listener(message.data.signal)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

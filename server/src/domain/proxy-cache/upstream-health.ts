import type { Database, Writer } from '../../database/database.ts'
import type { Clock } from '../clock.ts'
import type { UpstreamFailure, UpstreamLimit } from './upstream.ts'

/** How a remote registry behaves, as this process last saw it. */
export interface Health {
  /** When it last answered (ms); undefined: never. */
  readonly answeredAt: number | undefined
  /** Undefined while it answers. */
  readonly failingSince: number | undefined
  readonly failedAt: number | undefined
  readonly failure: { readonly code: string; readonly message: string } | undefined
  /** It wants to be left alone until then. */
  readonly retryAt: number | undefined
  readonly limit: UpstreamLimit | undefined
  readonly limitSeenAt: number | undefined
}

const unknown: Health = {
  answeredAt: undefined,
  failingSince: undefined,
  failedAt: undefined,
  failure: undefined,
  retryAt: undefined,
  limit: undefined,
  limitSeenAt: undefined,
}

/** Between two writes of what only grew older. */
const writeEveryMs = 15_000
const maxMessage = 500

/**
 * What is known of remote registries: in memory for decisions, in rows for people and other processes. A row is written when
 * a registry begins or ends to fail, and otherwise from time to time.
 */
export class UpstreamHealth {
  readonly #database: Database
  readonly #clock: Clock
  readonly #onError: (error: unknown) => void
  readonly #known = new Map<number, Health>()
  readonly #writtenAt = new Map<number, number>()

  constructor(options: { database: Database; clock: Clock; onError: (error: unknown) => void }) {
    this.#database = options.database
    this.#clock = options.clock
    this.#onError = options.onError
  }

  of(registryId: number): Health {
    return this.#known.get(registryId) ?? unknown
  }

  /** Failing registries by id, for the metrics. */
  failing(): readonly number[] {
    return [...this.#known].filter(([, { failingSince }]) => failingSince !== undefined).map(([id]) => id)
  }

  answered(registryId: number, limit: UpstreamLimit | undefined): void {
    const now = this.#clock.now()
    const before = this.of(registryId)
    const limits = limit === undefined ? {} : { limit, limitSeenAt: now }
    this.#set(
      registryId,
      { ...before, answeredAt: now, failingSince: undefined, retryAt: undefined, ...limits },
      before.failingSince !== undefined || before.answeredAt === undefined,
    )
  }

  failed(registryId: number, { code, detail, message, retryAfterMs }: UpstreamFailure): void {
    const now = this.#clock.now()
    const before = this.of(registryId)
    this.#set(
      registryId,
      {
        ...before,
        // A refusal is an answer.
        failingSince: code === 'DENIED' ? before.failingSince : (before.failingSince ?? now),
        failedAt: now,
        failure: { code: detail, message: message.slice(0, maxMessage) },
        retryAt: retryAfterMs === undefined ? before.retryAt : now + retryAfterMs,
      },
      before.failingSince === undefined || before.failure?.code !== detail,
    )
  }

  /** Learns from other processes how long registries want to be left alone, and how much they still allow. */
  async refresh(): Promise<void> {
    for (const registryId of this.#known.keys()) {
      const written = await readHealth(this.#database, registryId)
      const known = this.of(registryId)
      const { limit, limitSeenAt = 0, retryAt, failure } = written
      if (retryAt !== undefined && retryAt > this.#clock.now() && retryAt > (known.retryAt ?? 0))
        this.#known.set(registryId, { ...known, retryAt, failure })
      if (limit !== undefined && limitSeenAt > (known.limitSeenAt ?? 0))
        this.#known.set(registryId, { ...this.of(registryId), limit, limitSeenAt })
    }
  }

  #set(registryId: number, health: Health, isNews: boolean): void {
    this.#known.set(registryId, health)
    const now = this.#clock.now()
    if (!isNews && now - (this.#writtenAt.get(registryId) ?? 0) < writeEveryMs) return
    this.#writtenAt.set(registryId, now)
    this.#database.write((tx) => writeHealth(tx, registryId, health, now), 'relaxed').catch(this.#onError)
  }
}

async function writeHealth(tx: Writer, registryId: number, health: Health, now: number): Promise<void> {
  const known = await tx.selectFrom('registry').select('id').where('id', '=', registryId).executeTakeFirst()
  if (known === undefined) return
  const { failure, limit } = health
  const row = {
    answered_at: health.answeredAt ?? null,
    failing_since: health.failingSince ?? null,
    failed_at: health.failedAt ?? null,
    failure_code: failure?.code ?? null,
    failure_message: failure?.message ?? null,
    retry_at: health.retryAt ?? null,
    limit_total: limit?.limit ?? null,
    limit_remaining: limit?.remaining ?? null,
    limit_window_seconds: limit?.windowSeconds ?? null,
    limit_seen_at: health.limitSeenAt ?? null,
  }
  await tx
    .insertInto('proxy_upstream')
    .values({ registry_id: registryId, ...row })
    .onConflict((conflict) =>
      conflict.column('registry_id').doUpdateSet((eb) => {
        // Another process was told to wait; an answer that this one still had does not end that, nor why it waits.
        const waits = eb.case().when('proxy_upstream.retry_at', '>', Math.max(now, row.retry_at ?? 0))
        return {
          ...row,
          retry_at: waits.then(eb.ref('proxy_upstream.retry_at')).else(row.retry_at).end(),
          failure_code: waits.then(eb.ref('proxy_upstream.failure_code')).else(row.failure_code).end(),
          failure_message: waits.then(eb.ref('proxy_upstream.failure_message')).else(row.failure_message).end(),
        }
      }),
    )
    .execute()
}

/** As the processes last wrote it down. */
export async function readHealth({ read }: Pick<Database, 'read'>, registryId: number): Promise<Health> {
  const row = await read
    .selectFrom('proxy_upstream')
    .selectAll()
    .where('registry_id', '=', registryId)
    .executeTakeFirst()
  if (row === undefined) return unknown
  const isLimited = row.limit_total !== null || row.limit_remaining !== null
  return {
    answeredAt: row.answered_at ?? undefined,
    failingSince: row.failing_since ?? undefined,
    failedAt: row.failed_at ?? undefined,
    failure: row.failure_code === null ? undefined : { code: row.failure_code, message: row.failure_message ?? '' },
    retryAt: row.retry_at ?? undefined,
    limit: isLimited
      ? {
          limit: row.limit_total ?? undefined,
          remaining: row.limit_remaining ?? undefined,
          windowSeconds: row.limit_window_seconds ?? undefined,
        }
      : undefined,
    limitSeenAt: row.limit_seen_at ?? undefined,
  }
}

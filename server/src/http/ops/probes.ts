import { sql } from 'kysely'
import type { Database } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import type { Clock } from '../../domain/clock.ts'
import { StorageFull, type BlobStoreProbe } from '../../storage/blob-store.ts'

export interface ProbeOptions {
  readonly database: Pick<Database, 'dialect' | 'read' | 'write' | 'damage'>
  readonly store: BlobStoreProbe
  readonly clock: Clock
  readonly isDraining: () => boolean
  /** A check that takes longer has failed. */
  readonly timeoutMs?: number
}

export interface Probes {
  /** The process answers. The database is not asked, so that a slow one restarts no process. */
  health(): Response
  /**
   * 200 when requests can be served, 503 when the database or the storage cannot be used or while draining. A full
   * disk is 200 and `degraded`: pulls go on, and taking the registry out of service would end them too.
   */
  ready(): Promise<Response>
  /** The parts of `ready`, for reports in another form. */
  check(): Promise<Checks>
}

/** Probes come often and from any client: an answer is good for a second, and checks never run twice at once. */
const freshMs = 1_000

export type Check = 'ok' | 'full' | 'failed' | 'damaged'
export interface Checks {
  readonly database: Check
  readonly storage: Check
}

export function composeProbes({ database, store, clock, isDraining, timeoutMs = 2_000 }: ProbeOptions): Probes {
  let latest: { readonly at: number; readonly checks: Promise<Checks> } | undefined
  let running = false

  const run = async (): Promise<Checks> => {
    running = true
    const [fromDatabase, fromStorage] = await Promise.all([
      outcomeOf(use(database), timeoutMs),
      outcomeOf(store.probe(), timeoutMs),
    ])
    running = false
    return { database: database.damage() === undefined ? fromDatabase : 'damaged', storage: fromStorage }
  }

  const check = async (): Promise<Checks> => {
    const now = clock.now()
    if (latest === undefined || (!running && Math.abs(now - latest.at) > freshMs)) latest = { at: now, checks: run() }
    return await latest.checks
  }

  return {
    check,
    health: () => json(200, { status: 'ok' }),
    async ready() {
      if (isDraining()) return json(503, { status: 'draining' })
      const results = await check()
      const failed = results.database !== 'ok' || results.storage === 'failed'
      const status = failed ? 'unavailable' : results.storage === 'full' ? 'degraded' : 'ok'
      const remedy = database.damage()?.message
      return json(failed ? 503 : 200, { status, checks: results, ...(remedy === undefined ? {} : { remedy }) })
    },
  }
}

const findLease = preparedQuery<{ name: string }, { holder: string }>((db, param) =>
  db.selectFrom('lease').select('holder').where('name', '=', param('name')),
)

/**
 * What a push needs of the database. PostgreSQL answers reads where nothing can be written (a standby after a failover),
 * and a pooler in front of it may mistake prepared statements. The one writer of SQLite would be waited for, and may be
 * at something long.
 */
async function use(database: ProbeOptions['database']): Promise<void> {
  if (database.dialect === 'sqlite') await sql`select 1`.execute(database.read)
  else await database.write(async (tx) => void (await findLease.first(tx, { name: 'probe' })), 'relaxed')
}

async function outcomeOf(work: Promise<unknown>, timeoutMs: number): Promise<Check> {
  const expired = Promise.withResolvers<Check>()
  const timer = setTimeout(() => expired.resolve('failed'), timeoutMs)
  const outcome = work.then(
    (): Check => 'ok',
    (error: unknown): Check => (error instanceof StorageFull ? 'full' : 'failed'),
  )
  try {
    return await Promise.race([outcome, expired.promise])
  } finally {
    clearTimeout(timer)
  }
}

function json(status: number, body: unknown): Response {
  const retry = status === 503 ? { 'retry-after': '5' } : {}
  return Response.json(body, { status, headers: { 'cache-control': 'no-store', ...retry } })
}

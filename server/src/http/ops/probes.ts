import { sql } from 'kysely'
import { DatabaseFull, type Database } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import { probeRoom } from '../../database/write-probe.ts'
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
   * disk of the store is 200 and `degraded`: pulls go on, and taking the registry out of service would end them too.
   * Where the PostgreSQL server has no room, sign-ins and counters fail as well: 503.
   */
  ready(): Promise<Response>
  /** The parts of `ready`, for reports in another form. */
  check(): Promise<Checks>
}

/** Probes come often and from any client: an answer is good for a second, and checks never run twice at once. */
const freshMs = 1_000
/** Looking for room costs a file: not more often than this, while there is some. */
const roomEveryMs = 10_000

export type Check = 'ok' | 'full' | 'failed' | 'damaged'
export interface Checks {
  readonly database: Check
  readonly storage: Check
}

/** Which parts can be used: a store without room still gives what it has. */
export const usableParts = ({
  database,
  storage,
}: Checks): { readonly database: boolean; readonly storage: boolean } => ({
  database: database === 'ok',
  storage: storage !== 'failed',
})

export function composeProbes({ database, store, clock, isDraining, timeoutMs = 2_000 }: ProbeOptions): Probes {
  let latest: { readonly at: number; readonly checks: Promise<Checks> } | undefined
  let running = false
  const room = new Room(database, clock)

  const run = async (): Promise<Checks> => {
    running = true
    const [fromDatabase, fromStorage] = await Promise.all([
      outcomeOf(use(database, room), timeoutMs),
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
      const usable = usableParts(results)
      const failed = !usable.database || !usable.storage
      const status = failed ? 'unavailable' : results.storage === 'full' ? 'degraded' : 'ok'
      const full = results.database === 'full' ? databaseFull : undefined
      const remedy = database.damage()?.message ?? full
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
async function use(database: ProbeOptions['database'], room: Room): Promise<void> {
  if (database.dialect === 'sqlite') {
    await sql`select 1`.execute(database.read)
    return
  }
  await database.write(async (tx) => void (await findLease.first(tx, { name: 'probe' })), 'relaxed')
  await room.assertSome()
}

const databaseFull =
  'the disk of the PostgreSQL server is full: free some space there; pushes then succeed, and this process is ready again'

/** Remembers for a while that there was room. */
class Room {
  readonly #database: ProbeOptions['database']
  readonly #clock: Clock
  #foundAt = -Infinity

  constructor(database: ProbeOptions['database'], clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /** @throws DatabaseFull */
  async assertSome(): Promise<void> {
    const now = this.#clock.now()
    if (Math.abs(now - this.#foundAt) < roomEveryMs) return
    await probeRoom(this.#database)
    this.#foundAt = now
  }
}

async function outcomeOf(work: Promise<unknown>, timeoutMs: number): Promise<Check> {
  const expired = Promise.withResolvers<Check>()
  const timer = setTimeout(() => expired.resolve('failed'), timeoutMs)
  const outcome = work.then(
    (): Check => 'ok',
    (error: unknown): Check => (error instanceof StorageFull || error instanceof DatabaseFull ? 'full' : 'failed'),
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

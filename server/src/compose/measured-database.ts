import { statSync } from 'node:fs'
import { sql } from 'kysely'
import type { Config } from '../config/config.ts'
import {
  DatabaseBusy,
  DatabaseCorrupt,
  DatabaseFull,
  DatabaseUnavailable,
  type Database,
} from '../database/database.ts'
import { Durations } from '../http/ops/durations.ts'
import { counterFamily, fact, gaugeFamily } from '../http/ops/families.ts'
import type { MetricFamily } from '../http/ops/metric-families.ts'
import type { Metrics } from '../http/ops/metrics.ts'

const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

type Failure = 'busy' | 'full' | 'corrupt' | 'unavailable'

function failureOf(error: unknown): Failure | undefined {
  if (error instanceof DatabaseBusy) return 'busy'
  if (error instanceof DatabaseFull) return 'full'
  if (error instanceof DatabaseCorrupt) return 'corrupt'
  return error instanceof DatabaseUnavailable ? 'unavailable' : undefined
}

/** The same database; the metrics hear how long writes take, how they fail, and how large its files are. */
export function measureDatabase(database: Database, config: Pick<Config, 'database'>, metrics: Metrics): Database {
  const writes = new Durations('berth_database_write_seconds', 'Time of a write, its waiting included.', buckets)
  const failures = new Map<Failure, number>(
    (['busy', 'full', 'corrupt', 'unavailable'] as const).map((kind) => [kind, 0]),
  )
  metrics.collect(() => [
    writes.family(),
    counterFamily(
      'berth_database_errors_total',
      'Writes that the database could not do.',
      [...failures].map(([kind, count]) => [{ kind }, count]),
    ),
    ...connectionFamilies(database),
    ...fileFamilies(config),
  ])
  return {
    ...database,
    async write(work, durability) {
      const startedAt = performance.now()
      try {
        const result = await database.write(work, durability)
        writes.observe('', {}, (performance.now() - startedAt) / 1000)
        return result
      } catch (error) {
        const kind = failureOf(error)
        if (kind !== undefined) failures.set(kind, failures.get(kind)! + 1)
        throw error
      }
    },
  }
}

function connectionFamilies(database: Database): MetricFamily[] {
  const found = database.connections?.()
  if (found === undefined) return []
  return [
    gaugeFamily('berth_database_connections', 'Connections to PostgreSQL.', 'sum', [
      [{ state: 'busy' }, found.busy],
      [{ state: 'idle' }, found.idle],
    ]),
    gaugeFamily('berth_database_connections_max', 'Most connections to PostgreSQL.', 'sum', [[{}, found.max]]),
    gaugeFamily('berth_database_waiting', 'Requests that wait for a connection.', 'sum', [[{}, found.waiting]]),
  ]
}

function fileFamilies({ database }: Pick<Config, 'database'>): MetricFamily[] {
  if (database.kind !== 'sqlite') return []
  const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0
  return [
    fact('berth_database_bytes', 'Size of the SQLite file.', [{}, sizeOf(database.file)]),
    fact('berth_database_wal_bytes', 'Size of the log beside the SQLite file.', [{}, sizeOf(`${database.file}-wal`)]),
  ]
}

/** How long one read takes. */
export async function timeRead({ read }: Pick<Database, 'read'>): Promise<number> {
  const startedAt = performance.now()
  await sql`select 1`.execute(read)
  return (performance.now() - startedAt) / 1000
}

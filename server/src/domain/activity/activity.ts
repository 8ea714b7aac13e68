import { sql } from 'kysely'
import type { Database } from '../../database/database.ts'
import { isSystemAdministrator, type Actor } from '../access/actor.ts'
import { DomainError } from '../errors.ts'
import { visibleTo } from '../projects/project-visibility.ts'
import { hourMs, hourOf, keptMs } from './samples.ts'

export interface ActivityRange {
  /** Milliseconds; the first bucket begins with the hour of it. */
  readonly from: number
  readonly to: number
  /** Hours of one bucket. */
  readonly step: number
}

export interface ActivityPoint {
  readonly time: number
  readonly pushes: number
  readonly pulls: number
  /** Of the whole registry, for system administrators; undefined where nothing was measured. */
  readonly logicalBytes: number | undefined
  readonly physicalBytes: number | undefined
}

/**
 * Pushes and pulls in the projects whose repositories the actor may see, bucket by bucket without gaps.
 * @throws DomainError BAD_REQUEST for a range that is empty or longer than what is kept
 */
export async function readActivity(
  database: Pick<Database, 'read'>,
  actor: Actor,
  { from, to, step }: ActivityRange,
): Promise<readonly ActivityPoint[]> {
  const first = hourOf(from)
  if (!(to > first)) throw new DomainError('BAD_REQUEST', 'from must lie before to')
  if (to - first > keptMs) throw new DomainError('BAD_REQUEST', `at most ${keptMs / hourMs / 24} days are kept`)
  const stepMs = step * hourMs
  const bucket = sql<number>`activity_sample.hour - (activity_sample.hour - ${sql.lit(first)}) % ${sql.lit(stepMs)}`
  const rows = await database.read
    .selectFrom('activity_sample')
    .innerJoin('project', 'project.id', 'activity_sample.project_id')
    .select((eb) => [
      bucket.as('time'),
      eb.fn.sum<number | string>('pushes').as('pushes'),
      eb.fn.sum<number | string>('pulls').as('pulls'),
    ])
    .where('activity_sample.hour', '>=', first)
    .where('activity_sample.hour', '<', to)
    .where(visibleTo(actor, 'repository:list'))
    .groupBy(bucket)
    .execute()
  const counts = new Map(rows.map((row) => [Number(row.time), row]))
  const storage = isSystemAdministrator(actor) ? await readStorage(database, first, to, stepMs) : undefined
  return Array.from({ length: Math.ceil((to - first) / stepMs) }, (_, index) => {
    const time = first + index * stepMs
    const counted = counts.get(time)
    const held = storage?.get(time)
    return {
      time,
      pushes: Number(counted?.pushes ?? 0),
      pulls: Number(counted?.pulls ?? 0),
      logicalBytes: held?.logical_bytes,
      physicalBytes: held?.physical_bytes,
    }
  })
}

/** The last look in each bucket. */
async function readStorage(database: Pick<Database, 'read'>, first: number, to: number, stepMs: number) {
  const rows = await database.read
    .selectFrom('storage_sample')
    .selectAll()
    .where('hour', '>=', first)
    .where('hour', '<', to)
    .orderBy('hour')
    .execute()
  return new Map(rows.map((row) => [row.hour - ((row.hour - first) % stepMs), row]))
}

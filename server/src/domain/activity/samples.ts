import { sql } from 'kysely'
import type { Database, Writer } from '../../database/database.ts'
import type { Clock } from '../clock.ts'
import type { StorageUsage } from '../content/storage-usage.ts'

export const hourMs = 3_600_000
/** Samples are forgotten after that. */
export const keptMs = 92 * 24 * hourMs
/** After a longer stop the pushes of the days before stay uncounted. */
const caughtUpMs = 7 * 24 * hourMs
const prunedHours = 24

export const hourOf = (time: number): number => time - (time % hourMs)

export interface PullsOfProject {
  readonly projectId: number
  readonly hour: number
  readonly pulls: number
}

/** Adds pulls, in the transaction that counts them on their repositories. */
export async function countPulls(tx: Writer, counted: readonly PullsOfProject[]): Promise<void> {
  // One order for everybody: replicas that count at once wait for each other and not in a circle.
  const ordered = counted.toSorted((one, other) => one.hour - other.hour || one.projectId - other.projectId)
  for (const { hour, projectId, pulls } of ordered) {
    await tx
      .insertInto('activity_sample')
      .values({ hour, project_id: projectId, pushes: 0, pulls })
      .onConflict((conflict) =>
        conflict
          .columns(['hour', 'project_id'])
          .doUpdateSet((eb) => ({ pulls: eb('activity_sample.pulls', '+', pulls) })),
      )
      .execute()
  }
}

export interface SampleServices {
  readonly database: Database
  readonly clock: Clock
  readonly usage: StorageUsage
}

/**
 * Counts the pushes of this hour and of those since the last look, from the events that pushes record anyway. Looks at
 * the storage once an hour, and forgets old samples.
 */
export async function sampleActivity(services: SampleServices): Promise<void> {
  const { database, clock } = services
  const now = clock.now()
  const hour = hourOf(now)
  const last = await database.read
    .selectFrom('storage_sample')
    .select((eb) => eb.fn.max('hour').as('hour'))
    .executeTakeFirst()
  // The hour of the last look was not over then. At the very first look, the days before count too.
  const from = Math.max(Number(last?.hour ?? 0), hourOf(now - caughtUpMs))
  await countPushes(database, from)
  const isNewHour = last === undefined || last.hour === null || Number(last.hour) < hour
  if (isNewHour) await sampleStorage(services, hour)
  await pruneSamples(database, hourOf(now - keptMs))
}

async function countPushes(database: Database, from: number): Promise<void> {
  const hour = sql<number>`event.occurred_at - event.occurred_at % ${sql.lit(hourMs)}`
  const counted = await database.read
    .selectFrom('event')
    // Pushes into deleted projects have no row to count in.
    .innerJoin('project', 'project.id', 'event.project_id')
    .select((eb) => ['project.id as project_id', hour.as('hour'), eb.fn.countAll<number | string>().as('pushes')])
    .where('event.occurred_at', '>=', from)
    .where('event.type', '=', 'push_artifact')
    .groupBy(['project.id', hour])
    .execute()
  if (counted.length === 0) return
  const rows = counted
    .map((row) => ({ hour: Number(row.hour), project_id: row.project_id, pushes: Number(row.pushes), pulls: 0 }))
    .toSorted((one, other) => one.hour - other.hour || one.project_id - other.project_id)
  await database.write(async (tx) => {
    for (const row of rows) {
      await tx
        .insertInto('activity_sample')
        .values(row)
        .onConflict((conflict) => conflict.columns(['hour', 'project_id']).doUpdateSet({ pushes: row.pushes }))
        .execute()
    }
  }, 'relaxed')
}

async function sampleStorage({ database, usage }: SampleServices, hour: number): Promise<void> {
  const physicalBytes = await usage.totalBytes()
  const logical = await database.read
    .selectFrom('project_usage')
    .select((eb) => eb.fn.sum<number | string | null>('bytes').as('bytes'))
    .executeTakeFirstOrThrow()
  const sample = { hour, logical_bytes: Number(logical.bytes ?? 0), physical_bytes: physicalBytes }
  await database.write(async (tx) => {
    await tx
      .insertInto('storage_sample')
      .values(sample)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }, 'relaxed')
}

/** The oldest hours first, a few at a time: after a long stop there may be many. */
async function pruneSamples(database: Database, before: number): Promise<void> {
  const old = await database.read
    .selectFrom('activity_sample')
    .select('hour')
    .distinct()
    .where('hour', '<', before)
    .orderBy('hour')
    .limit(prunedHours)
    .execute()
  if (old.length > 0) {
    const hours = old.map(({ hour }) => hour)
    await database.write(async (tx) => {
      await tx.deleteFrom('activity_sample').where('hour', 'in', hours).execute()
    }, 'relaxed')
  }
  const storage = await database.read
    .selectFrom('storage_sample')
    .select('hour')
    .where('hour', '<', before)
    .limit(1)
    .executeTakeFirst()
  if (storage === undefined) return
  await database.write(async (tx) => {
    await tx.deleteFrom('storage_sample').where('hour', '<', before).execute()
  }, 'relaxed')
}

import type { Selectable } from 'kysely'
import type { Database, Reader, Writer } from '../../database/database.ts'
import { lockFreeRows } from '../../database/locking.ts'
import type { JobScheduleTable } from '../../database/schema/jobs.ts'
import { actorKey, actorName, isSystemAdministrator, type Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import type { Clock } from '../clock.ts'
import type { EventServices, Events } from '../events/events.ts'
import { assertSeldom, cronOfPreset, nextOccurrence, type CronPreset } from './cron.ts'
import { enqueueJob } from './enqueue.ts'
import type { Json } from './job.ts'
import { schedulerKind } from './kinds.ts'

export interface Timing {
  readonly preset: CronPreset | 'custom'
  /** Six fields, seconds first; that of the preset when left out. */
  readonly cron?: string | undefined
  /** IANA name; UTC when left out. */
  readonly timeZone?: string | undefined
}

export interface NewSchedule {
  /** One schedule has it: `purge-audit-log`, `retention:12`. */
  readonly name: string
  readonly kind: string
  readonly payload: Json
  readonly subject?: string
  readonly projectId?: number
  readonly timing: Timing
}

export interface Schedule {
  readonly id: number
  readonly name: string
  readonly kind: string
  readonly payload: Json
  readonly subject: string | undefined
  readonly projectId: number | undefined
  readonly preset: CronPreset | 'custom'
  readonly cron: string
  readonly timeZone: string
  readonly nextRunAt: number
  readonly lastRunAt: number | undefined
  readonly username: string
  readonly createdAt: number
  readonly updatedAt: number
}

const fireBatch = 20
const standardTimeZone = 'UTC'

/** Empty for a custom timing without fields. */
const cronOf = ({ preset, cron }: Timing): string => cron?.trim() || (preset === 'custom' ? '' : cronOfPreset[preset])

/** Whether the schedule comes at these times already. */
export const hasTiming = (schedule: Schedule, timing: Timing): boolean =>
  schedule.preset === timing.preset &&
  schedule.cron === cronOf(timing) &&
  schedule.timeZone === (timing.timeZone ?? standardTimeZone)

/**
 * Sets when a kind of job comes by itself, in the place of what was set under the same name before.
 * @throws DomainError BAD_REQUEST for a cron expression or a time zone that cannot be, or that comes too often
 */
export async function setSchedule(
  tx: Writer,
  { clock, events }: EventServices,
  actor: Actor,
  schedule: NewSchedule,
): Promise<void> {
  const now = clock.now()
  const { name, kind, timing } = schedule
  const cron = cronOf(timing)
  const timeZone = timing.timeZone ?? standardTimeZone
  const nextRunAt = nextOccurrence(cron, timeZone, now)
  assertSeldom(cron, isSystemAdministrator(await currentActor(tx, actor, now)))
  const values = {
    kind,
    payload: JSON.stringify(schedule.payload),
    subject: schedule.subject ?? null,
    project_id: schedule.projectId ?? null,
    preset: timing.preset,
    cron,
    time_zone: timeZone,
    next_run_at: nextRunAt,
    actor: actorKey(actor),
    username: actorName(actor),
    updated_at: now,
  }
  const before = await findSchedule(tx, name)
  await tx
    .insertInto('job_schedule')
    .values({ ...values, name, created_at: now })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
    .execute()
  const type = before === undefined ? 'create_schedule' : 'update_schedule'
  await events.record(tx, actor, { type, schedule: name, cron, ...projectOf(schedule.projectId) })
}

/** Returns whether there was one. */
export async function deleteSchedule(tx: Writer, events: Events, actor: Actor, name: string): Promise<boolean> {
  const before = await findSchedule(tx, name)
  if (before === undefined) return false
  await tx.deleteFrom('job_schedule').where('name', '=', name).execute()
  const { cron, projectId } = before
  await events.record(tx, actor, { type: 'delete_schedule', schedule: name, cron, ...projectOf(projectId) })
  return true
}

export async function findSchedule(reader: Reader, name: string): Promise<Schedule | undefined> {
  const row = await reader.selectFrom('job_schedule').selectAll().where('name', '=', name).executeTakeFirst()
  return row === undefined ? undefined : scheduleOf(row)
}

/** All schedules of the registry, the oldest first. */
export async function listSchedules(
  reader: Reader,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): Promise<{ readonly rows: readonly Schedule[]; readonly total: number }> {
  const rows = await reader.selectFrom('job_schedule').selectAll().orderBy('id').offset(offset).limit(limit).execute()
  const { total } = await reader
    .selectFrom('job_schedule')
    .select((eb) => eb.fn.countAll<number | string>().as('total'))
    .executeTakeFirstOrThrow()
  return { rows: rows.map(scheduleOf), total: Number(total) }
}

/**
 * Enqueues a job for each schedule whose time has come and moves the schedule on, in one transaction: however many
 * processes call this, an occurrence makes one job.
 * Occurrences that were missed, while no process ran or the scheduler was paused, make one job together, at once. An
 * occurrence makes no job while an unfinished job has the schedule's name as its key, whether a schedule or a person
 * started it.
 */
export async function fireDueSchedules(database: Database, clock: Clock): Promise<number> {
  const now = clock.now()
  const due = await database.read
    .selectFrom('job_schedule')
    .select('id')
    .where('next_run_at', '<=', now)
    .limit(1)
    .executeTakeFirst()
  if (due === undefined) return 0
  return await database.write(async (tx) => {
    const scheduler = await tx
      .selectFrom('job_kind')
      .select('paused')
      .where('kind', '=', schedulerKind)
      .executeTakeFirst()
    if (scheduler?.paused === 1) return 0
    const rows = await lockFreeRows(
      database,
      tx.selectFrom('job_schedule').selectAll().where('next_run_at', '<=', now).orderBy('next_run_at').limit(fireBatch),
    ).execute()
    for (const row of rows) {
      await enqueueJob(tx, clock, {
        kind: row.kind,
        payload: JSON.parse(row.payload) as Json,
        uniqueKey: row.name,
        ...(row.subject === null ? {} : { subject: row.subject }),
        ...projectOf(row.project_id ?? undefined),
        trigger: 'schedule',
        actor: { kind: 'system', name: row.username },
      })
      await tx
        .updateTable('job_schedule')
        .set({ last_run_at: now, next_run_at: nextOccurrence(row.cron, row.time_zone, now) })
        .where('id', '=', row.id)
        .execute()
    }
    return rows.length
  })
}

function scheduleOf(row: Selectable<JobScheduleTable>): Schedule {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    payload: JSON.parse(row.payload) as Json,
    subject: row.subject ?? undefined,
    projectId: row.project_id ?? undefined,
    preset: row.preset,
    cron: row.cron,
    timeZone: row.time_zone,
    nextRunAt: row.next_run_at,
    lastRunAt: row.last_run_at ?? undefined,
    username: row.username,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

const projectOf = (projectId: number | undefined) => (projectId === undefined ? {} : { projectId })

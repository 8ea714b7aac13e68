import { z } from 'zod'
import type { Database } from '../../../database/database.ts'
import type { Actor } from '../../../domain/access/actor.ts'
import type { EventServices } from '../../../domain/events/events.ts'
import { DomainError } from '../../../domain/errors.ts'
import { startJob } from '../../../domain/jobs/enqueue.ts'
import type { Json } from '../../../domain/jobs/job.ts'
import { deleteSchedule, setSchedule, type Schedule, type Timing } from '../../../domain/jobs/schedules.ts'
import { timeAnswer, timeOf } from '../frame/answers.ts'

const types = ['Hourly', 'Daily', 'Weekly', 'Custom', 'Manual', 'None', 'Schedule'] as const

/** `{ schedule: { type, cron }, parameters }`: the body by which Harbor runs something now, regularly, or no more. */
export const scheduleBody = z.object({
  schedule: z.object({
    type: z
      .enum([...types, ''])
      .nullish()
      .describe('Without one nothing changes, as in Harbor.'),
    cron: z.string().max(200).nullish().describe('Six fields, seconds first.'),
    time_zone: z.string().max(100).nullish().describe('Beyond Harbor: on whose clocks; UTC when left out.'),
    next_scheduled_time: z.unknown().optional(),
  }),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  id: z.unknown().optional(),
  status: z.unknown().optional(),
  creation_time: z.unknown().optional(),
  update_time: z.unknown().optional(),
})
export type ScheduleBody = z.output<typeof scheduleBody>

export const scheduleAnswer = z.object({
  type: z.enum(types),
  cron: z.string().optional(),
  time_zone: z.string().optional(),
  next_scheduled_time: timeAnswer.optional(),
})

export type Wish =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'now' }
  | { readonly kind: 'never' }
  | { readonly kind: 'regularly'; readonly timing: Timing }

/** @throws DomainError BAD_REQUEST when a cron expression is missing; one that cannot be is found by `setSchedule` */
export function parseScheduleWish({ schedule: { type, cron, time_zone } }: ScheduleBody): Wish {
  if (type === undefined || type === null || type === '') return { kind: 'nothing' }
  if (type === 'Manual') return { kind: 'now' }
  if (type === 'None') return { kind: 'never' }
  const custom = type === 'Custom' || type === 'Schedule'
  if (custom && !cron?.trim())
    throw new DomainError(
      'BAD_REQUEST',
      'invalid cron string: a schedule of this type has one: {"type": "Custom", "cron": "0 30 2 * * *"}',
    )
  const preset = custom ? 'custom' : (type.toLowerCase() as 'hourly' | 'daily' | 'weekly')
  return { kind: 'regularly', timing: { preset, cron: cron ?? undefined, timeZone: time_zone ?? undefined } }
}

export function presentSchedule(schedule: Schedule): z.output<typeof scheduleAnswer> {
  const word = { hourly: 'Hourly', daily: 'Daily', weekly: 'Weekly', custom: 'Custom' } as const
  return {
    type: word[schedule.preset],
    cron: schedule.cron,
    time_zone: schedule.timeZone,
    next_scheduled_time: timeOf(schedule.nextRunAt),
  }
}

export interface ScheduledWork {
  /** Of the schedule, and the key by which two runs do not overlap: `purge-audit-log`, `retention:12`. */
  readonly name: string
  readonly kind: string
  readonly payload: Json
  readonly subject?: string
  readonly projectId?: number
}

/**
 * Does what the body asks for: runs the work now, sets when it comes, or takes its schedule away. Returns the id of the
 * job that was started.
 * @throws DomainError CONFLICT when it is to run now and already does
 */
export async function followWish(
  services: EventServices & { readonly database: Database },
  actor: Actor,
  wish: Wish,
  work: ScheduledWork,
): Promise<number | undefined> {
  if (wish.kind === 'nothing') return undefined
  return await services.database.write(async (tx) => {
    if (wish.kind === 'never') {
      await deleteSchedule(tx, services.events, actor, work.name)
      return undefined
    }
    if (wish.kind === 'regularly') {
      await setSchedule(tx, services, actor, { ...work, timing: wish.timing })
      return undefined
    }
    const { name, ...job } = work
    const { id, existing } = await startJob(tx, services, { ...job, uniqueKey: name, actor })
    if (existing) throw new DomainError('CONFLICT', `it is running or waiting already, as job ${id}`)
    return id
  })
}

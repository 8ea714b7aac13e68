import { z } from 'zod'
import { DomainError } from '../../../domain/errors.ts'
import { schedulerKind } from '../../../domain/jobs/kinds.ts'
import { listSchedules, type Schedule } from '../../../domain/jobs/schedules.ts'
import { timeAnswer, timeOf } from '../frame/answers.ts'
import { harborTypeOf } from './job-words.ts'
import { pageAnswer, pageOf, pageQuery } from '../frame/paging.ts'
import { route, type Route } from '../frame/route.ts'

const scheduleTask = z.object({
  id: z.number().int(),
  vendor_type: z.string(),
  vendor_id: z.number().int(),
  cron: z.string(),
  update_time: timeAnswer,
  name: z.string().describe('Beyond Harbor, like what follows.'),
  project_id: z.number().int().optional(),
  time_zone: z.string(),
  next_scheduled_time: timeAnswer,
  last_scheduled_time: timeAnswer.optional(),
})

export const scheduleRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/schedules',
    tag: 'schedule',
    operationId: 'listSchedules',
    summary: 'Everything that comes by itself, of the registry and of projects.',
    access: { kind: 'system', permission: 'jobservice-monitor:list' },
    query: z.object(pageQuery),
    answers: { 200: z.array(scheduleTask) },
    handle: async (call, { database }) => {
      const { rows, total } = await listSchedules(database.read, pageOf(call.query))
      return pageAnswer(call, { rows, total }, presentTask)
    },
  }),

  route({
    method: 'GET',
    path: '/schedules/{job_type}/paused',
    tag: 'schedule',
    operationId: 'getSchedulePaused',
    summary: 'Whether the scheduler is paused; only `all` can be asked for.',
    access: { kind: 'signed-in' },
    params: z.object({ job_type: z.string() }),
    answers: { 200: z.object({ paused: z.boolean() }) },
    handle: async ({ params }, { jobs }) => {
      if (params.job_type.toLowerCase() !== 'all') throw new DomainError('BAD_REQUEST', "job_type can only be 'all'")
      return { body: { paused: (await jobs.pausedKinds()).has(schedulerKind) } }
    },
  }),
]

/** The number behind `retention:12`, which is the policy; -1, as in Harbor, for work of the registry itself. */
const vendorIdOf = ({ subject }: Schedule): number => Number(/:(\d+)$/.exec(subject ?? '')?.[1] ?? -1)

function presentTask(schedule: Schedule): z.output<typeof scheduleTask> {
  return {
    id: schedule.id,
    vendor_type: harborTypeOf(schedule.kind),
    vendor_id: vendorIdOf(schedule),
    cron: schedule.cron,
    update_time: timeOf(schedule.updatedAt),
    name: schedule.name,
    ...(schedule.projectId === undefined ? {} : { project_id: schedule.projectId }),
    time_zone: schedule.timeZone,
    next_scheduled_time: timeOf(schedule.nextRunAt),
    ...(schedule.lastRunAt === undefined ? {} : { last_scheduled_time: timeOf(schedule.lastRunAt) }),
  }
}

import { z } from 'zod'
import { DomainError } from '../../../domain/errors.ts'
import {
  assertDefaultScanner,
  readScanAllProgress,
  startScanAll,
  stopScanAll,
  type ScanAllProgress,
} from '../../../domain/scanning/scan-all.ts'
import { scanAllJob, scanAllName } from '../../../domain/scanning/scan-all-job.ts'
import { findSchedule, hasTiming } from '../../../domain/jobs/schedules.ts'
import type { Actor } from '../../../domain/access/actor.ts'
import type { SystemPermission } from '../../../domain/access/roles/grantable-permissions.ts'
import { timeOf, timeAnswer } from '../frame/answers.ts'
import { route, type Route, type RouteAccess } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'
import { harborStatusOf } from './job-words.ts'
import {
  followWish,
  parseScheduleWish,
  presentSchedule,
  scheduleAnswer,
  scheduleBody,
  type Wish,
} from './schedule-body.ts'

const system = (permission: SystemPermission): RouteAccess => ({ kind: 'system', permission })
const tag = 'scanAll'
const path = '/system/scanAll/schedule'
const work = { name: scanAllName, ...scanAllJob.of({}) }

const answer = z.object({
  id: z.number().int().optional(),
  status: z.string().optional(),
  creation_time: timeAnswer.optional(),
  update_time: timeAnswer.optional(),
  schedule: scheduleAnswer.optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
})

const stats = z.object({
  total: z.number().int(),
  completed: z.number().int(),
  metrics: z.record(z.string(), z.number().int()).optional(),
  ongoing: z.boolean(),
  trigger: z.string().optional(),
})

export const scanAllRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path,
    tag,
    operationId: 'getScanAllSchedule',
    summary: 'When everything is scanned by itself; empty when it is not.',
    access: system('scan-all:read'),
    answers: { 200: answer },
    handle: async (_call, { database }) => {
      await assertDefaultScanner(database.read)
      const schedule = await findSchedule(database.read, scanAllName)
      // Harbor sends nothing at all, which Terraform's provider cannot read.
      if (schedule === undefined) return { body: {} }
      return {
        body: {
          id: schedule.id,
          status: 'Pending',
          creation_time: timeOf(schedule.createdAt),
          update_time: timeOf(schedule.updatedAt),
          schedule: presentSchedule(schedule),
          parameters: {},
        },
      }
    },
  }),

  route({
    method: 'POST',
    path,
    tag,
    operationId: 'createScanAllSchedule',
    summary: 'Scans everything now (Manual), or sets when that is done by itself.',
    access: system('scan-all:create'),
    body: scheduleBody,
    answers: { 201: null },
    handle: async ({ actor, body }, services) => {
      await assertDefaultScanner(services.database.read)
      const wish = parseScheduleWish(body)
      if (wish.kind === 'now') await startScanAll(services, actor)
      if (wish.kind === 'regularly') {
        if ((await findSchedule(services.database.read, scanAllName)) !== undefined)
          throw new DomainError(
            'PRECONDITION',
            'fail to set schedule for scan all as always had one, please delete it firstly then to re-schedule',
          )
        await follow(services, actor, wish)
      }
      return { status: 201 }
    },
  }),

  route({
    method: 'PUT',
    path,
    tag,
    operationId: 'updateScanAllSchedule',
    summary: 'Changes when everything is scanned by itself; None: no more.',
    access: system('scan-all:update'),
    body: scheduleBody,
    answers: { 200: null },
    handle: async ({ actor, body }, services) => {
      await assertDefaultScanner(services.database.read)
      const wish = parseScheduleWish(body)
      if (wish.kind === 'now')
        throw new DomainError('BAD_REQUEST', 'fail to update scan all schedule as wrong schedule type: Manual')
      await follow(services, actor, wish)
      return {}
    },
  }),

  route({
    method: 'POST',
    path: '/system/scanAll/stop',
    tag,
    operationId: 'stopScanAll',
    summary: 'Stops the newest scan of everything; reports that are whole stay.',
    access: system('scan-all:stop'),
    answers: { 202: null },
    handle: async ({ actor }, services) => {
      await assertDefaultScanner(services.database.read)
      await stopScanAll(services, actor)
      return { status: 202 }
    },
  }),

  ...(['all', 'schedule'] as const).map((which) =>
    route({
      method: 'GET',
      path: `/scans/${which}/metrics`,
      tag,
      operationId: which === 'all' ? 'getLatestScanAllMetrics' : 'getLatestScheduledScanAllMetrics',
      summary: `How far the newest scan of everything is${which === 'all' ? '' : ' that came by its schedule'}.`,
      access: system('scan-all:read'),
      answers: { 200: stats },
      handle: async (_call, { database }) => {
        await assertDefaultScanner(database.read)
        const progress = await readScanAllProgress(database.read, which === 'schedule' ? 'schedule' : undefined)
        return { body: presentProgress(progress) }
      },
    }),
  ),
]

async function follow(services: HarborServices, actor: Actor, wish: Wish): Promise<void> {
  if (wish.kind === 'regularly') {
    const before = await findSchedule(services.database.read, scanAllName)
    if (before !== undefined && hasTiming(before, wish.timing)) return
  }
  await followWish(services, actor, wish, work)
}

function presentProgress(progress: ScanAllProgress | undefined): z.output<typeof stats> {
  if (progress === undefined) return { total: 0, completed: 0, ongoing: false }
  const { trigger, total, byStatus, ongoing } = progress
  const { pending, delayed, ...others } = byStatus
  // A task that waits for its next attempt waits.
  const shown = Object.entries({ ...others, pending: pending + delayed }).filter(([, count]) => count > 0)
  return {
    total,
    completed: byStatus.succeeded + byStatus.failed + byStatus.stopped,
    metrics: Object.fromEntries(
      shown.map(([status, count]) => [harborStatusOf[status as keyof typeof harborStatusOf], count]),
    ),
    ongoing,
    trigger: trigger === 'schedule' ? 'Schedule' : 'Manual',
  }
}

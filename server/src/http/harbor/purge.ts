import { z } from 'zod'
import { auditedTypes, harborEventType, wordsOf } from '../../domain/audit/audit-records.ts'
import { DomainError } from '../../domain/errors.ts'
import { eventTypes } from '../../domain/events.ts'
import type { Json } from '../../domain/jobs/job.ts'
import { findSchedule } from '../../domain/jobs/schedules.ts'
import { createdAt, idParam } from './answers.ts'
import {
  historyAnswer,
  historyQuery,
  listHistory,
  logResponse,
  presentHistory,
  presentScheduleHistory,
} from './job-history.ts'
import { route, type Call, type Route } from './route.ts'
import { followWish, parseScheduleWish, scheduleBody, type ScheduleBody, type Wish } from './schedule-body.ts'
import type { HarborServices } from './services.ts'

const kind = 'purge-audit-log'
const kinds = [kind]
const collection = '/system/purgeaudit'
const item = `${collection}/{purge_id}`
const onePurge = z.object({ purge_id: idParam })

export const purgeRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: collection,
    tag: 'purge',
    operationId: 'getPurgeHistory',
    summary: 'Purges of the audit log, the newest first.',
    access: { kind: 'system', permission: 'purge-audit:list' },
    query: historyQuery,
    answers: { 200: z.array(historyAnswer) },
    handle: async (call, { jobs }) =>
      await listHistory(jobs, call, { kinds }, (job) => presentHistory(job, parametersOf(job.payload, job.result))),
  }),

  route({
    method: 'GET',
    path: `${collection}/schedule`,
    tag: 'purge',
    operationId: 'getPurgeSchedule',
    summary: 'When the audit log is purged by itself; empty when it is not.',
    access: { kind: 'system', permission: 'purge-audit:read' },
    answers: { 200: historyAnswer.partial() },
    handle: async (_call, { database }) => {
      const schedule = await findSchedule(database.read, kind)
      return {
        body: schedule === undefined ? {} : presentScheduleHistory(schedule, parametersOf(schedule.payload, undefined)),
      }
    },
  }),

  route({
    method: 'POST',
    path: `${collection}/schedule`,
    tag: 'purge',
    operationId: 'createPurgeSchedule',
    summary: 'Purges the audit log now (Manual), or sets when it is purged by itself.',
    access: { kind: 'system', permission: 'purge-audit:create' },
    body: scheduleBody,
    answers: { 201: null },
    handle: async (call, services) => {
      const id = await purge(call, services)
      return id === undefined ? { status: 201 } : createdAt(call.path.replace(/\/schedule\/*$/, ''), id)
    },
  }),

  route({
    method: 'PUT',
    path: `${collection}/schedule`,
    tag: 'purge',
    operationId: 'updatePurgeSchedule',
    summary: 'Changes when the audit log is purged by itself; None: it is not.',
    access: { kind: 'system', permission: 'purge-audit:update' },
    body: scheduleBody,
    answers: { 200: null },
    handle: async (call, services) => {
      await purge(call, services)
      return {}
    },
  }),

  route({
    method: 'GET',
    path: item,
    tag: 'purge',
    operationId: 'getPurgeJob',
    summary: 'One purge of the audit log.',
    access: { kind: 'system', permission: 'purge-audit:read' },
    params: onePurge,
    answers: { 200: historyAnswer },
    handle: async ({ params }, { jobs }) => {
      const job = await jobs.getJob(params.purge_id, kinds)
      return { body: presentHistory(job, parametersOf(job.payload, job.result)) }
    },
  }),

  route({
    method: 'PUT',
    path: item,
    tag: 'purge',
    operationId: 'stopPurge',
    summary: 'Stops a purge; what is gone stays gone.',
    access: { kind: 'system', permission: 'purge-audit:stop' },
    params: onePurge,
    answers: { 200: null },
    handle: async ({ actor, params }, { jobs }) => {
      const { id } = await jobs.getJob(params.purge_id, kinds)
      await jobs.requestStop(actor, id)
      return {}
    },
  }),

  route({
    method: 'GET',
    path: `${item}/log`,
    tag: 'purge',
    operationId: 'getPurgeJobLog',
    summary: 'The log of a purge, as text.',
    access: { kind: 'system', permission: 'purge-audit:read' },
    params: onePurge,
    answers: { 200: z.string() },
    handle: async ({ params }, { jobs }) => {
      const { id } = await jobs.getJob(params.purge_id, kinds)
      return logResponse(jobs, id)
    },
  }),
]

async function purge({ actor, body }: Call<unknown, unknown, ScheduleBody>, services: HarborServices) {
  const wish = parseScheduleWish(body)
  return await followWish(services, actor, wish, { name: kind, kind, payload: payloadOf(body, wish) })
}

const parametersSchema = z.object({
  audit_retention_hour: z.coerce
    .number('audit_retention_hour is a number of hours')
    .int()
    .min(1, 'audit_retention_hour is one hour at least')
    .max(240_000, 'audit_retention_hour is 240000 hours at the most'),
  dry_run: z.union([z.boolean(), z.stringbool()]).default(false),
  include_event_types: z.string().max(10_000).nullish(),
  include_operations: z.string().max(1_000).nullish(),
})

/** The newer name lists types of events, the older one their verbs; both are words of Harbor. */
function payloadOf(body: ScheduleBody, wish: Wish): Json {
  if (wish.kind === 'never') return null
  const parsed = parametersSchema.safeParse(body.parameters ?? {})
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new DomainError('BAD_REQUEST', `parameters: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'cannot be'}`)
  }
  const { audit_retention_hour: retentionHours, dry_run: dryRun, ...names } = parsed.data
  return { retentionHours, dryRun, eventTypes: typesOf(names) }
}

function typesOf(
  names: Pick<z.output<typeof parametersSchema>, 'include_event_types' | 'include_operations'>,
): string[] {
  if (names.include_event_types) return wordsIn(names.include_event_types).filter((name) => auditedTypes.includes(name))
  const operations = wordsIn(names.include_operations ?? '')
  return eventTypes.filter((type) => operations.includes(wordsOf(type).operation)).map(harborEventType)
}

const wordsIn = (text: string): string[] =>
  text
    .split(',')
    .map((word) => word.trim().toLowerCase())
    .filter((word) => word !== '')

interface PurgePayload {
  readonly retentionHours: number
  readonly dryRun: boolean
  readonly eventTypes: readonly string[]
}

function parametersOf(payload: Json, result: Json | undefined): Json {
  const { retentionHours, dryRun, eventTypes } = payload as unknown as PurgePayload
  const purged = (result as { purged?: number } | null | undefined)?.purged
  return {
    audit_retention_hour: retentionHours,
    dry_run: dryRun,
    include_event_types: eventTypes.join(','),
    ...(purged === undefined ? {} : { purged_count: purged }),
  }
}

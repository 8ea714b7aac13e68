import { z } from 'zod'
import { DomainError } from '../../domain/errors.ts'
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

const kind = 'collect-garbage'
const kinds = [kind]
const collection = '/system/gc'
const item = `${collection}/{gc_id}`
const oneRun = z.object({ gc_id: idParam })

export const gcRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: collection,
    tag: 'gc',
    operationId: 'getGCHistory',
    summary: 'Runs of garbage collection, the newest first. It also goes on all the time, beside these.',
    access: { kind: 'system', permission: 'garbage-collection:list' },
    query: historyQuery,
    answers: { 200: z.array(historyAnswer) },
    handle: async (call, { jobs }) =>
      await listHistory(jobs, call, { kinds }, (job) => presentHistory(job, parametersOf(job.payload, job.result))),
  }),

  route({
    method: 'GET',
    path: `${collection}/schedule`,
    tag: 'gc',
    operationId: 'getGCSchedule',
    summary: 'When a run comes by itself; empty when none does.',
    access: { kind: 'system', permission: 'garbage-collection:read' },
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
    tag: 'gc',
    operationId: 'createGCSchedule',
    summary: 'Runs garbage collection now (Manual), or sets when it runs by itself.',
    access: { kind: 'system', permission: 'garbage-collection:create' },
    body: scheduleBody,
    answers: { 201: null },
    handle: async (call, services) => {
      const id = await run(call, services)
      return id === undefined ? { status: 201 } : createdAt(call.path.replace(/\/schedule\/*$/, ''), id)
    },
  }),

  route({
    method: 'PUT',
    path: `${collection}/schedule`,
    tag: 'gc',
    operationId: 'updateGCSchedule',
    summary: 'Changes when garbage collection runs by itself; None: no more.',
    access: { kind: 'system', permission: 'garbage-collection:update' },
    body: scheduleBody,
    answers: { 200: null },
    handle: async (call, services) => {
      await run(call, services)
      return {}
    },
  }),

  route({
    method: 'GET',
    path: item,
    tag: 'gc',
    operationId: 'getGC',
    summary: 'One run of garbage collection.',
    access: { kind: 'system', permission: 'garbage-collection:read' },
    params: oneRun,
    answers: { 200: historyAnswer },
    handle: async ({ params }, { jobs }) => {
      const job = await jobs.getJob(params.gc_id, kinds)
      return { body: presentHistory(job, parametersOf(job.payload, job.result)) }
    },
  }),

  route({
    method: 'PUT',
    path: item,
    tag: 'gc',
    operationId: 'stopGC',
    summary: 'Stops a run; what is gone stays gone.',
    access: { kind: 'system', permission: 'garbage-collection:stop' },
    params: oneRun,
    answers: { 200: null },
    handle: async ({ actor, params }, { jobs }) => {
      const { id } = await jobs.getJob(params.gc_id, kinds)
      await jobs.requestStop(actor, id)
      return {}
    },
  }),

  route({
    method: 'GET',
    path: `${item}/log`,
    tag: 'gc',
    operationId: 'getGCLog',
    summary: 'The log of a run, as text.',
    access: { kind: 'system', permission: 'garbage-collection:read' },
    params: oneRun,
    answers: { 200: z.string() },
    handle: async ({ params }, { jobs }) => {
      const { id } = await jobs.getJob(params.gc_id, kinds)
      return logResponse(jobs, id)
    },
  }),
]

async function run({ actor, body }: Call<unknown, unknown, ScheduleBody>, services: HarborServices) {
  const wish = parseScheduleWish(body)
  return await followWish(services, actor, wish, { name: kind, kind, payload: payloadOf(body, wish) })
}

const truth = z.union([z.boolean(), z.stringbool()])

const parametersSchema = z.object({
  delete_untagged: truth.default(false),
  dry_run: truth.default(false),
  workers: z.coerce
    .number('workers is a number')
    .int()
    .min(1, 'workers is 1 at least')
    .max(10, 'workers is 10 at the most')
    .default(1),
})

function payloadOf(body: ScheduleBody, wish: Wish): Json {
  if (wish.kind === 'never') return null
  const parsed = parametersSchema.safeParse(body.parameters ?? {})
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new DomainError('BAD_REQUEST', `parameters: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'cannot be'}`)
  }
  const { delete_untagged: deleteUntagged, dry_run: dryRun, workers } = parsed.data
  return { deleteUntagged, dryRun, workers }
}

interface Result {
  readonly manifests: number
  readonly blobs: number
  readonly bytes: number
}

/** In Harbor's words, results of a run included. */
function parametersOf(payload: Json, result: Json | undefined): Json {
  const { deleteUntagged, dryRun, workers } = payload as { deleteUntagged: boolean; dryRun: boolean; workers: number }
  const asked = { delete_untagged: deleteUntagged, dry_run: dryRun, workers }
  if (result === undefined || result === null) return asked
  const { manifests, blobs, bytes } = result as unknown as Result
  return { ...asked, freed_space: bytes, purged_blobs: blobs, purged_manifests: manifests }
}

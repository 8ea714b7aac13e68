import { z } from 'zod'
import { findSchedule } from '../../../domain/jobs/schedules.ts'
import { DomainError } from '../../../domain/errors.ts'
import { countDamaged, listFindings, type ScrubFinding } from '../../../domain/scrub/scrub-findings.ts'
import { findProgress, shareDone, type ScrubProgress } from '../../../domain/scrub/scrub-progress.ts'
import { gentleBytesPerSecond, scrubJob, type ScrubPayload } from '../../../domain/scrub/scrub-job.ts'
import { createdAt, idParam, timeAnswer, timeOf } from '../frame/answers.ts'
import { jobAnswer, presentJob } from './job-answer.ts'
import { logResponse } from './job-history.ts'
import { cursorLink } from '../frame/paging.ts'
import { route, type Call, type Route } from '../frame/route.ts'
import {
  followWish,
  parseScheduleWish,
  presentSchedule,
  scheduleAnswer,
  scheduleBody,
  type ScheduleBody,
} from './schedule-body.ts'
import type { HarborServices } from '../frame/services.ts'

const collection = '/system/scrub'
const tag = 'scrub'
const kinds = [scrubJob.kind]

const passAnswer = z.object({
  started_at: timeAnswer,
  finished_at: timeAnswer.optional(),
  share_done: z.number().describe('From 0 to 1.'),
  blobs: z.number().int(),
  bytes: z.number().int(),
  damaged: z.number().int(),
})

const stateAnswer = z.object({
  damaged_blobs: z.number().int().describe('Blobs without good bytes now. A push of them makes them served again.'),
  pass: passAnswer.optional().describe('The unfinished pass, or the last one.'),
  job: jobAnswer.optional().describe('The newest job.'),
})

const findingAnswer = z.object({
  id: z.number().int(),
  digest: z.string(),
  kind: z.enum(['changed', 'missing']),
  size: z.number().int(),
  found_at: timeAnswer,
  healed_at: timeAnswer.optional(),
  repositories: z.array(z.string()),
})

const schedule = z.object({ schedule: scheduleAnswer, parameters: z.object({ bytes_per_second: z.number() }) })
const oneJob = z.object({ job_id: idParam })

/** Beyond Harbor: the scrub reads all stored bytes and compares them with their digests. */
export const scrubRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: collection,
    tag,
    operationId: 'getScrub',
    summary: 'The progress of the scrub, and the number of damaged blobs.',
    access: { kind: 'system', permission: 'garbage-collection:read' },
    answers: { 200: stateAnswer },
    handle: async (_call, { database, jobs }) => {
      const pass = await findProgress(database.read)
      const newest = await jobs.listJobs({ kinds, limit: 1, offset: 0 })
      const [job] = newest.rows
      return {
        body: {
          damaged_blobs: await countDamaged(database),
          ...(pass === undefined ? {} : { pass: presentPass(pass) }),
          ...(job === undefined ? {} : { job: presentJob(job) }),
        },
      }
    },
  }),

  route({
    method: 'GET',
    path: `${collection}/findings`,
    tag,
    operationId: 'listScrubFindings',
    summary: 'Damaged blobs, the newest first.',
    access: { kind: 'system', permission: 'garbage-collection:list' },
    query: z.object({
      healed: z.stringbool().optional(),
      before: z.coerce.number().int().min(1).optional().describe('The id of the last finding of the page before.'),
      page_size: z.coerce.number().int().min(1).max(100).default(50),
    }),
    answers: { 200: z.array(findingAnswer) },
    handle: async ({ query, path, search }, { database }) => {
      const found = await listFindings(database, { ...query, limit: query.page_size })
      const next = found.length < query.page_size ? undefined : found.at(-1)?.id
      return {
        headers: { link: cursorLink(path, search, next, 'before') },
        body: found.map(presentFinding),
      }
    },
  }),

  route({
    method: 'GET',
    path: `${collection}/schedule`,
    tag,
    operationId: 'getScrubSchedule',
    summary: 'The schedule of the scrub; empty when it has none.',
    access: { kind: 'system', permission: 'garbage-collection:read' },
    answers: { 200: schedule.partial() },
    handle: async (_call, { database }) => {
      const found = await findSchedule(database.read, scrubJob.kind)
      if (found === undefined) return { body: {} }
      const { bytesPerSecond } = scrubJob.read(found.payload)
      return { body: { schedule: presentSchedule(found), parameters: { bytes_per_second: bytesPerSecond } } }
    },
  }),

  route({
    method: 'POST',
    path: `${collection}/schedule`,
    tag,
    operationId: 'createScrubSchedule',
    summary: 'Starts the scrub (Manual), or sets its schedule; `parameters.bytes_per_second` limits its reading.',
    access: { kind: 'system', permission: 'garbage-collection:create' },
    body: scheduleBody,
    answers: { 201: null },
    handle: async (call, services) => {
      const id = await startOrSchedule(call, services)
      return id === undefined ? { status: 201 } : createdAt(call.path.replace(/\/schedule\/*$/, '/jobs'), id)
    },
  }),

  route({
    method: 'PUT',
    path: `${collection}/schedule`,
    tag,
    operationId: 'updateScrubSchedule',
    summary: 'Changes the schedule of the scrub; None takes it away.',
    access: { kind: 'system', permission: 'garbage-collection:update' },
    body: scheduleBody,
    answers: { 200: null },
    handle: async (call, services) => {
      await startOrSchedule(call, services)
      return {}
    },
  }),

  route({
    method: 'PUT',
    path: `${collection}/jobs/{job_id}`,
    tag,
    operationId: 'stopScrub',
    summary: 'Stops the scrub; the next run goes on from there.',
    access: { kind: 'system', permission: 'garbage-collection:stop' },
    params: oneJob,
    answers: { 200: null },
    handle: async ({ actor, params }, { jobs }) => {
      const { id } = await jobs.getJob(params.job_id, kinds)
      await jobs.requestStop(actor, id)
      return {}
    },
  }),

  route({
    method: 'GET',
    path: `${collection}/jobs/{job_id}/log`,
    tag,
    operationId: 'getScrubLog',
    summary: 'The log of one run, as text.',
    access: { kind: 'system', permission: 'garbage-collection:read' },
    params: oneJob,
    answers: { 200: z.string() },
    handle: async ({ params }, { jobs }) => {
      const { id } = await jobs.getJob(params.job_id, kinds)
      return logResponse(jobs, id)
    },
  }),
]

async function startOrSchedule({ actor, body }: Call<unknown, unknown, ScheduleBody>, services: HarborServices) {
  const wish = parseScheduleWish(body)
  return await followWish(services, actor, wish, { name: scrubJob.kind, ...scrubJob.of(payloadOf(body)) })
}

function presentPass(pass: ScrubProgress): z.output<typeof passAnswer> {
  return {
    started_at: timeOf(pass.started_at),
    ...(pass.finished_at === null ? {} : { finished_at: timeOf(pass.finished_at) }),
    share_done: shareDone(pass),
    blobs: pass.blobs,
    bytes: pass.bytes,
    damaged: pass.damaged,
  }
}

function presentFinding({ foundAt, healedAt, repositories, ...finding }: ScrubFinding): z.output<typeof findingAnswer> {
  return {
    ...finding,
    found_at: timeOf(foundAt),
    ...(healedAt === undefined ? {} : { healed_at: timeOf(healedAt) }),
    repositories: [...repositories],
  }
}

const parametersSchema = z.object({
  bytes_per_second: z
    .number('bytes_per_second is a number')
    .int()
    .min(100_000, 'bytes_per_second is 100000 at least')
    .max(1e12)
    .default(gentleBytesPerSecond),
})

function payloadOf(body: ScheduleBody): ScrubPayload {
  const parsed = parametersSchema.safeParse(body.parameters ?? {})
  if (parsed.success) return { bytesPerSecond: parsed.data.bytes_per_second }
  throw new DomainError('BAD_REQUEST', `parameters: ${parsed.error.issues[0]?.message ?? 'cannot be'}`)
}

import { z } from 'zod'
import { DomainError } from '../../../domain/errors.ts'
import type { Job, JobStatus, Json } from '../../../domain/jobs/job.ts'
import type { JobPage, Jobs } from '../../../domain/jobs/jobs.ts'
import type { Schedule } from '../../../domain/jobs/schedules.ts'
import { countedResponse } from '../../counted-body.ts'
import { timeAnswer, timeOf } from '../frame/answers.ts'
import { harborStatusOf, harborTriggerOf, harborTypeOf, statusesNamed } from './job-words.ts'
import { parseListQuery } from '../frame/list-query.ts'
import { listQuery, pageAnswer, pageOf } from '../frame/paging.ts'
import { presentSchedule, scheduleAnswer } from './schedule-body.ts'

/** What Harbor tells of a run of garbage collection or of a purge. */
export const historyAnswer = z.object({
  id: z.number().int(),
  job_name: z.string(),
  job_kind: z.string(),
  job_parameters: z.string(),
  schedule: scheduleAnswer.optional(),
  job_status: z.string(),
  deleted: z.boolean().optional(),
  creation_time: timeAnswer,
  update_time: timeAnswer,
})

/** `parameters`: what stands in the place of its payload, in Harbor's words. */
export function presentHistory(job: Job, parameters: Json): z.output<typeof historyAnswer> {
  return {
    id: job.id,
    job_name: harborTypeOf(job.kind),
    job_kind: harborTriggerOf[job.trigger],
    job_parameters: JSON.stringify(parameters),
    schedule: { type: job.trigger === 'schedule' ? 'Schedule' : 'Manual' },
    job_status: harborStatusOf[job.status],
    creation_time: timeOf(job.createdAt),
    update_time: timeOf(job.updatedAt),
  }
}

/** The schedule in the same form. */
export function presentScheduleHistory(schedule: Schedule, parameters: Json): z.output<typeof historyAnswer> {
  return {
    id: schedule.id,
    job_name: harborTypeOf(schedule.kind),
    job_kind: 'SCHEDULE',
    job_parameters: JSON.stringify(parameters),
    schedule: presentSchedule(schedule),
    job_status: 'Pending',
    creation_time: timeOf(schedule.createdAt),
    update_time: timeOf(schedule.updatedAt),
  }
}

interface HistoryCall {
  readonly path: string
  readonly search: string
  readonly query: { readonly page: number; readonly page_size: number; readonly q?: string | undefined }
}

export const historyQuery = z.object(listQuery)

/** One page of the runs of a kind, newest first; `q` may say `status` and `trigger`. */
export async function listHistory(
  jobs: Jobs,
  call: HistoryCall,
  filter: { readonly kinds: readonly string[]; readonly subject?: string },
  present: (job: Job) => unknown,
): Promise<ReturnType<typeof pageAnswer>> {
  const { offset, limit } = pageOf(call.query)
  const page: JobPage = await jobs.listJobs({ ...filter, ...conditionsOf(call.query.q), offset, limit })
  return pageAnswer(call, page, present)
}

function conditionsOf(q: string | undefined): { statuses?: readonly JobStatus[] } {
  const words = parseListQuery(q).flatMap((condition) => {
    if (!['status', 'job_status'].includes(condition.key.toLowerCase())) return []
    if (condition.kind === 'exact') return [condition.value]
    if (condition.kind === 'any') return condition.values
    throw new DomainError('BAD_REQUEST', 'status is a word: status=Success or status={Success Error}')
  })
  return words.length === 0 ? {} : { statuses: words.flatMap(statusesNamed) }
}

/** The log of a job as text; lines come as they are read, so that a long one is never in memory as a whole. */
export function logResponse(jobs: Jobs, id: number): Response {
  const lines = jobs.walkLog(id)
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const parts: string[] = []
      while (parts.length < linesPerChunk) {
        const { done, value } = await lines.next()
        if (done) {
          if (parts.length > 0) controller.enqueue(encoder.encode(parts.join('')))
          controller.close()
          return
        }
        parts.push(`${timeOf(value.at)} ${value.line}\n`)
      }
      controller.enqueue(encoder.encode(parts.join('')))
    },
    async cancel() {
      await lines.return(undefined)
    },
  })
  return countedResponse(body, { headers: { 'content-type': 'text/plain; charset=utf-8' } })
}

const linesPerChunk = 500

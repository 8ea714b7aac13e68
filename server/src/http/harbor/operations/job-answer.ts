import { z } from 'zod'
import type { Job } from '../../../domain/jobs/job.ts'
import type { LogLine } from '../../../domain/jobs/job-log.ts'
import { timeAnswer, timeOf } from '../frame/answers.ts'
import { harborTypeOf } from './job-words.ts'

const anything = z.unknown()

export const jobAnswer = z.object({
  id: z.number().int(),
  kind: z.string(),
  job_type: z.string().describe('What Harbor calls the kind.'),
  status: z.enum(['delayed', 'pending', 'running', 'succeeded', 'failed', 'stopped']),
  trigger: z.enum(['manual', 'schedule', 'event']),
  username: z.string().describe('Who asked for it.'),
  subject: z.string().optional(),
  project_id: z.number().int().optional(),
  priority: z.number().int(),
  parameters: anything,
  progress: z.looseObject({ step: z.string(), done: z.number().optional(), total: z.number().optional() }).optional(),
  result: anything.optional(),
  error: z.string().optional().describe('Why it failed, or why its last attempt did.'),
  attempts: z.number().int(),
  stop_requested: z.boolean(),
  log_lines: z.number().int(),
  worker: z.string().optional(),
  creation_time: timeAnswer,
  update_time: timeAnswer,
  run_time: timeAnswer.describe('When it may begin.'),
  start_time: timeAnswer.optional(),
  end_time: timeAnswer.optional(),
})

export const logLineAnswer = z.object({ number: z.number().int(), time: timeAnswer, line: z.string() })

export function presentJob(job: Job): z.output<typeof jobAnswer> {
  return {
    id: job.id,
    kind: job.kind,
    job_type: harborTypeOf(job.kind),
    status: job.status,
    trigger: job.trigger,
    username: job.username,
    ...(job.subject === undefined ? {} : { subject: job.subject }),
    ...(job.projectId === undefined ? {} : { project_id: job.projectId }),
    priority: job.priority,
    parameters: job.payload,
    ...(job.progress === undefined ? {} : { progress: job.progress }),
    ...(job.result === undefined ? {} : { result: job.result }),
    ...(job.error === undefined ? {} : { error: job.error }),
    attempts: job.attempts,
    stop_requested: job.stopRequested,
    log_lines: job.logLines,
    ...(job.worker === undefined ? {} : { worker: job.worker }),
    creation_time: timeOf(job.createdAt),
    update_time: timeOf(job.updatedAt),
    run_time: timeOf(job.runAt),
    ...(job.startedAt === undefined ? {} : { start_time: timeOf(job.startedAt) }),
    ...(job.finishedAt === undefined ? {} : { end_time: timeOf(job.finishedAt) }),
  }
}

export const presentLogLine = ({ number, at, line }: LogLine): z.output<typeof logLineAnswer> => ({
  number,
  time: timeOf(at),
  line,
})

import { createHash } from 'node:crypto'
import { z } from 'zod'
import { DomainError } from '../../../domain/errors.ts'
import type { Job } from '../../../domain/jobs/job.ts'
import type { Jobs, WorkerProcess } from '../../../domain/jobs/jobs.ts'
import { schedulerKind } from '../../../domain/jobs/kinds.ts'
import { workerGoneMs } from '../../../domain/jobs/workers.ts'
import { timeAnswer, timeOf } from '../frame/answers.ts'
import { logResponse } from './job-history.ts'
import { formatJobId, parseJobId } from './job-ids.ts'
import { findKindNamed, harborTypeOf } from './job-words.ts'
import { route, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'

const poolAnswer = z.object({
  pid: z.number().int(),
  worker_pool_id: z.string(),
  start_at: timeAnswer,
  heartbeat_at: timeAnswer,
  concurrency: z.number().int(),
  host: z.string(),
})

const workerAnswer = z.object({
  id: z.string(),
  pool_id: z.string(),
  job_name: z.string().optional(),
  job_id: z.string().optional(),
  start_at: timeAnswer.optional(),
  check_in: z.string().optional(),
  checkin_at: timeAnswer.optional(),
})

const queueAnswer = z.object({
  job_type: z.string(),
  count: z.number().int().optional(),
  latency: z.number().int().optional(),
  paused: z.boolean(),
})

const list = { kind: 'system', permission: 'jobservice-monitor:list' } as const
const stop = { kind: 'system', permission: 'jobservice-monitor:stop' } as const
const oneJob = z.object({ job_id: z.string().transform(parseJobId) })

export const jobserviceRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/jobservice/pools',
    tag: 'jobservice',
    operationId: 'getWorkerPools',
    summary: 'Processes that do jobs.',
    access: list,
    answers: { 200: z.array(poolAnswer) },
    handle: async (_call, services) => ({ body: (await livingPools(services)).map(presentPool) }),
  }),

  route({
    method: 'GET',
    path: '/jobservice/pools/{pool_id}/workers',
    tag: 'jobservice',
    operationId: 'getWorkers',
    summary: 'What one process does, or all of them: a line for each job that it can do at a time.',
    access: list,
    params: z.object({ pool_id: z.string() }),
    answers: { 200: z.array(workerAnswer) },
    handle: async ({ params }, services) => {
      const pools = await livingPools(services)
      const asked = pools.filter(({ id }) => params.pool_id === 'all' || poolIdOf(id) === params.pool_id)
      if (asked.length === 0) return { body: [] }
      const running = await services.jobs.listRunning(params.pool_id === 'all' ? undefined : asked[0]!.id)
      return { body: asked.flatMap((pool) => presentWorkers(pool, running)) }
    },
  }),

  route({
    method: 'PUT',
    path: '/jobservice/jobs/{job_id}',
    tag: 'jobservice',
    operationId: 'stopRunningJob',
    summary: 'Stops a job that runs, or waits.',
    access: stop,
    params: oneJob,
    answers: { 200: null },
    handle: async ({ actor, params }, { jobs }) => {
      // A job that is not there does not run: as in Harbor, there is nothing to stop.
      if (params.job_id !== undefined) await unlessUnknown(jobs.requestStop(actor, params.job_id))
      return {}
    },
  }),

  route({
    method: 'GET',
    path: '/jobservice/jobs/{job_id}/log',
    tag: 'jobservice',
    operationId: 'actionGetJobLog',
    summary: 'The log of a job, as text.',
    access: list,
    params: oneJob,
    answers: { 200: z.string() },
    handle: async ({ params }, { jobs }) => {
      if (params.job_id === undefined) throw new DomainError('JOB_UNKNOWN', 'no job has this id')
      const { id } = await jobs.getJob(params.job_id)
      return logResponse(jobs, id)
    },
  }),

  route({
    method: 'GET',
    path: '/jobservice/queues',
    tag: 'jobservice',
    operationId: 'listJobQueues',
    summary: 'What waits, by kind of job.',
    access: list,
    answers: { 200: z.array(queueAnswer) },
    handle: async (_call, { jobs, clock }) => ({
      body: (await jobs.listWaiting()).map(({ kind, count, oldestAt, paused }) => {
        const latency = oldestAt === undefined ? 0 : Math.max(0, Math.round((clock.now() - oldestAt) / 1000))
        // Harbor leaves zeros out.
        const waiting = { ...(count === 0 ? {} : { count }), ...(latency === 0 ? {} : { latency }) }
        return { job_type: harborTypeOf(kind), ...waiting, paused }
      }),
    }),
  }),

  route({
    method: 'PUT',
    path: '/jobservice/queues/{job_type}',
    tag: 'jobservice',
    operationId: 'actionPendingJobs',
    summary: 'Stops what waits of a kind of job (or of all), pauses the kind, or resumes it; scheduler: all schedules.',
    access: stop,
    params: z.object({ job_type: z.string() }),
    body: z.object({ action: z.enum(['stop', 'pause', 'resume']) }),
    answers: { 200: null },
    handle: async ({ actor, params, body }, { jobs }) => {
      for (const kind of kindsOf(params.job_type, jobs)) {
        if (body.action === 'pause') await jobs.pause(actor, kind)
        else if (body.action === 'resume') await jobs.resume(actor, kind)
        else if (kind !== schedulerKind) await jobs.stopWaiting(actor, kind)
      }
      return {}
    },
  }),
]

/**
 * `all` is every kind of job; the scheduler is meant by its own name alone, as in Harbor. Of a kind that is not there
 * nothing waits.
 */
function kindsOf(type: string, { kinds }: Jobs): readonly string[] {
  if (type.toLowerCase() === 'all') return kinds
  const kind = findKindNamed(type, [...kinds, schedulerKind])
  return kind === undefined ? [] : [kind]
}

async function unlessUnknown(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof DomainError && error.code === 'JOB_UNKNOWN')) throw error
  }
}

async function livingPools({ jobs, clock }: HarborServices): Promise<WorkerProcess[]> {
  return await jobs.listWorkers(clock.now() - workerGoneMs)
}

/** In Harbor's form, 24 hex digits: names of our processes have characters that mean something in a path. */
const poolIdOf = (worker: string): string => createHash('sha256').update(worker).digest('hex').slice(0, 24)

function presentPool(pool: WorkerProcess): z.output<typeof poolAnswer> {
  return {
    pid: pool.pid,
    worker_pool_id: poolIdOf(pool.id),
    start_at: timeOf(pool.startedAt),
    heartbeat_at: timeOf(pool.heartbeatAt),
    concurrency: pool.concurrency,
    host: pool.host,
  }
}

function presentWorkers(pool: WorkerProcess, running: readonly Job[]): z.output<typeof workerAnswer>[] {
  const busy = running
    .filter(({ worker }) => worker === pool.id)
    .map((job) => ({
      id: `${poolIdOf(pool.id)}:job-${job.id}`,
      pool_id: poolIdOf(pool.id),
      job_name: harborTypeOf(job.kind),
      job_id: formatJobId(job.id),
      ...(job.startedAt === undefined ? {} : { start_at: timeOf(job.startedAt) }),
      ...(job.progress === undefined ? {} : { check_in: job.progress.step, checkin_at: timeOf(job.updatedAt) }),
    }))
  const idle = Array.from({ length: Math.max(0, pool.concurrency - busy.length) }, (_, index) => ({
    id: `${poolIdOf(pool.id)}:idle-${index + 1}`,
    pool_id: poolIdOf(pool.id),
  }))
  return [...busy, ...idle]
}

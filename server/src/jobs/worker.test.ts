import { afterEach, expect, test } from 'bun:test'
import type { Database } from '#server/database/database.ts'
import { enqueueJob, type NewJob } from '#server/domain/jobs/enqueue.ts'
import { Jobs } from '#server/domain/jobs/jobs.ts'
import { type JobKind, Interrupted, jobKind, PermanentFailure } from '#server/jobs/job-kind.ts'
import { JobWorker, type JobWorkerOptions } from '#server/jobs/worker.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { TestClock } from '#server-test/registry-for-test.ts'

const actor = { kind: 'system', name: 'test' } as const
const opened: AsyncDisposable[] = []
afterEach(async () => {
  for (const each of opened.splice(0)) await each[Symbol.asyncDispose]()
})

type Run = JobKind<string>['run']

const kindOf = (run: Run, more: Partial<JobKind<string>> = {}): JobKind =>
  jobKind({
    name: 'work',
    concurrency: {},
    maxAttempts: 3,
    parse: (payload) => String(payload),
    run,
    retryDelayMs: () => 1_000,
    ...more,
  })

/** A worker whose rounds the test runs itself; start() is for tests of what happens by itself. */
function workerOf(
  database: Database,
  clock: TestClock,
  kinds: readonly JobKind[],
  more: Partial<JobWorkerOptions> = {},
) {
  const errors: unknown[] = []
  const worker = new JobWorker({
    database,
    clock,
    kinds,
    process: { id: `worker-${opened.length}`, host: 'here', pid: 1 },
    concurrency: 4,
    keepMs: 60_000,
    flushMs: 5,
    drainMs: 2_000,
    onError: (doing, error) => errors.push(`${doing}: ${String(error)}`),
    ...more,
  })
  opened.push(worker)
  return { worker, errors, round: async () => worker.tick().then(() => worker.idle()) }
}

const enqueue = (database: Database, clock: TestClock, job: Partial<NewJob> = {}) =>
  database.write((tx) => enqueueJob(tx, clock, { kind: 'work', payload: 'x', trigger: 'event', actor, ...job }))

describeEachDatabase('workers', (open) => {
  test('a job is done once, and its result, progress and log are kept', async () => {
    const [database, clock] = [await open(), new TestClock()]
    const jobs = new Jobs({ database, clock })
    const { id } = await enqueue(database, clock)
    const { round, errors } = workerOf(database, clock, [
      kindOf(async (job) => {
        job.log('first')
        job.progress({ step: 'count', done: 1, total: 2 })
        job.log('second')
        return { counted: 2 }
      }),
    ])
    await round()
    await round()
    expect(errors).toEqual([])
    expect(await jobs.getJob(id)).toMatchObject({
      status: 'succeeded',
      attempts: 1,
      result: { counted: 2 },
      progress: { step: 'count', done: 1, total: 2 },
      logLines: 2,
    })
    expect((await jobs.readLog(id, { limit: 10 })).map(({ number, line }) => [number, line])).toEqual([
      [1, 'first'],
      [2, 'second'],
    ])
  })

  test('a job that fails is tried again later, as often as its kind says', async () => {
    const [database, clock] = [await open(), new TestClock()]
    const jobs = new Jobs({ database, clock })
    const { id } = await enqueue(database, clock)
    const { round } = workerOf(database, clock, [kindOf(() => Promise.reject(new Error('the remote end is away')))])
    await round()
    expect(await jobs.getJob(id)).toMatchObject({ status: 'delayed', attempts: 1, error: 'the remote end is away' })
    await round()
    expect((await jobs.getJob(id)).attempts).toBe(1)
    for (const attempts of [2, 3]) {
      clock.advance(1_000)
      await round()
      expect((await jobs.getJob(id)).attempts).toBe(attempts)
    }
    expect(await jobs.getJob(id)).toMatchObject({ status: 'failed', error: 'the remote end is away' })
  })

  test('a permanent failure and a payload that cannot be are not tried again', async () => {
    const [database, clock] = [await open(), new TestClock()]
    const jobs = new Jobs({ database, clock })
    const refused = await enqueue(database, clock)
    const unreadable = await enqueue(database, clock, { kind: 'picky' })
    const picky = kindOf(async () => null, {
      name: 'picky',
      parse: () => {
        throw new Error('not a number')
      },
    })
    const { round } = workerOf(database, clock, [kindOf(() => Promise.reject(new PermanentFailure('gone'))), picky])
    await round()
    expect(await jobs.getJob(refused.id)).toMatchObject({ status: 'failed', attempts: 1, error: 'gone' })
    expect(await jobs.getJob(unreadable.id)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('not a number'),
    })
  })

  test('a job that is stopped keeps what it had done', async () => {
    const [database, clock] = [await open(), new TestClock()]
    const jobs = new Jobs({ database, clock })
    const { id } = await enqueue(database, clock)
    const { worker, round } = workerOf(database, clock, [
      kindOf(async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        throw new Interrupted({ half: true })
      }),
    ])
    await worker.tick()
    await jobs.requestStop(actor, id)
    await round()
    expect(await jobs.getJob(id)).toMatchObject({ status: 'stopped', result: { half: true } })
  })

  test('a job that comes to its end although it was to stop has succeeded', async () => {
    const [database, clock] = [await open(), new TestClock()]
    const jobs = new Jobs({ database, clock })
    const { id } = await enqueue(database, clock)
    const { worker, round } = workerOf(database, clock, [
      kindOf(async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        return 'all of it'
      }),
    ])
    await worker.tick()
    await jobs.requestStop(actor, id)
    await round()
    expect(await jobs.getJob(id)).toMatchObject({ status: 'succeeded', result: 'all of it' })
  })

  test('a process that shuts down gives its jobs back, and the next one goes on from their state', async () => {
    const [database, clock] = [await open(), new TestClock()]
    const jobs = new Jobs({ database, clock })
    const { id } = await enqueue(database, clock)
    const started = Promise.withResolvers<void>()
    const first = workerOf(database, clock, [
      kindOf(async ({ signal, checkpoint }) => {
        await checkpoint({ at: 5 })
        started.resolve()
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        signal.throwIfAborted()
        return null
      }),
    ])
    await first.worker.tick()
    await started.promise
    await first.worker[Symbol.asyncDispose]()
    clock.advance(1)
    expect(await jobs.getJob(id)).toMatchObject({ status: 'pending', attempts: 0 })
    const second = workerOf(database, clock, [kindOf(async ({ state, attempt }) => ({ from: state ?? null, attempt }))])
    await second.round()
    expect(await jobs.getJob(id)).toMatchObject({ status: 'succeeded', result: { from: { at: 5 }, attempt: 1 } })
  })
})

import { afterEach, expect, test } from 'bun:test'
import type { Database } from '#server/database/database.ts'
import { enqueueJob, type NewJob } from '#server/domain/jobs/enqueue.ts'
import { Jobs } from '#server/domain/jobs/jobs.ts'
import { type JobKind, Interrupted, jobKind, PermanentFailure } from '#server/jobs/job-kind.ts'
import { JobWorker, type JobWorkerOptions } from '#server/jobs/worker.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { newProcessMark } from '#server/runtime/process-mark.ts'
import { until } from '#server-test/until.ts'
import { TestClock } from '#server-test/registry-for-test.ts'
import { Events } from '../domain/events/events.ts'

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
    const jobs = new Jobs({ database, clock, events: new Events({ clock }) })
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
    const jobs = new Jobs({ database, clock, events: new Events({ clock }) })
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
    const jobs = new Jobs({ database, clock, events: new Events({ clock }) })
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
    const jobs = new Jobs({ database, clock, events: new Events({ clock }) })
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
    const jobs = new Jobs({ database, clock, events: new Events({ clock }) })
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
    const jobs = new Jobs({ database, clock, events: new Events({ clock }) })
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

  test('a kind with much to do does not keep another from its turn, but what is urgent goes before both', async () => {
    const [database, clock] = [await open(), new TestClock()]
    const begun: string[] = []
    const hold = Promise.withResolvers<void>()
    const holding = (name: string) =>
      kindOf(
        async ({ payload }) => {
          begun.push(`${name} ${payload}`)
          await hold.promise
          return null
        },
        { name },
      )
    for (let count = 0; count < 6; count++) await enqueue(database, clock, { kind: 'many', payload: `${count}` })
    await enqueue(database, clock, { kind: 'few', payload: 'only' })
    await enqueue(database, clock, { kind: 'many', payload: 'urgent', priority: 1 })
    const { worker } = workerOf(database, clock, [holding('many'), holding('few')])
    await worker.tick()
    expect(begun).toEqual(['many urgent', 'few only', 'many 0', 'many 1'])
    hold.resolve()
    await worker.idle()
  })

  test('of a kind no more run in a process than it allows', async () => {
    const [database, clock] = [await open(), new TestClock()]
    let running = 0
    const most: number[] = []
    const kind = kindOf(
      async () => {
        most.push(++running)
        await new Promise((resolve) => setTimeout(resolve, 200))
        running -= 1
        return null
      },
      { concurrency: { process: 2 } },
    )
    for (let count = 0; count < 5; count++) await enqueue(database, clock)
    const { round } = workerOf(database, clock, [kind])
    for (let count = 0; count < 3; count++) await round()
    expect(most.length).toBe(5)
    expect(Math.max(...most)).toBe(2)
  })

  test('work that is enqueued here begins at once, not at the next look', async () => {
    const [database, clock] = [await open(), new TestClock()]
    const ran = Promise.withResolvers<void>()
    const kind = kindOf(async () => {
      ran.resolve()
      return null
    })
    const { worker } = workerOf(database, clock, [kind], { pollMs: 3_600_000 })
    await worker.start()
    await worker.tick()
    await enqueue(database, clock)
    await ran.promise
    await worker.idle()
  })

  test('a worker that hears of its lost lease tells the job to end, and keeps nothing of what it returns', async () => {
    const [database, clock] = [await open(), new TestClock()]
    const jobs = new Jobs({ database, clock, events: new Events({ clock }) })
    const { id } = await enqueue(database, clock)
    const ended: string[] = []
    const kind = kindOf(async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return String(signal.reason)
    })
    const onEnded = ({ outcome }: { outcome: string }) => void ended.push(outcome)
    const { worker } = workerOf(database, clock, [kind], { leaseMs: 60, pollMs: 3_600_000, onEnded })
    await worker.start()
    while ((await jobs.getJob(id)).status !== 'running') await new Promise((resolve) => setTimeout(resolve, 5))
    await database.write(async (tx) => {
      await tx
        .updateTable('job')
        .set((eb) => ({ fence: eb('fence', '+', 1), lease_holder: 'another' }))
        .execute()
    })
    await worker.idle()
    expect(ended).toEqual(['lost'])
    expect(await jobs.getJob(id)).toMatchObject({ status: 'running', worker: 'another', result: undefined })
  })

  test('a log is bounded, and says so', async () => {
    const [database, clock] = [await open(), new TestClock()]
    const jobs = new Jobs({ database, clock, events: new Events({ clock }) })
    const { id } = await enqueue(database, clock)
    const { round } = workerOf(database, clock, [
      kindOf(async (job) => {
        for (let count = 0; count < 12_000; count++) job.log(`${count} ${'x'.repeat(count === 0 ? 10_000 : 1)}`)
        job.log('a zero \0 byte')
        return null
      }),
    ])
    await round()
    const { logLines } = await jobs.getJob(id)
    expect(logLines).toBeLessThan(12_000)
    const [first] = await jobs.readLog(id, { limit: 1 })
    expect(first!.line.length).toBe(4_096)
    const [last] = await jobs.readLog(id, { after: logLines - 1, limit: 1 })
    expect(last!.line).toContain('lines were left out')
  })

  test('jobs of a worker that was killed on this machine go on before its leases end', async () => {
    const [database, clock] = [await open(), new TestClock()]
    const jobs = new Jobs({ database, clock, events: new Events({ clock }) })
    const { id } = await enqueue(database, clock)
    const leaseMs = 300
    // Nothing that started with the machine has the pid of this process.
    const dead = newProcessMark().replace(/\d+$/, '1')
    await database.write(async (tx) => {
      const leased = {
        status: 'running' as const,
        attempts: 1,
        lease_holder: dead,
        lease_expires_at: clock.now() + 3_600_000,
      }
      await tx
        .updateTable('job')
        .set({ ...leased, started_at: clock.now() })
        .execute()
    })
    const kind = kindOf(async () => 'done', { retryDelayMs: () => 0 })
    const { worker, errors } = workerOf(database, clock, [kind], { leaseMs, pollMs: 5 })
    await worker.start()
    await until(async () => (await jobs.getJob(id)).status === 'succeeded')
    expect(await jobs.getJob(id)).toMatchObject({ attempts: 2, result: 'done' })
    expect(errors).toEqual([])
  })
})

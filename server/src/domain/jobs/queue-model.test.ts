import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Database } from '#server/database/database.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { TestClock } from '#server-test/registry-for-test.ts'
import { enqueueJob } from './enqueue.ts'
import { isFinal, type JobStatus } from './job.ts'
import { Jobs } from './jobs.ts'
import { ensureKinds } from './kinds.ts'
import { JobLeaseLost, JobQueue, type QueuedKind, type TakenJob } from './queue.ts'
import { Events } from '../events/events.ts'

const actor = { kind: 'system', name: 'test' } as const
const leaseMs = 100
const most = 2
const kind: QueuedKind = {
  name: 'work',
  registryConcurrency: most,
  maxAttempts: 3,
  keepMs: 1_000_000,
  retryDelayMs: (attempt) => attempt * 50,
}

/** What a job should be, told without a database. */
interface ModelJob {
  readonly id: number
  readonly key: string | undefined
  readonly priority: number
  readonly maxAttempts: number
  status: JobStatus
  runAt: number
  attempts: number
  stopRequested: boolean
  leaseUntil: number
  /** The only handle whose writes count. */
  held: TakenJob | undefined
  state: number | undefined
}

type Step =
  | {
      readonly do: 'enqueue'
      readonly key: string | undefined
      readonly priority: number
      readonly delay: number
      readonly maxAttempts: number
    }
  | {
      readonly do: 'take' | 'renew' | 'succeed' | 'fail' | 'give-back' | 'remember'
      readonly worker: number
      readonly pick: number
    }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'promote' | 'recover' }
  | { readonly do: 'stop'; readonly pick: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('enqueue' as const),
    key: fc.constantFrom(undefined, 'a', 'b'),
    priority: fc.integer({ min: 0, max: 2 }),
    delay: fc.constantFrom(0, 0, 30),
    maxAttempts: fc.integer({ min: 1, max: 3 }),
  }),
  { arbitrary: fc.record({ do: fc.constant('take' as const), worker: fc.nat(2), pick: fc.nat() }), weight: 3 },
  fc.record({
    do: fc.constantFrom(
      'renew' as const,
      'succeed' as const,
      'fail' as const,
      'give-back' as const,
      'remember' as const,
    ),
    worker: fc.nat(2),
    pick: fc.nat(),
  }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(10, 60, 101) }),
  fc.record({ do: fc.constantFrom('promote' as const, 'recover' as const) }),
  fc.record({ do: fc.constant('stop' as const), pick: fc.nat() }),
)

class Model {
  readonly clock = new TestClock()
  readonly jobs: ModelJob[] = []
  readonly queues: readonly JobQueue[]
  /** Every handle that a worker was ever given: workers that froze still have theirs. */
  readonly handles: TakenJob[][] = [[], [], []]
  readonly #database: Database
  readonly #people: Jobs

  constructor(database: Database) {
    this.#database = database
    this.#people = new Jobs({ database, clock: this.clock, events: new Events({ clock: this.clock }) })
    this.queues = [0, 1, 2].map(
      (worker) => new JobQueue({ database, clock: this.clock, worker: `worker ${worker}`, leaseMs }),
    )
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const each of steps) {
      await this.#apply(each)
      await this.#compare()
    }
  }

  async #apply(each: Step): Promise<void> {
    switch (each.do) {
      case 'enqueue':
        return await this.#enqueue(each)
      case 'take':
        return await this.#take(each.worker)
      case 'wait':
        return this.clock.advance(each.ms)
      case 'promote': {
        const due = this.jobs.filter(({ status, runAt }) => status === 'delayed' && runAt <= this.clock.now())
        expect(await this.queues[0]!.promoteDue()).toBe(due.length)
        for (const job of due) job.status = 'pending'
        return
      }
      case 'recover':
        return await this.#recover()
      case 'stop': {
        const job = this.jobs[each.pick % Math.max(1, this.jobs.length)]
        if (job === undefined) return
        await this.#people.requestStop(actor, job.id)
        if (job.status === 'running') job.stopRequested = true
        else if (!isFinal(job.status)) job.status = 'stopped'
        return
      }
      default:
        return await this.#withHandle(each.do, each.worker, each.pick)
    }
  }

  async #enqueue({ key, priority, delay, maxAttempts }: Extract<Step, { do: 'enqueue' }>): Promise<void> {
    const twin = this.jobs.find((job) => key !== undefined && job.key === key && !isFinal(job.status))
    const runAt = this.clock.now() + delay
    const { id, existing } = await this.#database.write((tx) =>
      enqueueJob(tx, this.clock, {
        kind: 'work',
        payload: null,
        ...(key === undefined ? {} : { uniqueKey: key }),
        priority,
        runAt,
        maxAttempts,
        trigger: 'event',
        actor,
      }),
    )
    expect(existing).toBe(twin !== undefined)
    if (twin !== undefined) return expect(id).toBe(twin.id)
    const status = delay > 0 ? 'delayed' : 'pending'
    const fresh = { attempts: 0, stopRequested: false, leaseUntil: 0, held: undefined, state: undefined }
    this.jobs.push({ id, key, priority, maxAttempts, status, runAt, ...fresh })
  }

  async #take(worker: number): Promise<void> {
    const full = this.jobs.filter(({ status }) => status === 'running').length >= most
    const [next] = this.jobs
      .filter(({ status }) => status === 'pending')
      .toSorted((a, b) => b.priority - a.priority || a.id - b.id)
    const taken = await this.queues[worker]!.take(kind)
    if (full || next === undefined) return expect(taken).toBeUndefined()
    next.status = 'running'
    next.attempts += 1
    next.leaseUntil = this.clock.now() + leaseMs
    next.held = taken
    expect(taken).toMatchObject({
      id: next.id,
      attempt: next.attempts,
      lastAttempt: next.attempts >= next.maxAttempts,
    })
    expect(taken!.state).toBe(next.state)
    this.handles[worker]!.push(taken!)
  }

  async #recover(): Promise<void> {
    const expired = this.jobs.filter((job) => job.status === 'running' && job.leaseUntil <= this.clock.now())
    expect(await this.queues[0]!.recoverExpired(new Map([['work', kind]]))).toBe(expired.length)
    for (const job of expired) {
      job.held = undefined
      if (job.stopRequested) this.#end(job, 'stopped')
      else if (job.attempts >= job.maxAttempts) this.#end(job, 'failed')
      else {
        job.status = 'delayed'
        job.runAt = this.clock.now() + kind.retryDelayMs(job.attempts)
      }
    }
  }

  /** Any handle, also one that was lost long ago. */
  async #withHandle(what: 'renew' | 'succeed' | 'fail' | 'give-back' | 'remember', worker: number, pick: number) {
    const handles = this.handles[worker]!
    const handle = handles[pick % Math.max(1, handles.length)]
    if (handle === undefined) return
    const job = this.jobs.find(({ id }) => id === handle.id)!
    const mine = job.held === handle
    const queue = this.queues[worker]!
    if (what === 'renew') {
      expect((await queue.renew([handle])).has(job.id)).toBe(mine)
      if (mine) job.leaseUntil = this.clock.now() + leaseMs
      return
    }
    const writes = {
      succeed: () => queue.succeed(kind, handle, 'done'),
      fail: () => queue.fail(kind, handle, 'broken', false),
      'give-back': () => queue.giveBack(kind, handle),
      remember: () => queue.transact(handle, { log: [] }, async (_tx, remember) => remember(handle.fence)),
    }
    const thrown = await writes[what]().then(
      () => undefined,
      (error: unknown) => error,
    )
    if (!mine) return expect(thrown).toBeInstanceOf(JobLeaseLost)
    expect(thrown).toBeUndefined()
    if (what === 'remember') {
      job.state = handle.fence
      return
    }
    job.held = undefined
    if (what === 'succeed') this.#end(job, 'succeeded')
    else if (what === 'fail' && job.attempts >= job.maxAttempts) this.#end(job, 'failed')
    else if (job.stopRequested) this.#end(job, 'stopped')
    else if (what === 'give-back') {
      job.status = 'pending'
      job.attempts -= 1
    } else {
      job.status = 'delayed'
      job.runAt = this.clock.now() + kind.retryDelayMs(job.attempts)
    }
  }

  #end(job: ModelJob, status: JobStatus): void {
    job.status = status
    job.state = undefined
    job.stopRequested = false
  }

  async #compare(): Promise<void> {
    const { rows } = await this.#people.listJobs({ limit: 1_000 })
    const real = rows.map(({ id, status, attempts, stopRequested }) => ({ id, status, attempts, stopRequested }))
    const told = this.jobs.map(({ id, status, attempts, stopRequested }) => ({ id, status, attempts, stopRequested }))
    expect(real.toReversed()).toEqual(told)
    expect(real.filter(({ status }) => status === 'running').length).toBeLessThanOrEqual(most)
  }
}

describeEachDatabase('the queue of jobs against its model', (open, dialect) => {
  const long = (process.env['BERTH_TEST_LONG'] ?? '') !== ''
  const numRuns = (dialect === 'sqlite' ? 40 : 15) * (long ? 20 : 1)

  test('whatever workers and people do in whatever order, each job is where the model says', async () => {
    const database = await open()
    await database.write(async (tx) => await ensureKinds(tx, ['work']))
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        await database.write(async (tx) => void (await tx.deleteFrom('job').execute()))
        await new Model(database).run(steps)
      }),
      { numRuns },
    )
  }, 600_000)
})

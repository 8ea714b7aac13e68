import { expect, test } from 'bun:test'
import type { Database } from '#server/database/database.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { TestClock } from '#server-test/registry-for-test.ts'
import { enqueueJob, type NewJob } from './enqueue.ts'
import { Jobs, pruneJobs } from './jobs.ts'
import { appendLog } from './job-log.ts'
import { ensureKinds } from './kinds.ts'
import { JobLeaseLost, JobQueue, type QueuedKind, type TakenJob } from './queue.ts'
import { Events } from '../events/events.ts'
import { newProcessMark } from '../../runtime/process-mark.ts'
import { reportWorker } from './workers.ts'

const actor = { kind: 'system', name: 'test' } as const
const leaseMs = 30_000

const kindOf = (more: Partial<QueuedKind> = {}): QueuedKind => ({
  name: 'work',
  registryConcurrency: undefined,
  maxAttempts: 3,
  keepMs: 60_000,
  retryDelayMs: () => 1_000,
  ...more,
})

async function composeQueue(database: Database, clock = new TestClock()) {
  await database.write(async (tx) => await ensureKinds(tx, ['work', 'other']))
  const queueOf = (worker: string) => new JobQueue({ database, clock, worker, leaseMs })
  const enqueue = (job: Partial<NewJob> = {}) =>
    database.write((tx) => enqueueJob(tx, clock, { kind: 'work', payload: null, trigger: 'event', actor, ...job }))
  const jobs = new Jobs({ database, clock, events: new Events({ clock }), kinds: ['work'] })
  return { database, clock, queueOf, enqueue, jobs }
}

const recover = (queue: JobQueue, kind: QueuedKind) => queue.recoverExpired(new Map([[kind.name, kind]]))

describeEachDatabase('the queue of jobs', (open) => {
  test('a job is there when its transaction is committed, and not when it is rolled back', async () => {
    const { database, clock, jobs, enqueue } = await composeQueue(await open())
    const failed = database.write(async (tx) => {
      await enqueueJob(tx, clock, { kind: 'work', payload: null, trigger: 'event', actor })
      throw new Error('the change failed')
    })
    expect(failed).rejects.toThrow('the change failed')
    await failed.catch(() => {})
    expect((await jobs.listJobs({ limit: 10 })).rows).toEqual([])
    const { id } = await enqueue()
    expect(await jobs.getJob(id)).toMatchObject({ status: 'pending', attempts: 0, username: 'test' })
  })

  test('of unfinished jobs of a kind one has a key, however many ask at once; then the key is free', async () => {
    const { enqueue, queueOf, jobs } = await composeQueue(await open())
    const asked = await Promise.all(Array.from({ length: 8 }, () => enqueue({ uniqueKey: 'only' })))
    expect(new Set(asked.map(({ id }) => id)).size).toBe(1)
    expect(asked.filter(({ existing }) => !existing).length).toBe(1)
    expect((await enqueue({ kind: 'other', uniqueKey: 'only' })).existing).toBe(false)
    const queue = queueOf('a')
    const taken = (await queue.take(kindOf()))!
    expect(await enqueue({ uniqueKey: 'only' })).toEqual({ id: taken.id, existing: true })
    await queue.succeed(kindOf(), taken, null)
    expect((await enqueue({ uniqueKey: 'only' })).existing).toBe(false)
    expect((await jobs.listJobs({ limit: 10 })).total).toBe(3)
  })

  test('the most urgent goes first, then the oldest; one for later waits for its time', async () => {
    const { clock, enqueue, queueOf } = await composeQueue(await open())
    const later = await enqueue({ priority: 9, runAt: clock.now() + 5_000 })
    const [first, second, urgent] = [await enqueue(), await enqueue(), await enqueue({ priority: 5 })]
    const queue = queueOf('a')
    const order: (number | undefined)[] = []
    for (let count = 0; count < 4; count++) order.push((await queue.take(kindOf()))?.id)
    expect(order).toEqual([urgent.id, first.id, second.id, undefined])
    expect(await queue.promoteDue()).toBe(0)
    clock.advance(5_000)
    expect(await queue.look()).toEqual({ pending: false, due: true, expired: false })
    expect(await queue.promoteDue()).toBe(1)
    expect((await queue.take(kindOf()))?.id).toBe(later.id)
  })

  test('a job goes to one worker, however many ask at once', async () => {
    const { enqueue, queueOf } = await composeQueue(await open())
    const ids = new Set<number>()
    for (let count = 0; count < 6; count++) ids.add((await enqueue()).id)
    const taken: TakenJob[] = []
    for (let round = 0; taken.length < 6; round++) {
      const some = await Promise.all(['a', 'b', 'c', 'd'].map((worker) => queueOf(worker).take(kindOf())))
      taken.push(...some.filter((job) => job !== undefined))
      expect(round).toBeLessThan(20)
    }
    expect(taken.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual([...ids])
    expect(await queueOf('a').take(kindOf())).toBeUndefined()
  })

  test('of a kind no more run at a time than it allows, in all processes together', async () => {
    const { enqueue, queueOf } = await composeQueue(await open())
    for (let count = 0; count < 6; count++) await enqueue()
    const two = kindOf({ registryConcurrency: 2 })
    const taken = (await Promise.all(['a', 'b', 'c', 'd'].map((worker) => queueOf(worker).take(two)))).filter(Boolean)
    expect(taken.length).toBe(2)
    await queueOf('a').succeed(two, taken[0]!, null)
    expect(await queueOf('b').take(two)).toBeDefined()
    expect(await queueOf('b').take(two)).toBeUndefined()
  })

  test('jobs of a paused kind wait; those that run go on', async () => {
    const { enqueue, queueOf, jobs } = await composeQueue(await open())
    await enqueue()
    await enqueue()
    const queue = queueOf('a')
    const running = (await queue.take(kindOf()))!
    await jobs.pause(actor, 'work')
    for (const kind of [kindOf(), kindOf({ registryConcurrency: 5 })]) expect(await queue.take(kind)).toBeUndefined()
    await queue.succeed(kindOf(), running, null)
    expect(await jobs.listWaiting()).toEqual([expect.objectContaining({ kind: 'work', count: 1, paused: true })])
    await jobs.resume(actor, 'work')
    expect(await queue.take(kindOf())).toBeDefined()
  })

  test('a worker that froze for longer than its lease writes nothing more, not even when it holds the job again', async () => {
    const { clock, enqueue, queueOf, jobs } = await composeQueue(await open())
    const { id } = await enqueue()
    const [frozen, other] = [queueOf('frozen'), queueOf('other')]
    const old = (await frozen.take(kindOf()))!
    clock.advance(leaseMs + 1)
    expect(await recover(other, kindOf())).toBe(1)
    clock.advance(1_000)
    await other.promoteDue()
    const mine = (await other.take(kindOf()))!
    expect(mine).toMatchObject({ id, attempt: 2 })
    await other.transact(mine, { log: [{ at: 1, line: 'mine' }], progress: { step: 'new' } }, async (_tx, remember) =>
      remember('new'),
    )
    expect(await frozen.renew([old])).toEqual(new Map())
    const writes = [
      () => frozen.transact(old, { log: [{ at: 2, line: 'stale' }] }, async () => {}),
      () => frozen.transact(old, { log: [], progress: { step: 'stale' } }, async (_tx, remember) => remember('stale')),
      () => frozen.succeed(kindOf(), old, 'stale'),
      () => frozen.fail(kindOf(), old, 'stale', true),
      () => frozen.stopped(kindOf(), old, 'stale'),
      () => frozen.giveBack(kindOf(), old),
    ]
    const refused = async () => {
      for (const write of writes) expect(await write().catch((error: unknown) => error)).toBeInstanceOf(JobLeaseLost)
    }
    await refused()
    clock.advance(leaseMs + 1)
    await recover(other, kindOf())
    clock.advance(1_000)
    await other.promoteDue()
    const again = (await frozen.take(kindOf()))!
    expect(again).toMatchObject({ id, attempt: 3, state: 'new' })
    await refused()
    expect(await jobs.getJob(id)).toMatchObject({ status: 'running', progress: { step: 'new' } })
    expect((await jobs.readLog(id, { limit: 10 })).map(({ line }) => line)).not.toContain('stale')
  })

  test('what a stale transaction wanted to change beside the job does not happen', async () => {
    const { database, clock, enqueue, queueOf } = await composeQueue(await open())
    await enqueue()
    const old = (await queueOf('frozen').take(kindOf()))!
    clock.advance(leaseMs + 1)
    await recover(queueOf('other'), kindOf())
    const write = queueOf('frozen').transact(old, { log: [] }, async (tx) => {
      await tx.insertInto('setting').values({ name: 'stale', value: '1', updated_at: 0 }).execute()
    })
    expect(await write.catch((error: unknown) => error)).toBeInstanceOf(JobLeaseLost)
    expect(await database.read.selectFrom('setting').selectAll().execute()).toEqual([])
  })

  test('a job whose worker died is begun again, but not one that may be begun once', async () => {
    const { clock, enqueue, queueOf, jobs } = await composeQueue(await open())
    const [repeatable, once, stopped] = [await enqueue(), await enqueue({ maxAttempts: 1 }), await enqueue()]
    const dead = queueOf('dead')
    for (let count = 0; count < 3; count++) await dead.take(kindOf())
    await jobs.requestStop(actor, stopped.id)
    expect(await recover(queueOf('other'), kindOf())).toBe(0)
    clock.advance(leaseMs + 1)
    expect(await queueOf('other').look()).toMatchObject({ expired: true })
    expect(await recover(queueOf('other'), kindOf())).toBe(3)
    expect(await jobs.getJob(repeatable.id)).toMatchObject({ status: 'delayed', attempts: 1 })
    expect(await jobs.getJob(once.id)).toMatchObject({ status: 'failed', error: expect.stringContaining('dead') })
    expect(await jobs.getJob(stopped.id)).toMatchObject({ status: 'stopped' })
    expect(await recover(queueOf('other'), kindOf())).toBe(0)
  })

  test('jobs of a kind that a process does not know are left to others', async () => {
    const { clock, enqueue, queueOf, jobs } = await composeQueue(await open())
    const { id } = await enqueue({ kind: 'other' })
    const other = kindOf({ name: 'other' })
    await queueOf('new version').take(other)
    clock.advance(leaseMs + 1)
    expect(await recover(queueOf('old version'), kindOf())).toBe(0)
    expect(await jobs.getJob(id)).toMatchObject({ status: 'running' })
  })

  test('a renewed lease holds, and tells of a stop', async () => {
    const { clock, enqueue, queueOf, jobs } = await composeQueue(await open())
    const { id } = await enqueue()
    const queue = queueOf('a')
    const taken = (await queue.take(kindOf()))!
    clock.advance(leaseMs - 1)
    expect((await queue.renew([taken])).get(id)).toEqual({ stopRequested: false })
    await jobs.requestStop(actor, id)
    clock.advance(leaseMs - 1)
    expect(await recover(queue, kindOf())).toBe(0)
    expect((await queue.renew([taken])).get(id)).toEqual({ stopRequested: true })
    expect(await queue.stopsAmong([taken])).toEqual([id])
  })

  test('a job that waits is stopped at once, and one that has ended stays as it is', async () => {
    const { enqueue, queueOf, jobs } = await composeQueue(await open())
    const [waiting, done] = [await enqueue(), await enqueue({ priority: 1 })]
    const queue = queueOf('a')
    await queue.succeed(kindOf(), (await queue.take(kindOf()))!, 'done')
    for (const { id } of [waiting, done]) await jobs.requestStop(actor, id)
    expect(await jobs.getJob(waiting.id)).toMatchObject({ status: 'stopped' })
    expect(await jobs.getJob(done.id)).toMatchObject({ status: 'succeeded', result: 'done' })
    expect(jobs.requestStop(actor, 99)).rejects.toMatchObject({ code: 'JOB_UNKNOWN' })
    expect(await queue.take(kindOf())).toBeUndefined()
  })

  test('finished jobs are kept for as long as their kind says, and go with their logs', async () => {
    const { database, clock, enqueue, queueOf, jobs } = await composeQueue(await open())
    const { id } = await enqueue()
    const queue = queueOf('a')
    const taken = (await queue.take(kindOf()))!
    await queue.transact(taken, { log: [{ at: clock.now(), line: 'said' }] }, async () => {})
    clock.advance(120_000)
    expect(await pruneJobs(database, clock.now(), 10)).toBe(0)
    await queue.succeed(kindOf(), taken, null)
    clock.advance(60_000)
    expect(await pruneJobs(database, clock.now(), 10)).toBe(0)
    clock.advance(1)
    expect(await pruneJobs(database, clock.now(), 10)).toBe(1)
    expect(await jobs.findJob(id)).toBeUndefined()
    expect(await jobs.readLog(id, { limit: 10 })).toEqual([])
  })

  test('lists go by kind, status, subject and project, page by page', async () => {
    const { enqueue, queueOf, jobs } = await composeQueue(await open())
    const ids: number[] = []
    for (const subject of ['retention:1', 'retention:2', 'retention:1'])
      ids.push((await enqueue({ subject, projectId: subject === 'retention:1' ? 7 : 8 })).id)
    await enqueue({ kind: 'other' })
    await queueOf('a').take(kindOf())
    const found = async (query: object) => (await jobs.listJobs({ limit: 10, ...query })).rows.map(({ id }) => id)
    expect(await found({ subject: 'retention:1' })).toEqual([ids[2]!, ids[0]!])
    expect(await found({ projectId: 8 })).toEqual([ids[1]!])
    expect(await found({ kinds: ['work'], statuses: ['running'] })).toEqual([ids[0]!])
    expect(await found({ kinds: [] })).toEqual([])
    expect(await found({ withoutKinds: ['other'] })).toEqual(ids.toReversed())
    const page = await jobs.listJobs({ kinds: ['work'], limit: 2 })
    expect(page).toMatchObject({ total: 3, next: ids[1]! })
    expect(await found({ kinds: ['work'], limit: 2, beyond: page.next })).toEqual([ids[0]!])
    await expect(jobs.getJob(ids[0]!, ['other'])).rejects.toMatchObject({ code: 'JOB_UNKNOWN' })
  })

  test('a payload is bounded', async () => {
    const { enqueue } = await composeQueue(await open())
    await expect(enqueue({ payload: 'x'.repeat(300_000) })).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  })

  test('lists of jobs and lines of logs end by their size, and are gone on with', async () => {
    const { database, clock, jobs, enqueue } = await composeQueue(await open())
    const large = 'x'.repeat(250_000)
    for (let count = 0; count < 40; count++) await enqueue({ payload: large })
    const seen: number[] = []
    let pages = 0
    for (let beyond: number | undefined; ; pages++) {
      const page = await jobs.listJobs({ limit: 100, beyond })
      expect(page.rows.length).toBeLessThan(20)
      seen.push(...page.rows.map(({ id }) => id))
      beyond = page.next
      if (beyond === undefined) break
    }
    expect(seen.length).toBe(40)
    expect(new Set(seen).size).toBe(40)
    expect(pages).toBeGreaterThan(1)

    const [id] = seen
    const line = 'y'.repeat(4_000)
    const entries = Array.from({ length: 900 }, () => ({ at: clock.now(), line }))
    await database.write((tx) => appendLog(tx, { id: id!, logLines: 0 }, entries))
    expect((await jobs.readLog(id!, { limit: 1_000 })).length).toBeLessThan(400)
    let walked = 0
    for await (const { number } of jobs.walkLog(id!)) expect(number).toBe(++walked)
    expect(walked).toBe(900)
  })

  test('a worker that was killed on this machine is not among those that do jobs', async () => {
    const { database, clock, jobs } = await composeQueue(await open())
    const living = newProcessMark()
    const facts = { host: 'here', pid: 1, concurrency: 1, startedAt: clock.now(), heartbeatAt: clock.now() }
    // Nothing that started with the machine has the pid of this process.
    for (const id of [living, living.replace(/\d+$/, '1')]) await reportWorker(database, { id, ...facts })
    expect((await jobs.listWorkers(0)).map(({ id }) => id)).toEqual([living])
  })
})

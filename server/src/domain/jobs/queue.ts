import { sql, type Selectable, type UpdateQueryBuilder, type UpdateResult } from 'kysely'
import type { Database, Durability, Writer } from '../../database/database.ts'
import { lockFreeRows, lockRows } from '../../database/locking.ts'
import { preparedQuery } from '../../database/prepared.ts'
import type { Schema } from '../../database/schema/schema.ts'
import type { JobTable } from '../../database/schema/jobs.ts'
import type { Clock } from '../clock.ts'
import { jsonOf, type JobProgress, type Json } from './job.ts'
import { appendLog } from './job-log.ts'
import { endedAs, waiting } from './job-ends.ts'
import { findDeadHolders, recoverJobs } from './recover-jobs.ts'

/** The facts about a kind that the queue needs to hand out its jobs. */
export interface QueuedKind {
  readonly name: string
  /** Most jobs of the kind that run at a time, in all processes together; undefined: as many as there are workers. */
  readonly registryConcurrency: number | undefined
  readonly maxAttempts: number
  /** How long a finished job and its log are kept. */
  readonly keepMs: number
  /** How long to wait after the given attempt failed. */
  retryDelayMs(attempt: number): number
}

/** A job that a worker holds. A worker whose `fence` differs from the row's has lost it. */
export interface TakenJob {
  readonly id: number
  readonly kind: string
  readonly payload: Json
  readonly attempt: number
  readonly lastAttempt: boolean
  readonly fence: number
  readonly state: Json | undefined
  readonly stopRequested: boolean
  /** The actor who asked for it. */
  readonly username: string
}

/** The lease went to another worker, or the job has ended: nothing more can be written for it. */
export class JobLeaseLost extends Error {
  override readonly name = 'JobLeaseLost'
  constructor(id: number) {
    super(`job ${id} is no longer held by this worker`)
  }
}

export interface QueueOptions {
  readonly database: Database
  readonly clock: Clock
  /** Tells this process from every other one, also after a restart. */
  readonly worker: string
  readonly leaseMs: number
}

const promoteBatch = 500
/** A status that a partial index is about has to be a literal: a parameter could be any. */
const is = (status: string) => sql.lit(status)

const nextOfKind = preparedQuery<{ kind: string }, { id: number; priority: number }>((db, param) =>
  db
    .selectFrom('job')
    .select(['id', 'priority'])
    .where('status', '=', is('pending') as never)
    .where('kind', '=', param('kind'))
    .orderBy('priority', 'desc')
    .orderBy('id')
    .limit(1),
)

interface Waiting {
  readonly pending: string | null
  readonly due_at: number | null
  readonly expires_at: number | null
}

/** Each is one step into an index, whatever the planner believes of the table: that is what its order is for. */
const whatWaits = preparedQuery<object, Waiting>((db) =>
  db.selectNoFrom((eb) => [
    eb
      .selectFrom('job')
      .select('kind')
      .where('status', '=', is('pending') as never)
      .orderBy('kind')
      .orderBy('priority', 'desc')
      .orderBy('id')
      .limit(1)
      .as('pending'),
    eb
      .selectFrom('job')
      .select('run_at')
      .where('status', '=', is('delayed') as never)
      .orderBy('run_at')
      .limit(1)
      .as('due_at'),
    eb
      .selectFrom('job')
      .select((running) => running.fn.min('lease_expires_at').as('first'))
      .where('status', '=', is('running') as never)
      .as('expires_at'),
  ]),
)

/** The side of the queue that workers see. Every change of a taken job asks for its fence. */
export class JobQueue {
  readonly #database: Database
  readonly #clock: Clock
  readonly #worker: string
  readonly #leaseMs: number

  constructor({ database, clock, worker, leaseMs }: QueueOptions) {
    this.#database = database
    this.#clock = clock
    this.#worker = worker
    this.#leaseMs = leaseMs
  }

  /** One query that costs the same however much there is. */
  async look(): Promise<{ readonly pending: boolean; readonly due: boolean; readonly expired: boolean }> {
    const { pending, due_at, expires_at } = (await whatWaits.first(this.#database.read, {}))!
    const now = this.#clock.now()
    return {
      pending: pending !== null,
      due: due_at !== null && due_at <= now,
      expired: expires_at !== null && expires_at <= now,
    }
  }

  /** The job of a kind that would be taken next. */
  async nextOf(kind: QueuedKind): Promise<{ readonly id: number; readonly priority: number } | undefined> {
    return await nextOfKind.first(this.#database.read, { kind: kind.name })
  }

  /** Takes the next job of a kind, if there is one and the kind may run another. */
  async take(kind: QueuedKind): Promise<TakenJob | undefined> {
    const now = this.#clock.now()
    return await this.#database.write(async (tx) => {
      if (!(await this.#mayRunAnother(tx, kind))) return undefined
      const next = await lockFreeRows(
        this.#database,
        tx
          .selectFrom('job')
          .select('id')
          .where('status', '=', is('pending') as never)
          .where('kind', '=', kind.name)
          .orderBy('priority', 'desc')
          .orderBy('id')
          .limit(1),
      ).executeTakeFirst()
      if (next === undefined) return undefined
      const row = await tx
        .updateTable('job')
        .set((eb) => ({
          status: 'running',
          attempts: eb('attempts', '+', 1),
          fence: eb('fence', '+', 1),
          lease_holder: this.#worker,
          lease_expires_at: now + this.#leaseMs,
          started_at: now,
          updated_at: now,
          error: null,
        }))
        .where('id', '=', next.id)
        .returning([
          'id',
          'kind',
          'payload',
          'attempts',
          'max_attempts',
          'fence',
          'state',
          'stop_requested',
          'username',
        ])
        .executeTakeFirstOrThrow()
      return {
        id: row.id,
        kind: row.kind,
        payload: JSON.parse(row.payload) as Json,
        attempt: row.attempts,
        lastAttempt: row.attempts >= (row.max_attempts ?? kind.maxAttempts),
        fence: row.fence,
        state: jsonOf(row.state),
        stopRequested: row.stop_requested === 1,
        username: row.username,
      }
    }, 'relaxed')
  }

  /** Under the lock of the kind, so that two workers do not both take the last place. */
  async #mayRunAnother(tx: Writer, { name, registryConcurrency }: QueuedKind): Promise<boolean> {
    const row = tx.selectFrom('job_kind').select('paused').where('kind', '=', name)
    if (registryConcurrency === undefined) return (await row.executeTakeFirst())?.paused !== 1
    const kind = await lockRows(this.#database, row).executeTakeFirst()
    if (kind === undefined || kind.paused === 1) return false
    const running = await tx
      .selectFrom('job')
      .select((eb) => eb.fn.countAll<number | string>().as('count'))
      .where('status', '=', is('running') as never)
      .where('kind', '=', name)
      .executeTakeFirstOrThrow()
    return Number(running.count) < registryConcurrency
  }

  /** Makes jobs whose time has come pending. Returns their number. */
  async promoteDue(): Promise<number> {
    const now = this.#clock.now()
    return await this.#database.write(async (tx) => {
      const due = await lockFreeRows(
        this.#database,
        tx
          .selectFrom('job')
          .select('id')
          .where('status', '=', is('delayed') as never)
          .where('run_at', '<=', now)
          .orderBy('run_at')
          .limit(promoteBatch),
      ).execute()
      if (due.length === 0) return 0
      const ids = due.map(({ id }) => id)
      await tx.updateTable('job').set({ status: 'pending', updated_at: now }).where('id', 'in', ids).execute()
      return due.length
    }, 'relaxed')
  }

  /** Workers with running jobs that are known to be dead: they need not be waited for. */
  async deadHolders(): Promise<string[]> {
    return await findDeadHolders(this.#database.read)
  }

  /** Gives jobs of workers that died or froze to others: those whose lease has ended, and those of `dead`. */
  async recoverExpired(kinds: ReadonlyMap<string, QueuedKind>, dead: readonly string[] = []): Promise<number> {
    return await recoverJobs(this.#database, this.#clock.now(), kinds, dead)
  }

  /** Renews the leases of `jobs`. Returns the state of each that is still held; the others are lost. */
  async renew(jobs: readonly TakenJob[]): Promise<ReadonlyMap<number, { readonly stopRequested: boolean }>> {
    const held = new Map<number, { stopRequested: boolean }>()
    if (jobs.length === 0) return held
    const expiresAt = this.#clock.now() + this.#leaseMs
    await this.#database.write(async (tx) => {
      held.clear()
      for (const job of jobs) {
        const row = await fenced(tx, job)
          .set({ lease_expires_at: expiresAt })
          .returning('stop_requested')
          .executeTakeFirst()
        if (row !== undefined) held.set(job.id, { stopRequested: row.stop_requested === 1 })
      }
    }, 'relaxed')
    return held
  }

  /** Those of `jobs` that a person wants to end. */
  async stopsAmong(jobs: readonly TakenJob[]): Promise<number[]> {
    if (jobs.length === 0) return []
    const rows = await this.#database.read
      .selectFrom('job')
      .select('id')
      .where(
        'id',
        'in',
        jobs.map(({ id }) => id),
      )
      .where('stop_requested', '=', 1)
      .execute()
    return rows.map(({ id }) => id)
  }

  /**
   * A transaction that happens only while the job is held. `remember` stores where a later attempt goes on.
   * @throws JobLeaseLost
   */
  async transact<T>(
    job: TakenJob,
    { progress, log }: { readonly progress?: JobProgress; readonly log: readonly LogEntry[] },
    work: (tx: Writer, remember: (state: Json) => void) => Promise<T>,
    durability: Durability = 'durable',
  ): Promise<T> {
    const now = this.#clock.now()
    return await this.#database.write(async (tx) => {
      const row = await fenced(tx, job)
        .set((eb) => ({
          updated_at: now,
          log_lines: eb('log_lines', '+', log.length),
          ...(progress === undefined ? {} : { progress: JSON.stringify(progress) }),
        }))
        .returning('log_lines')
        .executeTakeFirst()
      if (row === undefined) throw new JobLeaseLost(job.id)
      await appendLog(tx, { id: job.id, logLines: row.log_lines - log.length }, log)
      let state: Json | undefined
      const value = await work(tx, (given) => (state = given))
      if (state !== undefined)
        await fenced(tx, job)
          .set({ state: JSON.stringify(state) })
          .execute()
      return value
    }, durability)
  }

  /** @throws JobLeaseLost */
  async succeed(kind: QueuedKind, job: TakenJob, result: Json): Promise<void> {
    await this.#end(job, { ...endedAs(kind, this.#clock.now(), 'succeeded'), result: JSON.stringify(result) })
  }

  /** @throws JobLeaseLost */
  async stopped(kind: QueuedKind, job: TakenJob, result: Json | undefined): Promise<void> {
    const ended = endedAs(kind, this.#clock.now(), 'stopped')
    await this.#end(job, { ...ended, result: result === undefined ? null : JSON.stringify(result) })
  }

  /**
   * Ends it, or lets it wait for another attempt when it has one left, may be repeated, and nobody wants it stopped.
   * @throws JobLeaseLost
   */
  async fail(
    kind: QueuedKind,
    job: TakenJob,
    error: string,
    permanent: boolean,
  ): Promise<'failed' | 'delayed' | 'stopped'> {
    const now = this.#clock.now()
    if (permanent || job.lastAttempt) {
      await this.#end(job, { ...endedAs(kind, now, 'failed'), error })
      return 'failed'
    }
    const again = { ...waiting(now + kind.retryDelayMs(job.attempt)), error }
    return (await this.#endUnlessStopped(kind, job, again)) ? 'delayed' : 'stopped'
  }

  /** Gives back a job that a shutdown interrupts; that attempt does not count. @throws JobLeaseLost */
  async giveBack(kind: QueuedKind, job: TakenJob): Promise<void> {
    const again = { ...waiting(this.#clock.now()), status: 'pending', attempts: job.attempt - 1 } as const
    await this.#endUnlessStopped(kind, job, again)
  }

  /** A stop that the worker has not heard of counts too. */
  async #endUnlessStopped(kind: QueuedKind, job: TakenJob, changes: Partial<Selectable<JobTable>>): Promise<boolean> {
    const now = this.#clock.now()
    return await this.#database.write(async (tx) => {
      const row = await fenced(tx, job).set({ updated_at: now }).returning('stop_requested').executeTakeFirst()
      if (row === undefined) throw new JobLeaseLost(job.id)
      const stop = row.stop_requested === 1
      await fenced(tx, job)
        .set(stop ? { ...endedAs(kind, now, 'stopped'), error: changes.error ?? null } : changes)
        .execute()
      return !stop
    })
  }

  async #end(job: TakenJob, changes: Partial<Selectable<JobTable>>): Promise<void> {
    await this.#database.write(async (tx) => {
      const done = await fenced(tx, job)
        .set({ ...changes, updated_at: this.#clock.now() })
        .executeTakeFirst()
      if (done.numUpdatedRows === 0n) throw new JobLeaseLost(job.id)
    })
  }
}

export interface LogEntry {
  readonly at: number
  readonly line: string
}

const fenced = (tx: Writer, job: TakenJob): UpdateQueryBuilder<Schema, 'job', 'job', UpdateResult> =>
  tx.updateTable('job').where('id', '=', job.id).where('fence', '=', job.fence).where('status', '=', 'running')

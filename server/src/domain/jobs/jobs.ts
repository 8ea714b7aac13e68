import { sql } from 'kysely'
import type { Database } from '../../database/database.ts'
import { lockRows } from '../../database/locking.ts'
import { afterCommit } from '../../database/write-scope.ts'
import type { Actor } from '../access/actor.ts'
import { isSurelyGone } from '../../runtime/process-mark.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { readBoundedRows } from '../lists/bounded-rows.ts'
import { isFinal, jobColumns, jobOf, type Job, type JobRow, type JobStatus } from './job.ts'
import { readLog, type LogLine } from './job-log.ts'
import { pausedKinds, setPaused } from './kinds.ts'
import { wakeWorkers } from './wake-up.ts'

export interface JobQuery {
  readonly kinds?: readonly string[] | undefined
  /** Left out, such as the parts of a run that is in the list itself. */
  readonly withoutKinds?: readonly string[] | undefined
  readonly statuses?: readonly JobStatus[] | undefined
  readonly subject?: string | undefined
  readonly projectId?: number | undefined
  readonly limit: number
  readonly offset?: number
  /** Id of the last job of the page before. */
  readonly beyond?: number | undefined
}

export interface JobPage {
  /** The newest first. */
  readonly rows: readonly Job[]
  /** Exact up to 10,000. */
  readonly total: number
  /** To go on from; undefined on the last page. */
  readonly next: number | undefined
  /** True when the page ends early because its rows have grown too large together. */
  readonly isCut: boolean
}

/** Jobs of one kind that wait. */
export interface WaitingJobs {
  readonly kind: string
  readonly count: number
  /** When the one that waits longest was added. */
  readonly oldestAt: number | undefined
  readonly paused: boolean
}

export interface WorkerProcess {
  readonly id: string
  readonly host: string
  readonly pid: number
  readonly concurrency: number
  readonly startedAt: number
  readonly heartbeatAt: number
}

const maxCounted = 10_000
const stopBatch = 500
/** A job that was stopped before it began is forgotten soon. */
const keepStoppedMs = 7 * 86_400_000

/** The side of the queue that people see. Each door asks for its own permission. */
export class Jobs {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events

  /** Names of the kinds that there is code for. */
  readonly kinds: readonly string[]

  constructor({
    database,
    clock,
    events,
    kinds = [],
  }: {
    database: Database
    clock: Clock
    events: Events
    kinds?: readonly string[]
  }) {
    this.kinds = kinds
    this.#database = database
    this.#clock = clock
    this.#events = events
  }

  /** @throws DomainError JOB_UNKNOWN; also when its kind is none of `kinds` */
  async getJob(id: number, kinds?: readonly string[]): Promise<Job> {
    const job = await this.findJob(id)
    if (job === undefined || (kinds !== undefined && !kinds.includes(job.kind))) throw unknown(id)
    return job
  }

  async findJob(id: number): Promise<Job | undefined> {
    const row = await this.#database.read.selectFrom('job').select(jobColumns).where('id', '=', id).executeTakeFirst()
    return row === undefined ? undefined : jobOf(row)
  }

  /** A page ends early when payloads and results have grown too large together. */
  async listJobs(query: JobQuery): Promise<JobPage> {
    const { rows, isCut } = await readBoundedRows(
      query.limit + 1,
      (limit, last: JobRow | undefined) => {
        const beyond = last?.id ?? query.beyond
        return this.#matching(query)
          .select(jobColumns)
          .$if(beyond !== undefined, (some) => some.where('id', '<', beyond!))
          .orderBy('id', 'desc')
          .offset(last === undefined ? (query.offset ?? 0) : 0)
          .limit(limit)
          .execute()
      },
      charactersOf,
    )
    const { total } = await this.#database.read
      .selectFrom(this.#matching(query).select('id').limit(maxCounted).as('some'))
      .select((eb) => eb.fn.countAll<number | string>().as('total'))
      .executeTakeFirstOrThrow()
    const page = rows.slice(0, query.limit).map(jobOf)
    const isLast = rows.length <= query.limit && !isCut
    return { rows: page, total: Number(total), next: isLast ? undefined : page.at(-1)?.id, isCut }
  }

  #matching({ kinds, withoutKinds = [], statuses, subject, projectId }: JobQuery) {
    let query = this.#database.read.selectFrom('job')
    if (kinds !== undefined) query = query.where('kind', 'in', kinds.length === 0 ? [''] : kinds)
    if (withoutKinds.length > 0) query = query.where('kind', 'not in', withoutKinds)
    if (statuses !== undefined) query = query.where('status', 'in', statuses.length === 0 ? ['' as never] : statuses)
    if (subject !== undefined) query = query.where('subject', '=', subject)
    if (projectId !== undefined) query = query.where('project_id', '=', projectId)
    return query
  }

  /** Its lines behind number `after`, `limit` at the most; fewer when they are long. */
  async readLog(
    id: number,
    { after = 0, limit }: { readonly after?: number; readonly limit: number },
  ): Promise<LogLine[]> {
    return await readLog(this.#database.read, id, after, limit)
  }

  /** All of its log, a part at a time. */
  async *walkLog(id: number): AsyncGenerator<LogLine> {
    for (let after = 0; ;) {
      const lines = await this.readLog(id, { after, limit: 1_000 })
      yield* lines
      // Fewer lines than asked for may also be long ones.
      if (lines.length === 0) return
      after = lines.at(-1)!.number
    }
  }

  /**
   * Ends a job: at once when it waits; when it runs, as soon as it has come to a place where it can. One that has ended
   * already is left as it is.
   * @throws DomainError JOB_UNKNOWN
   */
  async requestStop(actor: Actor, id: number): Promise<void> {
    await this.#database.write(async (tx) => {
      const query = tx.selectFrom('job').select(['status', 'kind', 'project_id', 'stop_requested']).where('id', '=', id)
      const job = await lockRows(this.#database, query).executeTakeFirst()
      if (job === undefined) throw unknown(id)
      if (isFinal(job.status) || (job.status === 'running' && job.stop_requested === 1)) return
      const now = this.#clock.now()
      const stopped = { status: 'stopped', finished_at: now, keep_until: now + keepStoppedMs } as const
      await tx
        .updateTable('job')
        .set({ ...(job.status === 'running' ? { stop_requested: 1 } : stopped), updated_at: now })
        .where('id', '=', id)
        .execute()
      const project = job.project_id === null ? {} : { projectId: job.project_id }
      await this.#events.record(tx, actor, { type: 'stop_job', jobId: id, kind: job.kind, ...project })
      afterCommit(wakeWorkers)
    })
  }

  /** Ends all waiting jobs of a kind. Returns their number. */
  async stopWaiting(actor: Actor, kind: string): Promise<number> {
    let stopped = 0
    for (;;) {
      const ids = await this.#database.read
        .selectFrom('job')
        .select('id')
        .where('kind', '=', kind)
        .where('status', 'in', ['pending', 'delayed'])
        .limit(stopBatch)
        .execute()
      for (const { id } of ids) await this.requestStop(actor, id)
      stopped += ids.length
      if (ids.length < stopBatch) return stopped
    }
  }

  async pause(actor: Actor, kind: string): Promise<void> {
    await this.#database.write(async (tx) => await setPaused(tx, this.#events, actor, kind, true))
  }

  async resume(actor: Actor, kind: string): Promise<void> {
    await this.#database.write(async (tx) => {
      await setPaused(tx, this.#events, actor, kind, false)
      afterCommit(wakeWorkers)
    })
  }

  async pausedKinds(): Promise<ReadonlySet<string>> {
    return await pausedKinds(this.#database.read)
  }

  /** Waiting jobs, by kind. */
  async listWaiting(): Promise<WaitingJobs[]> {
    const paused = await this.pausedKinds()
    const waiting: WaitingJobs[] = []
    for (const kind of this.kinds.toSorted()) {
      // Both from the index alone; ids rise with time.
      const { count, oldest } = await this.#database.read
        .selectFrom('job')
        .select((eb) => [eb.fn.countAll<number | string>().as('count'), eb.fn.min('id').as('oldest')])
        .where('status', '=', sql.lit('pending') as never)
        .where('kind', '=', kind)
        .executeTakeFirstOrThrow()
      const job = oldest === null ? undefined : await this.findJob(oldest)
      waiting.push({ kind, count: Number(count), oldestAt: job?.createdAt, paused: paused.has(kind) })
    }
    return waiting
  }

  /** Processes that do jobs and were heard of after `since`, without those that are known to be dead. */
  async listWorkers(since: number): Promise<WorkerProcess[]> {
    const rows = await this.#database.read
      .selectFrom('job_worker')
      .selectAll()
      .where('heartbeat_at', '>=', since)
      .orderBy('started_at')
      .orderBy('id')
      .execute()
    const living = rows.filter(({ id }) => !isSurelyGone(id))
    return living.map((row) => ({
      id: row.id,
      host: row.host,
      pid: row.pid,
      concurrency: row.concurrency,
      startedAt: row.started_at,
      heartbeatAt: row.heartbeat_at,
    }))
  }

  /** Jobs that changed behind a place in the order of changes, in that order, `limit` at the most. */
  async listChanged(behind: Pick<Job, 'updatedAt' | 'id'>, limit: number): Promise<Job[]> {
    const rows = await this.#database.read
      .selectFrom('job')
      .select(jobColumns)
      .where('updated_at', '>=', behind.updatedAt)
      .where((eb) => eb.or([eb('updated_at', '>', behind.updatedAt), eb('id', '>', behind.id)]))
      .orderBy('updated_at')
      .orderBy('id')
      .limit(limit)
      .execute()
    return rows.map(jobOf)
  }

  /** Jobs that run, in the process with that id or in all. */
  async listRunning(worker?: string): Promise<Job[]> {
    const rows = await this.#database.read
      .selectFrom('job')
      .select(jobColumns)
      .where('status', '=', sql.lit('running') as never)
      .$if(worker !== undefined, (some) => some.where('lease_holder', '=', worker!))
      .orderBy('id')
      .limit(maxCounted)
      .execute()
    return rows.map(jobOf)
  }
}

const charactersOf = ({ payload, progress, result, error }: JobRow): number =>
  payload.length + (progress?.length ?? 0) + (result?.length ?? 0) + (error?.length ?? 0)

const unknown = (id: number) => new DomainError('JOB_UNKNOWN', `job ${id} not found`)

/** Forgets jobs that have been finished for long enough, with their logs. Less than `limit`: none is left. */
export async function pruneJobs(database: Database, now: number, limit: number): Promise<number> {
  return await database.write(async (tx) => {
    const due = tx.selectFrom('job').select('id').where('keep_until', '<', now).orderBy('keep_until').limit(limit)
    const pruned = await tx.deleteFrom('job').where('id', 'in', due).executeTakeFirst()
    return Number(pruned.numDeletedRows)
  }, 'relaxed')
}

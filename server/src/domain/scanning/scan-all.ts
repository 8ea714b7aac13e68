import type { Database, Reader, Writer } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import { DomainError } from '../errors.ts'
import type { EventServices } from '../events/events.ts'
import { startJob } from '../jobs/enqueue.ts'
import { isFinal, type JobStatus, type JobTrigger } from '../jobs/job.ts'
import type { Jobs } from '../jobs/jobs.ts'
import { scanAllJob, scanAllName, scanRunSubject } from './scan-all-job.ts'

/** How far a scan of everything is: its tasks, one for each image. */
export interface ScanAllProgress {
  readonly trigger: JobTrigger
  readonly total: number
  readonly byStatus: Readonly<Record<JobStatus, number>>
  /** Whether it still looks for images, or some of its tasks have not ended. */
  readonly ongoing: boolean
}

export interface ScanAllServices extends EventServices {
  readonly database: Database
  readonly jobs: Jobs
}

const stopBatch = 500
const none: Readonly<Record<JobStatus, number>> = {
  ...{ delayed: 0, pending: 0, running: 0, succeeded: 0, failed: 0, stopped: 0 },
}

/** @throws DomainError PRECONDITION */
export async function assertDefaultScanner(reader: Reader): Promise<void> {
  const row = await reader.selectFrom('scanner').select('id').where('is_default', '=', 1).executeTakeFirst()
  if (row === undefined) throw new DomainError('PRECONDITION', "no scanner is configured, it's not possible to scan")
}

/** Scans everything now. @throws DomainError CONFLICT while that is being done already */
export async function startScanAll({ database, ...services }: ScanAllServices, actor: Actor): Promise<void> {
  await database.write(async (tx) => {
    const last = await findRun(tx, 'manual')
    if (last !== undefined && (await isOngoing(tx, last))) throw alreadyRunning()
    const { existing } = await startJob(tx, services, { ...scanAllJob.of({}), uniqueKey: scanAllName, actor })
    if (existing) throw alreadyRunning()
  })
}

/** Ends the newest run and its tasks. @throws DomainError BAD_REQUEST when there never was one */
export async function stopScanAll({ database, jobs }: ScanAllServices, actor: Actor): Promise<void> {
  const run = await findRun(database.read)
  if (run === undefined) throw new DomainError('BAD_REQUEST', 'no scan all job is found currently')
  if (!isFinal(run.status)) await jobs.requestStop(actor, run.id)
  await stopTasks({ database, jobs }, actor, run.id)
}

/** Ends the tasks of a run that have not ended. */
export async function stopTasks(
  { database, jobs }: Pick<ScanAllServices, 'database' | 'jobs'>,
  actor: Actor,
  runId: number,
): Promise<void> {
  for (let beyond = 0; ;) {
    const rows = await database.read
      .selectFrom('job')
      .select('id')
      .where('subject', '=', scanRunSubject(runId))
      .where('id', '>', beyond)
      .where('finished_at', 'is', null)
      .orderBy('id')
      .limit(stopBatch)
      .execute()
    for (const { id } of rows) await jobs.requestStop(actor, id)
    if (rows.length < stopBatch) return
    beyond = rows.at(-1)!.id
  }
}

/** Of the newest run, or of the newest that its schedule began; undefined when there was none. */
export async function readScanAllProgress(reader: Reader, trigger?: JobTrigger): Promise<ScanAllProgress | undefined> {
  const run = await findRun(reader, trigger)
  if (run === undefined) return undefined
  const byStatus = await countTasks(reader, run.id)
  const total = Object.values(byStatus).reduce((sum, count) => sum + count, 0)
  return { trigger: run.started_by, total, byStatus, ongoing: !isFinal(run.status) || unfinishedOf(byStatus) > 0 }
}

interface Run {
  readonly id: number
  readonly status: JobStatus
  readonly started_by: JobTrigger
}

async function findRun(reader: Reader, trigger?: JobTrigger): Promise<Run | undefined> {
  return await reader
    .selectFrom('job')
    .select(['id', 'status', 'started_by'])
    .where('kind', '=', scanAllJob.kind)
    .$if(trigger !== undefined, (query) => query.where('started_by', '=', trigger!))
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
}

/** A run that was stopped stands in the way of nothing, also while its last tasks come to an end. */
async function isOngoing(tx: Writer, run: Run): Promise<boolean> {
  if (run.status === 'stopped') return false
  return !isFinal(run.status) || unfinishedOf(await countTasks(tx, run.id)) > 0
}

const unfinishedOf = ({ delayed, pending, running }: Readonly<Record<JobStatus, number>>) => delayed + pending + running

async function countTasks(reader: Reader, runId: number): Promise<Readonly<Record<JobStatus, number>>> {
  const rows = await reader
    .selectFrom('job')
    .select((eb) => ['status', eb.fn.countAll<number | string>().as('count')])
    .where('subject', '=', scanRunSubject(runId))
    .groupBy('status')
    .execute()
  return { ...none, ...Object.fromEntries(rows.map(({ status, count }) => [status, Number(count)])) }
}

/** Harbor's sentence, with its spelling: scripts look for it. */
const alreadyRunning = () => new DomainError('CONFLICT', 'a previous scan all job aleady exits, its status is Running')

import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import type { Database, Writer } from '../../../database/database.ts'
import { matcherOf } from '#contract/doublestar.ts'
import { actorKey, type Actor } from '../../access/actor.ts'
import { currentActor } from '../../access/current-actor.ts'
import { assertCanInProject, can } from '../../access/roles/authorise.ts'
import type { Clock } from '../../clock.ts'
import { DomainError } from '../../errors.ts'
import type { Events } from '../../events/events.ts'
import { startJob } from '../../jobs/enqueue.ts'
import type { Job } from '../../jobs/job.ts'
import type { Jobs } from '../../jobs/jobs.ts'
import { findProjectAccessById } from '../../projects/project-access.ts'
import { exportScanDataJob, exportSubject, type ExportScanDataPayload } from './export-job.ts'

export interface ScanDataExportsOptions {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly jobs: Jobs
}

/** The criteria of an export, as a client sends them. */
export type ExportCriteria = Omit<ExportScanDataPayload, 'owner' | 'userId'>

export interface ScanDataExport {
  readonly job: Job
  readonly userId: number
  readonly projectId: number
  readonly hasFile: boolean
}

/** How long a file can be fetched after it was begun. */
export const exportKeptMs = 24 * 60 * 60_000
const maxListed = 50
const maxUnfinished = 5
const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)
const maxChunkBytes = 64 * 1024 * 1024

/** What scanners found in a project as a file. It belongs to the one who asked for it, as long as they have the right. */
export class ScanDataExports {
  readonly #options: ScanDataExportsOptions

  constructor(options: ScanDataExportsOptions) {
    this.#options = options
  }

  /** @throws DomainError PROJECT_UNKNOWN, BAD_REQUEST, UNAUTHENTICATED, FORBIDDEN, TOO_MANY_REQUESTS */
  async start(actor: Actor, criteria: ExportCriteria): Promise<number> {
    const { database, clock, events } = this.#options
    const { projectId, repositories, tags, cveIds } = criteria
    await this.#assertProject(projectId)
    for (const pattern of [repositories, tags, cveIds]) assertPattern(pattern)
    const owner = actorKey(actor)
    return await database.write(async (tx) => {
      const now = await currentActor(tx, actor, clock.now())
      const access = await findProjectAccessById({ read: tx }, now, projectId)
      assertCanInProject(now, 'export-cve:create', access, String(projectId))
      await assertFewUnfinished(tx, owner)
      const userId = actor.kind === 'user' ? actor.id : 0
      const { id } = await startJob(
        tx,
        { clock, events },
        {
          ...exportScanDataJob.of({ ...criteria, owner, userId }),
          subject: exportSubject(owner),
          projectId,
          actor,
        },
      )
      return id
    })
  }

  /** Their own, newest first; without those of projects in which they may no longer read any. */
  async list(actor: Actor): Promise<readonly ScanDataExport[]> {
    const { rows } = await this.#options.jobs.listJobs({
      kinds: [exportScanDataJob.kind],
      subject: exportSubject(actorKey(actor)),
      limit: maxListed,
    })
    const exports: ScanDataExport[] = []
    for (const job of rows) if (await this.#mayRead(actor, job)) exports.push(await this.#exportOf(job))
    return exports
  }

  /** @throws DomainError JOB_UNKNOWN; FORBIDDEN for everybody but the one who asked for it, administrators too */
  async get(actor: Actor, id: number): Promise<ScanDataExport> {
    const job = await this.#options.jobs.findJob(id)
    if (job?.kind !== exportScanDataJob.kind) throw new DomainError('JOB_UNKNOWN', `execution ${id} not found`)
    const { owner } = exportScanDataJob.read(job.payload)
    if (owner !== actorKey(actor) || !(await this.#mayRead(actor, job))) throw new DomainError('FORBIDDEN', 'forbidden')
    return await this.#exportOf(job)
  }

  /** The file, piece by piece: of what size it is, one piece is in memory. */
  async *walkFile(id: number): AsyncGenerator<Uint8Array, void> {
    for (let position = 0; ; position += 1) {
      const row = await this.#options.database.read
        .selectFrom('scan_data_chunk')
        .select('bytes')
        .where('job_id', '=', id)
        .where('position', '=', position)
        .executeTakeFirst()
      if (row === undefined) return
      yield await decompress(row.bytes, { maxOutputLength: maxChunkBytes })
    }
  }

  async #exportOf(job: Job): Promise<ScanDataExport> {
    const row = await this.#options.database.read
      .selectFrom('scan_data_chunk')
      .select('position')
      .where('job_id', '=', job.id)
      .where('expires_at', '>', this.#options.clock.now())
      .limit(1)
      .executeTakeFirst()
    const { userId = 0, projectId = 0 } = exportScanDataJob.read(job.payload)
    // What is not whole is no file.
    return { job, userId, projectId, hasFile: row !== undefined && job.status === 'succeeded' }
  }

  async #mayRead(actor: Actor, { payload }: Job): Promise<boolean> {
    const { projectId } = exportScanDataJob.read(payload)
    if (projectId === undefined) return false
    const access = await findProjectAccessById(this.#options.database, actor, projectId)
    return access !== undefined && can(actor, 'export-cve:read', access)
  }

  async #assertProject(projectId: number): Promise<void> {
    const row = await this.#options.database.read
      .selectFrom('project')
      .select('id')
      .where('id', '=', projectId)
      .executeTakeFirst()
    if (row === undefined)
      throw new DomainError('PROJECT_UNKNOWN', `resource not found: project ${projectId} not found`)
  }
}

/** In Harbor's words. A pattern that cannot be is refused here and not by a job that fails. */
function assertPattern(pattern: string): void {
  if (pattern.includes(' '))
    throw new DomainError(
      'BAD_REQUEST',
      `bad request: invalid criteria value, please remove additional spaces for input: ${pattern.slice(0, 100)}`,
    )
  if (pattern !== '') matcherOf(pattern)
}

async function assertFewUnfinished(tx: Writer, owner: string): Promise<void> {
  const { count } = await tx
    .selectFrom('job')
    .select((eb) => eb.fn.countAll<number | string>().as('count'))
    .where('kind', '=', exportScanDataJob.kind)
    .where('subject', '=', exportSubject(owner))
    .where('finished_at', 'is', null)
    .executeTakeFirstOrThrow()
  if (Number(count) >= maxUnfinished)
    throw new DomainError('TOO_MANY_REQUESTS', `${maxUnfinished} exports are being made; wait for one of them`)
}

export interface PackedChunk {
  readonly bytes: Uint8Array
}

/** Packing happens before the transaction. */
export async function packChunk(text: string): Promise<PackedChunk> {
  return { bytes: await compress(Buffer.from(text)) }
}

export async function appendChunk(
  tx: Writer,
  chunk: { readonly jobId: number; readonly position: number; readonly expiresAt: number } & PackedChunk,
): Promise<void> {
  const { jobId, position, bytes, expiresAt } = chunk
  await tx.insertInto('scan_data_chunk').values({ job_id: jobId, position, bytes, expires_at: expiresAt }).execute()
}

/** Forgets files whose time is over. Returns how many pieces went. */
export async function pruneScanData(database: Database, now: number, limit: number): Promise<number> {
  return await database.write(async (tx) => {
    const ended = await tx
      .selectFrom('scan_data_chunk')
      .select(['job_id', 'position'])
      .where('expires_at', '<=', now)
      .limit(limit)
      .execute()
    for (const { job_id: jobId, position } of ended)
      await tx.deleteFrom('scan_data_chunk').where('job_id', '=', jobId).where('position', '=', position).execute()
    return ended.length
  }, 'relaxed')
}

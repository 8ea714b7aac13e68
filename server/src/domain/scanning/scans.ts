import { randomUUID } from 'node:crypto'
import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Database, Reader, Writer } from '../../database/database.ts'
import type { ScanTable } from '../../database/schema/scanning.ts'
import type { Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import { assertCan } from '../access/roles/authorise.ts'
import type { Permission } from '../access/roles/permissions.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { enqueueJob } from '../jobs/enqueue.ts'
import type { JobStatus, JobTrigger } from '../jobs/job.ts'
import type { Jobs } from '../jobs/jobs.ts'
import { findProjectAccessById } from '../projects/project-access.ts'
import { severities, type Severity } from './advisories.ts'
import type { ScanFindings } from './finding.ts'
import { hasInventory } from './kept-inventories.ts'
import { unpackJson } from './packed-json.ts'
import { scanRunSubject } from './scan-all-job.ts'
import { scanArtifactJob, scanSubject } from './scan-job.ts'
import { listLeaves, type Leaf } from './scannable.ts'
import { findScannerOf, type Scanner } from './scanners.ts'
import type { ScanSummary } from './scan-summary.ts'

export type ScanKind = ScanTable['kind']
export type ScanStatus = 'pending' | 'running' | 'success' | 'error' | 'stopped'

/** An artifact of a repository, found by whoever asks. */
export interface ScanTarget {
  readonly projectId: number
  readonly repository: RepositoryName
  readonly artifactId: number
  readonly digest: Digest
  readonly mediaType: string
  readonly tag?: string
}

/** How a scan of one image stands, and what its last good report says. */
export interface ScanState {
  readonly digest: Digest
  readonly kind: ScanKind
  readonly scannerId: string
  readonly reportId: string
  readonly jobId: number | undefined
  readonly status: ScanStatus
  readonly error: string | undefined
  readonly startedAt: number | undefined
  readonly finishedAt: number | undefined
  /** Undefined while there is no good report. */
  readonly report: ScanReportHead | undefined
}

export interface ScanReportHead {
  readonly reportedAt: number
  readonly generation: number | undefined
  readonly severity: Severity | undefined
  readonly summary: ScanSummary
}

export interface StartScan {
  readonly actor: Actor
  readonly target: ScanTarget
  readonly kind: ScanKind
  readonly trigger?: JobTrigger
  readonly priority?: number
  /** The scan of everything that this is a part of. */
  readonly run?: ScanRun
}

/** A scan of everything. Images that its data has judged already are left as they are. */
export interface ScanRun {
  readonly id: number
  /** Of the vulnerability data. */
  readonly generation: number | undefined
}

export interface ScansOptions {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly jobs: Jobs
}

/** Scans of artifacts: how they are asked for, stopped, and read. */
export class Scans {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events
  readonly #jobs: Jobs

  constructor({ database, clock, events, jobs }: ScansOptions) {
    this.#database = database
    this.#clock = clock
    this.#events = events
    this.#jobs = jobs
  }

  /** The scanner of a project. @throws DomainError PRECONDITION when there is none, or when it is disabled */
  async getScanner(projectId: number): Promise<Scanner> {
    const scanner = await findScannerOf(this.#database.read, projectId)
    if (scanner === undefined) throw new DomainError('PRECONDITION', `no available scanner for project: ${projectId}`)
    if (scanner.disabled) throw new DomainError('PRECONDITION', `scanner ${scanner.name} is deactivated`)
    return scanner
  }

  /**
   * Asks for a scan of every image of the artifact. What the last good reports say stays until new ones are whole.
   * @throws DomainError PRECONDITION without a scanner; BAD_REQUEST when nothing in it can be scanned; CONFLICT when all of it is being
   *   scanned already
   */
  async start(scan: StartScan): Promise<{ readonly started: number }> {
    const { actor, target, kind, run } = scan
    const scanner = await this.getScanner(target.projectId)
    const leaves = await listLeaves(this.#database.read, target.artifactId)
    const supported = leaves.filter(({ isSupported }) => isSupported)
    if (supported.length === 0) {
      throw new DomainError(
        'BAD_REQUEST',
        `the configured scanner ${scanner.name} does not support scanning artifact with mime type ${target.mediaType}`,
      )
    }
    return await this.#database.write(async (tx) => {
      await this.#assertMayNow(tx, actor, target, kind === 'sbom' ? 'sbom:create' : 'scan:create')
      const started: Leaf[] = []
      let current = 0
      let running: ScanStatus = 'pending'
      for (const leaf of supported) {
        const now = await findState(tx, leaf.digest, scanner.id, kind)
        if (now?.status === 'pending' || now?.status === 'running') running = now.status
        else if (run !== undefined && scanner.isBuiltIn && (await isJudgedBy(tx, now, run))) current += 1
        else started.push(leaf)
      }
      if (started.length === 0 && current === 0) throw alreadyRunning(kind, running)
      for (const leaf of started) await this.#enqueue(tx, { ...scan, scanner, leaf })
      for (const leaf of leaves) if (!leaf.isSupported) await markUnsupported(tx, this.#clock, leaf, scanner.id, kind)
      // The run has an event of its own, and each image another when it is scanned.
      if (run === undefined)
        await this.#events.record(tx, actor, {
          type: 'start_scan',
          projectId: target.projectId,
          repository: target.repository,
          digest: target.digest,
          scan: kind,
          scanner: scanner.name,
        })
      return { started: started.length }
    })
  }

  /** Ends the scans of an artifact that are not finished. @throws DomainError BAD_REQUEST when it was never scanned */
  async stop(actor: Actor, target: ScanTarget, kind: ScanKind): Promise<void> {
    const leaves = await listLeaves(this.#database.read, target.artifactId)
    const states = await this.states(
      leaves.map(({ digest }) => digest),
      kind,
    )
    const jobs = [...states.values()].flatMap(({ jobId, status }) => (jobId === undefined ? [] : [{ jobId, status }]))
    if (jobs.length === 0) throw new DomainError('BAD_REQUEST', `no scan job for artifact digest=${target.digest}`)
    for (const { jobId, status } of jobs) {
      if (status === 'pending' || status === 'running') await this.#jobs.requestStop(actor, jobId)
    }
  }

  /** How the newest scans of these images stand, by digest; of several scanners the one that reported last. */
  async states(digests: readonly Digest[], kind: ScanKind): Promise<ReadonlyMap<Digest, ScanState>> {
    return await listStates(this.#database.read, digests, kind)
  }

  /** The last good report of an image; undefined when there is none. */
  async report(digest: Digest, scannerId: string): Promise<ScanFindings | undefined> {
    const row = await this.#database.read
      .selectFrom('scan')
      .select('body')
      .where('digest', '=', digest)
      .where('scanner_id', '=', scannerId)
      .where('kind', '=', 'vulnerability')
      .executeTakeFirst()
    return row?.body === null || row === undefined ? undefined : await unpackJson<ScanFindings>(row.body)
  }

  /** The scan that a report id names. @throws DomainError REPORT_UNKNOWN */
  async getByReport(reportId: string): Promise<ScanState> {
    const row = await stateRows(this.#database.read).where('scan.report_id', '=', reportId).executeTakeFirst()
    if (row === undefined) throw new DomainError('REPORT_UNKNOWN', `report with uuid ${reportId} does not exist`)
    return stateOf(row)
  }

  /** The right is asked for again where the effect is. Jobs of the registry itself need none. */
  async #assertMayNow(tx: Writer, actor: Actor, target: ScanTarget, permission: Permission): Promise<void> {
    if (actor.kind === 'system') return
    const now = await currentActor(tx, actor, this.#clock.now())
    const access = await findProjectAccessById({ read: tx }, now, target.projectId)
    assertCan(now, permission, access, target.repository)
  }

  async #enqueue(tx: Writer, scan: StartScan & { readonly scanner: Scanner; readonly leaf: Leaf }): Promise<void> {
    const { target, kind, scanner, leaf, run } = scan
    const { digest } = leaf
    const reportId = randomUUID()
    const payload = {
      digest,
      projectId: target.projectId,
      repository: target.repository,
      scannerId: scanner.id,
      scanKind: kind,
      reportId,
      ...(target.tag === undefined ? {} : { tag: target.tag }),
    }
    const { id } = await enqueueJob(tx, this.#clock, {
      ...scanArtifactJob.of(payload),
      uniqueKey: `${kind} ${scanner.id} ${digest}`,
      subject: run === undefined ? scanSubject(digest) : scanRunSubject(run.id),
      projectId: target.projectId,
      priority: scan.priority ?? 0,
      trigger: scan.trigger ?? (run === undefined ? 'manual' : 'event'),
      actor: scan.actor,
    })
    const fresh = {
      report_id: reportId,
      job_id: id,
      status: 'pending',
      error: null,
      started_at: null,
      finished_at: null,
    } as const
    await tx
      .insertInto('scan')
      .values({
        digest,
        scanner_id: scanner.id,
        kind,
        ...fresh,
        ...noReport,
        created_at: this.#clock.now(),
      })
      .onConflict((conflict) => conflict.columns(['digest', 'scanner_id', 'kind']).doUpdateSet(fresh))
      .execute()
  }
}

/** Whether the data of the run has judged all that this version of the program finds in the image. */
async function isJudgedBy(reader: Reader, state: ScanState | undefined, { generation }: ScanRun): Promise<boolean> {
  if (state?.status !== 'success' || generation === undefined || state.report?.generation !== generation) return false
  return await hasInventory(reader, state.digest)
}

function alreadyRunning(kind: ScanKind, status: ScanStatus): DomainError {
  const word = status === 'running' ? 'Running' : 'Pending'
  return new DomainError(
    'CONFLICT',
    kind === 'sbom' ? 'a previous sbom generate process is running' : `a previous scan process is ${word}`,
  )
}

/** Of a row before the first good report. */
const noReport = { reported_at: null, generation: null, severity: null, summary: null, body: null }

async function markUnsupported(tx: Writer, clock: Clock, leaf: Leaf, scannerId: string, kind: ScanKind): Promise<void> {
  const now = clock.now()
  await tx
    .insertInto('scan')
    .values({
      digest: leaf.digest,
      scanner_id: scannerId,
      kind,
      report_id: randomUUID(),
      job_id: null,
      status: 'error',
      error: `cannot be scanned: ${leaf.mediaType}`,
      started_at: now,
      finished_at: now,
      ...noReport,
      created_at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

const stateRows = (reader: Reader) =>
  reader
    .selectFrom('scan')
    .leftJoin('job', 'job.id', 'scan.job_id')
    .select([
      'scan.digest',
      'scan.kind',
      'scan.scanner_id',
      'scan.report_id',
      'scan.job_id',
      'scan.status',
      'scan.error',
      'scan.started_at',
      'scan.finished_at',
      'scan.reported_at',
      'scan.generation',
      'scan.severity',
      'scan.summary',
      'job.status as job_status',
      'job.error as job_error',
      'job.started_at as job_started_at',
      'job.finished_at as job_finished_at',
    ])

type StateRow = Awaited<ReturnType<ReturnType<typeof stateRows>['executeTakeFirstOrThrow']>>

export async function listStates(
  reader: Reader,
  digests: readonly Digest[],
  kind: ScanKind,
): Promise<ReadonlyMap<Digest, ScanState>> {
  if (digests.length === 0) return new Map()
  const rows = await stateRows(reader)
    .where('scan.digest', 'in', digests)
    .where('scan.kind', '=', kind)
    .orderBy('scan.created_at')
    .execute()
  const states = new Map<Digest, ScanState>()
  for (const row of rows) {
    const state = stateOf(row)
    const before = states.get(state.digest)
    if (before === undefined || (before.report?.reportedAt ?? 0) <= (state.report?.reportedAt ?? 0)) {
      states.set(state.digest, state)
    }
  }
  return states
}

async function findState(
  reader: Reader,
  digest: Digest,
  scannerId: string,
  kind: ScanKind,
): Promise<ScanState | undefined> {
  const row = await stateRows(reader)
    .where('scan.digest', '=', digest)
    .where('scan.scanner_id', '=', scannerId)
    .where('scan.kind', '=', kind)
    .executeTakeFirst()
  return row === undefined ? undefined : stateOf(row)
}

const ofJob: Readonly<Record<JobStatus, ScanStatus>> = {
  delayed: 'pending',
  pending: 'pending',
  running: 'running',
  succeeded: 'success',
  failed: 'error',
  stopped: 'stopped',
}

/** Until a scan says how it ended, its job says how it stands; a job that is gone without a word has failed. */
function stateOf(row: StateRow): ScanState {
  const ended = row.status === 'success' || row.status === 'error' || row.status === 'stopped'
  const status = ended ? row.status : row.job_status === null ? 'error' : ofJob[row.job_status]
  return {
    digest: row.digest as Digest,
    kind: row.kind,
    scannerId: row.scanner_id,
    reportId: row.report_id,
    jobId: row.job_id ?? undefined,
    status,
    error: row.error ?? row.job_error ?? undefined,
    startedAt: row.started_at ?? row.job_started_at ?? undefined,
    finishedAt: row.finished_at ?? row.job_finished_at ?? undefined,
    report: reportHeadOf(row),
  }
}

function reportHeadOf(row: StateRow): ScanReportHead | undefined {
  if (row.reported_at === null || row.summary === null) return undefined
  return {
    reportedAt: row.reported_at,
    generation: row.generation ?? undefined,
    severity: row.severity === null ? undefined : severities[row.severity],
    summary: JSON.parse(row.summary) as ScanSummary,
  }
}

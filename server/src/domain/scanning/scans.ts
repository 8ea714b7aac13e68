import type { Digest } from '#contract/digest.ts'
import type { Database, Reader } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { ScannerProbes } from './adapter/scanner-probes.ts'
import { capabilityFor } from '../../clients/scanner/scanner-metadata.ts'
import { enqueueScan, markUnsupported, type ScanRun, type ScanTarget, type StartScan } from './enqueue-scan.ts'
import type { ScanFindings } from './finding.ts'
import { addToTotals } from './hub/security-totals.ts'
import { hasInventory } from './kept-inventories.ts'
import { unpackJson } from './packed-json.ts'
import type { ScanChanges } from './scan-changes.ts'
import { findState, getStateByReport, listStates, type ScanKind, type ScanState } from './scan-state.ts'
import { isUnfinished, type ScanStatus } from './scan-progress.ts'
import { assertMayScan } from './scan-rights.ts'
import { listLeaves, notScannable, type Leaf } from './scannable.ts'
import { getScannerOf, type Scanner } from './scanners.ts'

export interface ScansOptions {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly jobs: Jobs
  /** What adapters can scan is known here; left out, their scans find out. */
  readonly probes?: Pick<ScannerProbes, 'health'>
}

/** Scans of artifacts: how they are asked for, stopped, and read. */
export class Scans {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events
  readonly #jobs: Jobs
  readonly #probes: ScansOptions['probes']

  constructor({ database, clock, events, jobs, probes }: ScansOptions) {
    this.#database = database
    this.#clock = clock
    this.#events = events
    this.#jobs = jobs
    this.#probes = probes
  }

  /**
   * Asks for a scan of every image of the artifact. What the last good reports say stays until new ones are whole.
   * @throws DomainError PRECONDITION without a scanner; BAD_REQUEST when nothing in it can be scanned; CONFLICT when all of it is being
   *   scanned already
   */
  async start(scan: StartScan): Promise<{ readonly started: number }> {
    const { actor, target, kind, run } = scan
    const scanner = await getScannerOf(this.#database.read, target.projectId)
    const leaves = await this.#supportedBy(scanner, await listLeaves(this.#database.read, target.artifactId))
    const supported = leaves.filter(({ isSupported }) => isSupported)
    if (supported.length === 0) throw notScannable(scanner, target)
    return await this.#database.write(async (tx) => {
      await assertMayScan(tx, this.#clock, actor, { target, permission: 'scan:create' })
      let [started, current, images] = [0, 0, 0]
      let running: ScanStatus = 'pending'
      for (const leaf of supported) {
        const now = await findState(tx, leaf.digest, scanner.id, kind)
        if (now !== undefined && isUnfinished(now.status)) running = now.status
        else if (run !== undefined && scanner.isBuiltIn && (await isJudgedBy(tx, now, run))) current += 1
        else {
          const asked = await enqueueScan(tx, this.#clock, { ...scan, scanner, leaf })
          if (asked === 'running') running = 'running'
          else started += 1
          if (asked === 'first') images += 1
        }
      }
      if (started === 0 && current === 0) throw alreadyRunning(running)
      for (const leaf of leaves)
        if (!leaf.isSupported && (await markUnsupported(tx, this.#clock, leaf, scanner.id, kind))) images += 1
      if (images > 0) await addToTotals(tx, scanner.id, { images })
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
      return { started }
    })
  }

  /** An adapter that is away says nothing: its scan waits for it, and says so when it fails. */
  async #supportedBy(scanner: Scanner, leaves: readonly Leaf[]): Promise<readonly Leaf[]> {
    if (scanner.isBuiltIn || this.#probes === undefined) return leaves
    const health = await this.#probes.health(scanner)
    if (health.kind === 'unhealthy') return leaves
    const canScan = (mediaType: string) => capabilityFor(health.metadata, mediaType) !== undefined
    return leaves.map((leaf) => ({ ...leaf, isSupported: leaf.isSupported && canScan(leaf.mediaType) }))
  }

  /**
   * Ends the scans of an artifact that are not finished and that its project asked for: others with the same image have a right to theirs.
   * @throws DomainError BAD_REQUEST when it was never scanned; CONFLICT when only others are scanning it
   */
  async stop(actor: Actor, target: ScanTarget, kind: ScanKind): Promise<void> {
    const leaves = await listLeaves(this.#database.read, target.artifactId)
    const states = await this.states(
      leaves.map(({ digest }) => digest),
      kind,
    )
    const jobs = [...states.values()].flatMap(({ jobId, ...state }) =>
      jobId === undefined ? [] : [{ jobId, ...state }],
    )
    if (jobs.length === 0) throw new DomainError('BAD_REQUEST', `no scan job for artifact digest=${target.digest}`)
    const unfinished = jobs.filter(({ status }) => isUnfinished(status))
    const own = unfinished.filter(({ projectId }) => projectId === target.projectId)
    if (own.length === 0 && unfinished.length > 0)
      throw new DomainError('CONFLICT', 'another project asked for the scan of this image, and it alone can stop it')
    for (const { jobId } of own) await this.#jobs.requestStop(actor, jobId)
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

  /** What the last report of an image that differed from the one before changed; undefined where there was none. */
  async changes(digest: Digest, scannerId: string): Promise<ScanChanges | undefined> {
    const row = await this.#database.read
      .selectFrom('scan')
      .select('changes')
      .where('digest', '=', digest)
      .where('scanner_id', '=', scannerId)
      .where('kind', '=', 'vulnerability')
      .executeTakeFirst()
    return row === undefined || row.changes === null ? undefined : (JSON.parse(row.changes) as ScanChanges)
  }

  /** The scan that a report id names. @throws DomainError REPORT_UNKNOWN */
  async getByReport(reportId: string): Promise<ScanState> {
    return await getStateByReport(this.#database.read, reportId)
  }
}

/** Whether the data of the run has judged all that this version of the program finds in the image. */
async function isJudgedBy(reader: Reader, state: ScanState | undefined, { generation }: ScanRun): Promise<boolean> {
  if (state?.status !== 'success' || generation === undefined || state.report?.generation !== generation) return false
  return await hasInventory(reader, state.digest)
}

function alreadyRunning(status: ScanStatus): DomainError {
  return new DomainError('CONFLICT', `a previous scan process is ${status === 'running' ? 'Running' : 'Pending'}`)
}

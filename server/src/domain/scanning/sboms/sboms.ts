import type { Digest } from '#contract/digest.ts'
import type { Database } from '../../../database/database.ts'
import type { Actor } from '../../access/actor.ts'
import type { Clock } from '../../clock.ts'
import { DomainError } from '../../errors.ts'
import type { Events } from '../../events/events.ts'
import type { JobTrigger } from '../../jobs/job.ts'
import type { Jobs } from '../../jobs/jobs.ts'
import { findRepositoryId, repositoryUnknown } from '../../projects/repositories.ts'
import type { ScanTarget } from '../enqueue-scan.ts'
import { isUnfinished } from '../scan-progress.ts'
import { assertMayScan } from '../scan-rights.ts'
import { listLeaves, notScannable } from '../scannable.ts'
import { getScannerOf } from '../scanners.ts'
import type { SbomFormat } from './sbom-format.ts'
import { enqueueRun, findRunByReport, listRuns, type SbomRun } from './sbom-runs.ts'

export interface AskForSbom {
  readonly actor: Actor
  readonly target: ScanTarget
  readonly format?: SbomFormat | undefined
  readonly trigger?: JobTrigger
}

/** Bills of materials of artifacts: how they are asked for, stopped, and how that stands. */
export class Sboms {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events
  readonly #jobs: Jobs

  constructor(services: {
    readonly database: Database
    readonly clock: Clock
    readonly events: Events
    readonly jobs: Jobs
  }) {
    this.#database = services.database
    this.#clock = services.clock
    this.#events = services.events
    this.#jobs = services.jobs
  }

  /**
   * Asks for an SBOM of every image of the artifact. Those that were made before stay until new ones are stored.
   * @throws DomainError PRECONDITION without a scanner; BAD_REQUEST when there is no image in it, or when the scanner makes none; CONFLICT
   *   when all of them are being made already
   */
  async start({ actor, target, format = 'spdx', trigger = 'manual' }: AskForSbom): Promise<void> {
    const { read } = this.#database
    const scanner = await getScannerOf(read, target.projectId)
    const images = (await listLeaves(read, target.artifactId)).filter(({ isSupported }) => isSupported)
    if (images.length === 0) throw notScannable(scanner, target)
    if (!scanner.isBuiltIn) {
      throw new DomainError('BAD_REQUEST', `the configured scanner ${scanner.name} does not support generating SBOM`)
    }
    const { projectId, repository, tag } = target
    const repositoryId = await findRepositoryId(read, { projectId, name: repository })
    if (repositoryId === undefined) throw repositoryUnknown(repository)
    await this.#database.write(async (tx) => {
      await assertMayScan(tx, this.#clock, actor, { target, permission: 'sbom:create' })
      const digests = images.map(({ digest }) => digest)
      const known = new Map((await listRuns(tx, [repositoryId], digests)).map((run) => [run.digest, run]))
      const free = digests.filter((digest) => !isUnfinished(known.get(digest)?.status ?? 'success'))
      if (free.length === 0) throw new DomainError('CONFLICT', 'a previous sbom generate process is running')
      for (const digest of free) {
        const asked = { digest, projectId, repositoryId, repository, format, ...(tag === undefined ? {} : { tag }) }
        await enqueueRun(tx, this.#clock, asked, { trigger, actor })
      }
      const event = { type: 'start_scan', projectId, repository, digest: target.digest, scan: 'sbom' } as const
      await this.#events.record(tx, actor, { ...event, scanner: scanner.name })
    })
  }

  /** Ends what is being made for an artifact. @throws DomainError BAD_REQUEST when nothing ever was */
  async stop(actor: Actor, target: ScanTarget): Promise<void> {
    const { read } = this.#database
    const { projectId, repository } = target
    const repositoryId = await findRepositoryId(read, { projectId, name: repository })
    const digests = (await listLeaves(read, target.artifactId)).map(({ digest }) => digest)
    const found = repositoryId === undefined ? [] : await listRuns(read, [repositoryId], digests)
    if (found.length === 0) throw new DomainError('BAD_REQUEST', `no scan job for artifact digest=${target.digest}`)
    for (const { jobId, status } of found) {
      if (jobId !== undefined && isUnfinished(status)) await this.#jobs.requestStop(actor, jobId)
    }
  }

  /** How that stands for these images of these repositories. */
  async list(repositoryIds: readonly number[], digests: readonly Digest[]): Promise<readonly SbomRun[]> {
    return await listRuns(this.#database.read, repositoryIds, digests)
  }

  async findByReport(reportId: string): Promise<SbomRun | undefined> {
    return await findRunByReport(this.#database.read, reportId)
  }
}

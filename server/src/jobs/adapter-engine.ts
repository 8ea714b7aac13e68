import { setTimeout as sleep } from 'node:timers/promises'
import { parseDigest } from '#contract/digest.ts'
import { parseRepositoryName, projectOf, type RepositoryName } from '#contract/repository-name.ts'
import { z } from 'zod'
import type { Database } from '../database/database.ts'
import type { Manifests } from '../domain/artifacts/pull.ts'
import type { AccessTokens } from '../domain/access/tokens/access-tokens.ts'
import type { Clock } from '../domain/clock.ts'
import type { Admit } from '../domain/policies/admit.ts'
import type { ScanRobots } from '../domain/robots/scan-robots.ts'
import type { ReadAdapterReport } from '../domain/scanning/adapter/report-threads.ts'
import type { ScanFindings } from '../domain/scanning/finding.ts'
import {
  ScannerFailure,
  type AdapterReport,
  type OpenScannerAdapter,
  type ScannerAdapter,
  type ScannerMetadata,
} from '../clients/scanner/scanner-adapter.ts'
import { capabilityFor, vulnerabilityReportTypes } from '../clients/scanner/scanner-metadata.ts'
import type { ScanArtifactPayload } from '../domain/scanning/scan-job.ts'
import type { Secrets } from '../domain/secrets/secrets.ts'
import { readScannerAddress, type Scanner } from '../domain/scanning/scanners.ts'
import { PermanentFailure, type RunningJob } from './job-kind.ts'
import type { ScanEngine } from './scan-engine.ts'

export interface AdapterEngineServices {
  readonly database: Database
  readonly clock: Clock
  readonly secrets: Secrets
  readonly admit: Admit
  readonly manifests: Manifests
  readonly scanRobots: ScanRobots
  readonly tokens: Pick<AccessTokens, 'issueToken'>
  readonly openAdapter: OpenScannerAdapter
  readonly readReport: ReadAdapterReport
  /** Where adapters reach this registry; undefined when nobody has said so. */
  readonly registryUrl: (options: { readonly internal: boolean }) => string | undefined
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

type Job = RunningJob<ScanArtifactPayload>

/** A scan that runs at the adapter. A worker that takes the job over goes on asking for the same report. */
const stateSchema = z.object({
  robotId: z.number(),
  /** When it counts as failed, and the robot ends (ms). */
  until: z.number(),
  /** Undefined until the adapter has taken the request. */
  scanId: z.string().optional(),
  reportType: z.string().optional(),
})
type State = z.output<typeof stateSchema>

/** Of one scan, however often its adapter says that it is not ready. */
const maxScanMs = 30 * 60_000
const firstPollMs = 500
const maxPollMs = 10_000
/** Questions for a report that may fail one after another. */
const maxLostPolls = 5

/** Scans by adapters of the Pluggable Scanner API. Each gets a robot that pulls one repository and ends with the scan. */
export function composeAdapterEngine(services: AdapterEngineServices): ScanEngine {
  return {
    async findVulnerabilities(job, scanner) {
      try {
        return { findings: await new AdapterRun(services, job, scanner).findings(), dataTime: '' }
      } catch (error) {
        if (!(error instanceof ScannerFailure)) throw error
        const message = `the scanner ${scanner.name}: ${error.message}`
        throw error.isPassing ? new Error(message, { cause: error }) : new PermanentFailure(message, { cause: error })
      }
    },
  }
}

class AdapterRun {
  readonly #services: AdapterEngineServices
  readonly #job: Job
  readonly #scanner: Scanner
  readonly #wait: NonNullable<AdapterEngineServices['wait']>

  constructor(services: AdapterEngineServices, job: Job, scanner: Scanner) {
    this.#services = services
    this.#job = job
    this.#scanner = scanner
    this.#wait = services.wait ?? (async (ms, signal) => void (await sleep(ms, undefined, { signal })))
  }

  async findings(): Promise<ScanFindings> {
    const { database, secrets, openAdapter } = this.#services
    const address = await readScannerAddress(secrets, database.read, this.#scanner.id)
    if (address === undefined) throw new PermanentFailure('the scanner was deleted; scan again')
    const adapter = openAdapter(address)
    const metadata = await adapter.metadata()
    const { name, vendor, version } = metadata.scanner
    this.#job.log(`${name} ${version} of ${vendor} at ${address.url}`)
    const earlier = stateSchema.safeParse(this.#job.state).data
    let robotId = earlier?.robotId
    try {
      let running = earlier
      if (running?.scanId === undefined || running.until <= this.#services.clock.now()) {
        await this.#end(robotId)
        running = await this.#submit(adapter, metadata, (id) => (robotId = id))
      } else this.#job.log(`going on with scan ${running.scanId} of the adapter`)
      const findings = await this.#report(adapter, metadata, running)
      await this.#end(robotId)
      return findings
    } catch (error) {
      // A worker that takes the job over still needs the robot; after every other end nobody does.
      if (!this.#job.signal.aborted || this.#job.signal.reason === 'stop') await this.#end(robotId)
      throw error
    }
  }

  async #submit(
    adapter: ScannerAdapter,
    metadata: ScannerMetadata,
    onRobot: (id: number) => void,
  ): Promise<State & { readonly scanId?: string | undefined }> {
    const { admit, manifests, clock, registryUrl } = this.#services
    const { payload } = this.#job
    const repository = parseRepositoryName(payload.repository)
    const digest = parseDigest(payload.digest)
    const manifest = await manifests.getManifest(await admit(this.#job.actor, 'read-artifact', repository), {
      kind: 'digest',
      digest,
    })
    const capability = capabilityFor(metadata, manifest.mediaType)
    if (capability === undefined) throw new PermanentFailure(this.#unsupported(manifest.mediaType))
    const url = registryUrl({ internal: this.#scanner.usesInternalAddress })
    if (url === undefined)
      throw new PermanentFailure(
        'a scanner has to know where it pulls from: set external_url to the registry’s address',
      )
    const until = clock.now() + maxScanMs
    const { robotId, authorization } = await this.#makeRobot(repository, metadata, until)
    onRobot(robotId)
    const reportType = vulnerabilityReportTypes.find((type) => capability.produces.includes(type))!
    const scanId = await adapter.submit(
      {
        registryUrl: url,
        authorization,
        artifact: {
          ...{ repository, tag: payload.tag ?? '', digest, mediaType: manifest.mediaType },
          size: manifest.bytes.byteLength,
        },
        produces: [reportType],
        isNamed: capability.isNamed,
      },
      this.#job.signal,
    )
    const state = { robotId, until, scanId, reportType }
    await this.#job.checkpoint(state)
    this.#job.log(`the adapter took it as scan ${scanId.slice(0, 100)}; it pulls from ${url}`)
    return state
  }

  /** The robot and the memory of it are one transaction: a process that dies leaves none that nobody knows. */
  async #makeRobot(repository: RepositoryName, { properties }: ScannerMetadata, until: number) {
    const { scanRobots, tokens } = this.#services
    const robot = await scanRobots.prepareScanRobot({
      projectId: this.#job.payload.projectId,
      project: projectOf(repository),
      repository,
      scanner: this.#scanner.name,
      expiresAt: until,
    })
    const { id, version } = await this.#job.transact(async (tx, remember) => {
      const inserted = await robot.insert(tx)
      remember({ robotId: inserted.id, until })
      return inserted
    })
    this.#job.log(`${robot.username} may pull ${repository} until ${new Date(until).toISOString()}`)
    if (properties['harbor.scanner-adapter/registry-authorization-type'] !== 'Bearer')
      return { robotId: id, authorization: `Basic ${btoa(`${robot.username}:${robot.secret}`)}` }
    const access = [{ type: 'repository', name: repository, actions: ['pull'] }]
    const { token } = await tokens.issueToken({ id, username: robot.username, version }, access, 'robot')
    return { robotId: id, authorization: `Bearer ${token}` }
  }

  async #report(adapter: ScannerAdapter, metadata: ScannerMetadata, state: State): Promise<ScanFindings> {
    const { readReport } = this.#services
    const { signal, payload } = this.#job
    const body = await this.#poll(adapter, state)
    this.#job.progress({ step: 'report' })
    return await readReport(body, { digest: payload.digest, scanner: metadata.scanner }, signal)
  }

  /** Asks until the report is there: as soon as the adapter says, never later than some seconds. */
  async #poll(adapter: ScannerAdapter, { scanId = '', reportType = '', until }: State): Promise<ReadyBody> {
    const { clock } = this.#services
    const { signal } = this.#job
    let pauseMs = firstPollMs
    let lost = 0
    for (let polls = 1; ; polls += 1) {
      await this.#wait(pauseMs, signal)
      signal.throwIfAborted()
      if (clock.now() >= until)
        throw new ScannerFailure(`it gave no report within ${maxScanMs / 60_000} minutes`, { isPassing: false })
      this.#job.progress({ step: 'scan', polls })
      const answer = await adapter.report(scanId, reportType, signal).catch((error: unknown) => {
        lost += 1
        if (!(error instanceof ScannerFailure) || !error.isPassing || signal.aborted || lost > maxLostPolls) throw error
        this.#job.log(`asked for the report in vain: ${error.message}`)
        return undefined
      })
      if (answer?.kind === 'ready') return answer.body
      if (answer !== undefined) lost = 0
      const asked = answer?.refreshAfterSeconds
      pauseMs = Math.min(maxPollMs, Math.max(firstPollMs, asked === undefined ? pauseMs * 1.5 : asked * 1000))
    }
  }

  #unsupported(mediaType: string): string {
    return `the configured scanner ${this.#scanner.name} does not support scanning artifact with mime type ${mediaType}`
  }

  async #end(robotId: number | undefined): Promise<void> {
    if (robotId !== undefined) await this.#services.scanRobots.deleteScanRobot(robotId)
  }
}

type ReadyBody = Extract<AdapterReport, { readonly kind: 'ready' }>['body']

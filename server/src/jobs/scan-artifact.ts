import { parseDigest } from '#contract/digest.ts'
import { parseRepositoryName } from '#contract/repository-name.ts'
import type { Database } from '../database/database.ts'
import type { Blobs } from '../domain/content/blobs.ts'
import type { Clock } from '../domain/clock.ts'
import { DomainError } from '../domain/errors.ts'
import type { Events } from '../domain/events/events.ts'
import type { Admit } from '../domain/policies/admit.ts'
import type { Manifests } from '../domain/artifacts/pull.ts'
import type { AdvisoryGenerations } from '../domain/scanning/data/advisory-generations.ts'
import { inventoryOf } from '../domain/scanning/detection/detect.ts'
import type { LayerSource } from '../domain/scanning/detection/inputs/image-source.ts'
import type { LayerInventory } from '../domain/scanning/detection/layer-inventory.ts'
import type { Inventory } from '../domain/scanning/inventory.ts'
import { findInventory, keepInventory, layerInventories } from '../domain/scanning/kept-inventories.ts'
import { matchInTurns } from '../domain/scanning/matching/match-in-turns.ts'
import { packReport, recordFailure, recordReport, recordStart } from '../domain/scanning/record-scan.ts'
import { noVulnerabilityData, scanArtifactJob, type ScanArtifactPayload } from '../domain/scanning/scan-job.ts'
import { summaryOf } from '../domain/scanning/scan-summary.ts'
import { layersOf } from '../domain/scanning/stored-image.ts'
import { PermanentFailure, type JobKind, type RunningJob } from './job-kind.ts'

export interface ScanServices {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly admit: Admit
  readonly blobs: Blobs
  readonly manifests: Manifests
  readonly advisories: AdvisoryGenerations
  /** Off the event loop. */
  readonly readLayer: (layer: LayerSource, signal: AbortSignal) => Promise<LayerInventory>
}

const maxAttempts = 3

/** Scans one image: what lies in it, unless that is known, and what the data in use says about it. */
export function composeScanArtifact(services: ScanServices): JobKind<ScanArtifactPayload> {
  return {
    name: scanArtifactJob.kind,
    concurrency: {},
    maxAttempts,
    parse: scanArtifactJob.parse,
    async run(job) {
      try {
        return await scan(services, job)
      } catch (error) {
        await recordEnd(services, job, error)
        throw error
      }
    },
  }
}

async function scan(services: ScanServices, job: RunningJob<ScanArtifactPayload>) {
  const { clock, advisories } = services
  const { digest } = job.payload
  await job.transact((tx) => recordStart(tx, clock, job.payload))
  job.log(`scanning ${job.payload.repository}@${digest}`)
  using borrowed = await advisories.borrow()
  if (borrowed === undefined) throw new PermanentFailure(noVulnerabilityData)
  const { source } = borrowed
  const { number, dataTime } = source.generation
  job.log(`vulnerability data ${number}, published ${dataTime}`)
  const known = await findInventory(services, digest)
  if (known !== undefined) job.log(`its ${known.packages.length} packages are known; no layer is read`)
  const inventory = known ?? (await readInventory(services, job))
  job.signal.throwIfAborted()
  const findings = await matchInTurns(inventory, source, { now: new Date(clock.now()).toISOString() }, Infinity)
  const report = await packReport(findings)
  await job.transact((tx) => recordReport(tx, services, job.actor, job.payload, report))
  for (const gap of findings.gaps) job.log(`gap: ${JSON.stringify(gap)}`)
  const { total, fixable } = summaryOf(findings)
  job.log(`${total} vulnerabilities, ${fixable} of them can be mended`)
  return { packages: inventory.packages.length, total, fixable }
}

async function readInventory(services: ScanServices, job: RunningJob<ScanArtifactPayload>): Promise<Inventory> {
  const { admit, blobs, manifests, readLayer } = services
  const digest = parseDigest(job.payload.digest)
  const admission = await admit(job.actor, 'read-artifact', parseRepositoryName(job.payload.repository))
  const manifest = await manifests.getManifest(admission, { kind: 'digest', digest })
  const inventory = await inventoryOf(
    { layers: await layersOf(blobs, admission, manifest) },
    {
      readLayer: (layer) => readLayer(layer, job.signal),
      cached: layerInventories(services),
      onLayer: (done, total) => {
        job.signal.throwIfAborted()
        job.progress({ step: 'layers', done, total })
      },
    },
  )
  for (const { where, code, reason } of inventory.unread) job.log(`${where}: ${code}: ${reason}`)
  job.log(`${inventory.os?.name ?? 'no known system'}, ${inventory.packages.length} packages`)
  await keepInventory(services, digest, inventory)
  return inventory
}

/** What ended for good says so in the row of the scan; what will be tried again does not. */
async function recordEnd(services: ScanServices, job: RunningJob<ScanArtifactPayload>, error: unknown): Promise<void> {
  if (job.signal.aborted && job.signal.reason !== 'stop') return
  const isLast = error instanceof PermanentFailure || isFinalRefusal(error) || job.attempt >= maxAttempts
  if (!job.signal.aborted && !isLast) return
  const failure = job.signal.aborted
    ? ({ status: 'stopped', error: 'stopped by a person' } as const)
    : ({ status: 'error', error: error instanceof Error ? error.message : String(error) } as const)
  await job.transact((tx) => recordFailure(tx, services, job.actor, job.payload, failure))
}

const isFinalRefusal = (error: unknown) =>
  error instanceof DomainError && ['MANIFEST_UNKNOWN', 'BAD_REQUEST'].includes(error.code)

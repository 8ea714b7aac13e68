import type { Events } from '../domain/events/events.ts'
import type { AdvisoryGenerations } from '../domain/scanning/data/advisory-generations.ts'
import { readMaxDataAgeDays, whyTooOld } from '../domain/scanning/data/data-age.ts'
import { matchInTurns } from '../domain/scanning/matching/match-in-turns.ts'
import { packReport, recordFailure, recordReport, recordStart } from '../domain/scanning/record-scan.ts'
import { noVulnerabilityData, scanArtifactJob, type ScanArtifactPayload } from '../domain/scanning/scan-job.ts'
import { summaryOf } from '../domain/scanning/scan-summary.ts'
import { finalFailureOf } from './final-failure.ts'
import { imageInventory, type InventoryServices } from './image-inventory.ts'
import { PermanentFailure, type JobKind, type RunningJob } from './job-kind.ts'

export interface ScanServices extends InventoryServices {
  readonly events: Events
  readonly advisories: AdvisoryGenerations
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
        const end = finalFailureOf(job, error, { maxAttempts, refusals })
        if (end === undefined) throw error
        await job.transact((tx) => recordFailure(tx, services, job.actor, job.payload, end))
        throw end.status === 'error' ? new PermanentFailure(end.error, { cause: error }) : error
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
  job.log(`vulnerability data ${number}, published ${dataTime === '' ? 'at an unknown time' : dataTime}`)
  const tooOld = whyTooOld(dataTime, await readMaxDataAgeDays(services.database), clock.now())
  if (tooOld !== undefined) throw new PermanentFailure(tooOld)
  const { inventory } = await imageInventory(services, job)
  job.signal.throwIfAborted()
  const findings = await matchInTurns(inventory, source, { now: new Date(clock.now()).toISOString() }, Infinity)
  const report = await packReport(findings, dataTime)
  await job.transact((tx) => recordReport(tx, services, job.actor, job.payload, report))
  for (const gap of findings.gaps) job.log(`gap: ${JSON.stringify(gap)}`)
  const { total, fixable } = summaryOf(findings)
  job.log(`${total} vulnerabilities, ${fixable} of them can be mended`)
  return { packages: inventory.packages.length, total, fixable }
}

/** Another attempt would be refused as well. */
const refusals = ['MANIFEST_UNKNOWN', 'BAD_REQUEST'] as const

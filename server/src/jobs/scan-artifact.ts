import { z } from 'zod'
import { parseDigest } from '#contract/digest.ts'
import type { Database } from '../database/database.ts'
import { notePull } from '../domain/artifacts/note-pull.ts'
import type { Clock } from '../domain/clock.ts'
import type { Events } from '../domain/events/events.ts'
import { packReport, recordFailure, recordReport, recordStart } from '../domain/scanning/record-scan.ts'
import { scanArtifactJob, type ScanArtifactPayload } from '../domain/scanning/scan-job.ts'
import { findScanner, type Scanner } from '../domain/scanning/scanners.ts'
import { summaryOf } from '../domain/scanning/scan-summary.ts'
import { applyStatements, type StatementServices } from '../domain/scanning/statements/apply-statements.ts'
import { finalFailureOf } from './final-failure.ts'
import { PermanentFailure, type JobKind, type RunningJob } from './job-kind.ts'
import type { ScanEngine } from './scan-engine.ts'

export interface ScanServices extends StatementServices {
  readonly clock: Clock
  readonly events: Events
  readonly builtIn: ScanEngine
  readonly adapters: ScanEngine
  /** As in Harbor, where a setting says otherwise. */
  readonly scansArePulls: () => Promise<boolean>
}

const maxAttempts = 3

/** Scans one image by the scanner of its project, and keeps what was found. */
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
        // A report that is written is good, whatever came after it.
        if (end === undefined || doneBefore(job) !== undefined) throw error
        // Other projects with the image read it too: where this one keeps it is none of their business.
        const said = { ...end, error: end.error.replaceAll(job.payload.repository, '(repository)') }
        await job.transact((tx) => recordFailure(tx, services, job.actor, job.payload, said))
        throw end.status === 'error' ? new PermanentFailure(end.error, { cause: error }) : error
      }
    },
  }
}

async function scan(services: ScanServices, job: RunningJob<ScanArtifactPayload>) {
  const result = doneBefore(job) ?? (await report(services, job))
  await applyStatements(services, job.actor, parseDigest(job.payload.digest), {
    transact: job.transact.bind(job),
    log: (line) => job.log(line),
    projectId: job.payload.projectId,
  })
  return result
}

/** What an attempt found that died behind its report: the report is not made, counted and told of again. */
const doneState = z.object({ total: z.number(), fixable: z.number() })

const doneBefore = (job: RunningJob<ScanArtifactPayload>) => doneState.safeParse(job.state).data

async function report(services: ScanServices, job: RunningJob<ScanArtifactPayload>) {
  const { database, clock, builtIn, adapters } = services
  await job.transact((tx) => recordStart(tx, clock, job.payload))
  const scanner = await getScanner(database, job.payload)
  job.log(`scanning ${job.payload.repository}@${job.payload.digest} by ${scanner.name}`)
  const { findings, dataTime } = await (scanner.isBuiltIn ? builtIn : adapters).findVulnerabilities(job, scanner)
  const packed = await packReport(findings, dataTime)
  const isPull = await services.scansArePulls()
  const { total, fixable } = summaryOf(findings)
  await job.transact(async (tx, remember) => {
    await recordReport(tx, services, job.actor, job.payload, packed)
    if (isPull) await notePull(tx, job.payload.repository, job.payload.digest, clock.now())
    remember({ total, fixable })
  })
  for (const gap of findings.gaps) job.log(`gap: ${JSON.stringify(gap)}`)
  job.log(`${total} vulnerabilities, ${fixable} of them can be mended`)
  return { total, fixable }
}

/** It may have been deleted or disabled since the scan was asked for. */
async function getScanner(database: Database, { scannerId }: ScanArtifactPayload): Promise<Scanner> {
  const scanner = await findScanner(database.read, scannerId)
  if (scanner === undefined) throw new PermanentFailure('the scanner was deleted; scan again')
  if (scanner.disabled) throw new PermanentFailure(`scanner ${scanner.name} is deactivated`)
  return scanner
}

/** Another attempt would be refused as well. */
const refusals = ['MANIFEST_UNKNOWN', 'BAD_REQUEST'] as const

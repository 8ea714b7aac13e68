import { parseDigest } from '#contract/digest.ts'
import { parseRepositoryName } from '#contract/repository-name.ts'
import type { Database } from '../database/database.ts'
import { DomainError } from '../domain/errors.ts'
import { scanPushedJob } from '../domain/scanning/scan-on-push.ts'
import { findScanTarget } from '../domain/scanning/scan-targets.ts'
import type { Sboms } from '../domain/scanning/sboms/sboms.ts'
import type { Scans } from '../domain/scanning/scans.ts'
import type { JobKind } from './job-kind.ts'

export interface ScanPushedServices {
  readonly database: Database
  readonly scans: Scans
  readonly sboms: Sboms
}

type Payload = ReturnType<typeof scanPushedJob.parse>

/** Asks for the scan of a pushed artifact, or for its SBOM. One that cannot be scanned, or that is being scanned, is no failure. */
export function composeScanPushed({ database, scans, sboms }: ScanPushedServices): JobKind<Payload> {
  return {
    name: scanPushedJob.kind,
    concurrency: {},
    maxAttempts: 5,
    parse: scanPushedJob.parse,
    async run(job) {
      const { repository, digest, tag, scan } = job.payload
      const target = await findScanTarget(database.read, parseRepositoryName(repository), parseDigest(digest))
      if (target === undefined) {
        job.log('it was deleted meanwhile')
        return { started: false }
      }
      const named = tag === undefined ? target : { ...target, tag }
      try {
        const asked = { actor: job.actor, target: named, trigger: 'event' } as const
        if (scan === 'sbom') await sboms.start(asked)
        else await scans.start({ ...asked, kind: 'vulnerability' })
      } catch (error) {
        if (!(error instanceof DomainError) || !quiet.includes(error.code)) throw error
        job.log(error.message)
        return { started: false }
      }
      return { started: true }
    },
  }
}

/** Not scannable, being scanned already, no scanner. */
const quiet: readonly string[] = ['BAD_REQUEST', 'CONFLICT', 'PRECONDITION']

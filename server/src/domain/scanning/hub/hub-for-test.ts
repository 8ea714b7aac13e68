import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Database } from '#server/database/database.ts'
import { Jobs } from '#server/domain/jobs/jobs.ts'
import { ensureKinds } from '#server/domain/jobs/kinds.ts'
import { composeRegistryForTest, system } from '#server-test/registry-for-test.ts'
import type { Severity, VulnerabilityDetail } from '../advisories.ts'
import type { Finding } from '../finding.ts'
import { packReport, recordReport } from '../record-scan.ts'
import { findScanTarget } from '../scan-targets.ts'
import { ensureBuiltInScanner } from '../scanners.ts'
import { Scans } from '../scans.ts'
import { findDefaultScannerId } from './default-scanner.ts'

/** A finding, in short. */
export interface Found {
  readonly id: string
  readonly severity: Severity
  /** In tenths. */
  readonly score?: number
  readonly package?: string
  readonly fix?: string
  readonly layer?: string
  readonly exploited?: boolean
}

const findingOf = (found: Found): Finding => ({
  id: found.id,
  aliases: [],
  package: {
    ...{ kind: 'deb', name: found.package ?? 'openssl', version: '1.0', path: 'var/lib/dpkg/status' },
    ...{ purl: '', licences: [] },
    ...(found.layer === undefined ? {} : { layer: found.layer }),
  },
  fixVersion: found.fix ?? '1.1',
  status: 'fixed',
  severity: found.severity,
  severitySource: 'nvd',
  ...(found.score === undefined ? {} : { detail: detailOf(found, found.score / 10) }),
  ...(found.exploited === true ? { exploits: { knownExploited: { added: '2026-01-01' } } } : {}),
})

const detailOf = ({ id, severity }: Found, score: number): VulnerabilityDetail => ({
  ...{ id, severity, aliases: [], title: '', description: '', vendorSeverity: {}, cweIds: [], references: [] },
  cvss: { nvd: { v3: { score, vector: '' } } },
})

/** A registry whose reports are what a test says, by the way that a scan takes. */
export async function composeHubForTest(database: Database) {
  const registry = await composeRegistryForTest(database)
  const { clock, events } = registry
  await database.write(async (tx) => {
    await ensureKinds(tx, ['scan-artifact'])
    await ensureBuiltInScanner(tx, clock)
  })
  const scanner = (await findDefaultScannerId(database.read))!
  const scans = new Scans({ database, clock, events, jobs: new Jobs({ database, clock, events }) })
  const push = async (repository: string, tag: string, layers: readonly string[] = [tag]) =>
    await registry.pushImage(repository, tag, [
      Buffer.from(`{"of":"${tag}"}`),
      ...layers.map((text) => Buffer.from(text)),
    ])
  /** Asks for a scan, and answers in its place. */
  const report = async (repository: string, digest: Digest, found: readonly Found[]) => {
    const target = (await findScanTarget(database.read, repository as RepositoryName, digest))!
    await scans.start({ actor: system, target, kind: 'vulnerability' })
    const { reportId } = (await scans.states([digest], 'vulnerability')).get(digest)!
    const packed = await packReport({ findings: found.map(findingOf), gaps: [], generation: 1 }, '')
    const { projectId } = target
    const scan = { digest, projectId, repository, scannerId: scanner, scanKind: 'vulnerability', reportId } as const
    await database.write(async (tx) => {
      await recordReport(tx, { clock, events }, system, scan, packed)
      await tx.updateTable('job').set({ status: 'succeeded', finished_at: clock.now() }).execute()
    })
    clock.advance(1_000)
  }
  return { ...registry, scanner, scans, push, report }
}

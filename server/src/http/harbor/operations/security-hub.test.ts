import { expect, test } from 'bun:test'
import type { Digest } from '#contract/digest.ts'
import type { Database } from '#server/database/database.ts'
import { parseListQuery } from '../frame/list-query.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest } from '#server-test/registry-for-test.ts'
import { Totals } from '#server/domain/lists/totals.ts'
import { severities, type Severity } from '#server/domain/scanning/advisories.ts'
import { listDangerous } from '#server/domain/scanning/hub/dangerous-vulnerabilities.ts'
import { pageRegistryFindings } from '#server/domain/scanning/hub/registry-findings.ts'
import { findDefaultScannerId, summariseSecurity } from '#server/domain/scanning/hub/security-summary.ts'
import { listSomeTags } from '#server/domain/scanning/hub/some-tags.ts'
import { ensureBuiltInScanner } from '#server/domain/scanning/scanners.ts'

interface Found {
  readonly id: string
  readonly severity: Severity
  readonly score: number | null
  readonly package?: string
}

async function compose(database: Database) {
  const registry = await composeRegistryForTest(database)
  await database.write((tx) => ensureBuiltInScanner(tx, registry.clock))
  const scanner = (await findDefaultScannerId(database.read))!
  const push = async (repository: string, tag: string) =>
    await registry.pushImage(repository, tag, [Buffer.from('{}'), Buffer.from(tag)])
  /** As a scan would have left it. */
  const report = async (digest: Digest, findings: readonly Found[]) =>
    await database.write(async (tx) => {
      const bySeverity: Partial<Record<Severity, number>> = {}
      for (const { severity } of findings) bySeverity[severity] = (bySeverity[severity] ?? 0) + 1
      const summary = { total: findings.length, fixable: 1, exploited: 0, suppressed: 0, gaps: [], bySeverity }
      const nothing = { job_id: null, error: null, started_at: 1, finished_at: 1, generation: 1, severity: 1 }
      await tx
        .insertInto('scan')
        .values({
          ...nothing,
          ...{ digest, scanner_id: scanner, kind: 'vulnerability', report_id: digest, status: 'success' },
          ...{ reported_at: 1, summary: JSON.stringify(summary), body: null, created_at: 1 },
        })
        .execute()
      const rows = findings.map(({ id, severity, score, package: name = 'openssl' }) => ({
        ...{ digest, scanner_id: scanner, vulnerability: id, package: name, version: '1.0', fix_version: '1.1' },
        ...{ severity: severities.indexOf(severity), score, exploited: 0 as const, probability: null, status: 'fixed' },
      }))
      await tx.insertInto('scan_finding').values(rows).execute()
    })
  const services = { database, totals: new Totals(registry) }
  const ask = async (q: string, page = { limit: 10, offset: 0 }) =>
    await pageRegistryFindings(services, scanner, { conditions: parseListQuery(q), ...page })
  return { ...registry, scanner, push, report, ask }
}

const critical: Found = { id: 'CVE-2026-1', severity: 'Critical', score: 98 }
const high: Found = { id: 'CVE-2026-2', severity: 'High', score: 75, package: 'zlib' }
const unscored: Found = { id: 'CVE-2026-3', severity: 'Low', score: null, package: 'bash' }

describeEachDatabase('the security of all artifacts', (open) => {
  test('is summed over artifacts, with the worst first', async () => {
    const registry = await compose(await open())
    const mild = await registry.push('library/mild', 'v1')
    const bad = await registry.push('library/bad', 'v2')
    await registry.push('library/never', 'v3')
    await registry.report(mild, [high, unscored])
    await registry.report(bad, [critical, high])
    const found = await summariseSecurity(registry.database.read, registry.scanner)
    expect(found).toMatchObject({ artifacts: 3, scanned: 2, total: 4, fixable: 2 })
    expect(found.bySeverity).toEqual({ Critical: 1, High: 2, Low: 1 })
    expect(found.worst.map(({ repository }) => repository)).toEqual(['library/bad', 'library/mild'])
  })

  test('has each dangerous vulnerability once, the highest score first, however many artifacts have it', async () => {
    const registry = await compose(await open())
    for (let index = 0; index < 12; index += 1)
      await registry.report(await registry.push(`library/app${index}`, `v${index}`), [critical, high, unscored])
    const found = await listDangerous(registry.database.read, registry.scanner)
    expect(found.map(({ id, score }) => [id, score])).toEqual([
      ['CVE-2026-1', 9.8],
      ['CVE-2026-2', 7.5],
    ])
  })

  test('is listed by score, filtered, and what has no score is last', async () => {
    const registry = await compose(await open())
    const one = await registry.push('library/one', 'v1')
    const other = await registry.push('library/other', 'v2')
    await registry.report(one, [unscored, high])
    await registry.report(other, [critical])
    const idsOf = async (q: string) => (await registry.ask(q)).rows.map(({ id }) => id)
    expect(await idsOf('')).toEqual(['CVE-2026-1', 'CVE-2026-2', 'CVE-2026-3'])
    expect((await registry.ask('', { limit: 1, offset: 1 })).rows.map(({ id }) => id)).toEqual(['CVE-2026-2'])
    expect((await registry.ask('', { limit: 1, offset: 1 })).total).toBe(3)
    for (const [q, ids] of [
      ['cve_id=CVE-2026-2', ['CVE-2026-2']],
      ['severity=Critical', ['CVE-2026-1']],
      ['severity=strange', []],
      ['status=fixed,package=bash', ['CVE-2026-3']],
      ['repository_name=library/other', ['CVE-2026-1']],
      ['tag=v1', ['CVE-2026-2', 'CVE-2026-3']],
      [`digest=${other}`, ['CVE-2026-1']],
      ['project_id=999', []],
      ['cvss_score_v3=[7.5~9.7]', ['CVE-2026-2']],
    ] as const)
      expect([q, await idsOf(q)]).toEqual([q, [...ids]])
    const { rows } = await registry.ask('tag=v1')
    const tags = await listSomeTags(
      registry.database.read,
      rows.map(({ artifactId }) => artifactId),
    )
    expect([...tags.values()]).toEqual([['v1']])
  })

  test('refuses what it cannot be asked, so that nothing found is never a misunderstanding', async () => {
    const registry = await compose(await open())
    for (const [q, says] of [
      ['strange=1', 'keyword: strange is not allowed'],
      ['package=~open', 'the query type is not allowed'],
      ['cvss_score_v3=7', 'the query type is not allowed'],
      ['cvss_score_v3=[7~]', 'a range of two numbers'],
      ['project_id=x', 'project_id cannot be x'],
    ] as const)
      await expect(registry.ask(q)).rejects.toThrow(says)
  })
})

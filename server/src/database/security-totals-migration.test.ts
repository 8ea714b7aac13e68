import { expect, test } from 'bun:test'
import { sql } from 'kysely'
import { describeEachDatabase } from '../../test/databases.ts'
import type { Database } from './database.ts'
import { migrate } from './migrate.ts'
import { migrations } from './migrations/index.ts'

const before = migrations.findIndex(({ name }) => name === '0036-security-totals')
const summary = (total: number, fixable: number, exploited: number, bySeverity: object) =>
  JSON.stringify({ total, fixable, exploited, bySeverity })

/** Three reports, one of them without findings, a scan that has none yet, and a bill of materials, as versions before had them. */
async function fill(database: Database): Promise<void> {
  const reports = [
    ['a', 'vulnerability', summary(3, 2, 1, { Critical: 1, High: 2 })],
    ['b', 'vulnerability', summary(1, 1, 0, { High: 1 })],
    ['c', 'vulnerability', summary(0, 0, 0, {})],
    ['d', 'vulnerability', null],
    ['a', 'sbom', null],
  ] as const
  const findings = [
    ['a', 'CVE-1', '1.1', 5, 1],
    ['a', 'CVE-2', '', 4, 0],
    ['a', 'CVE-3', '2', 4, 0],
    ['b', 'CVE-2', '3', 4, 0],
  ] as const
  await database.write(async (tx) => {
    for (const [digest, kind, text] of reports)
      await sql`insert into scan (digest, scanner_id, kind, report_id, status, summary, created_at)
        values (${digest}, 's', ${kind}, ${`${digest} ${kind}`}, 'Success', ${text}, 1)`.execute(tx)
    for (const [digest, vulnerability, fix, severity, exploited] of findings)
      await sql`insert into scan_finding
        (digest, scanner_id, vulnerability, package, version, fix_version, severity, score, exploited, probability)
        values (${digest}, 's', ${vulnerability}, 'p', '1', ${fix}, ${severity}, null, ${exploited}, null)`.execute(tx)
  })
}

describeEachDatabase('the step that counts what scans found', (open) => {
  test('counts the reports and findings that are there already', async () => {
    const database = await open({ empty: true })
    await migrate(database, { steps: migrations.slice(0, before) })
    await fill(database)
    await migrate(database)
    const totals = await database.read.selectFrom('security_total').selectAll().execute()
    expect(totals).toEqual([
      {
        ...{ scanner_id: 's', images: 4, reports: 3, findings: 4, fixable: 3, exploited: 1 },
        ...{ critical: 1, high: 3, medium: 0, low: 0, negligible: 0, unknown: 0 },
      },
    ])
    const columns = ['vulnerability', 'images', 'fixable', 'severity', 'exploited'] as const
    const each = database.read.selectFrom('vulnerability_total').select(columns).orderBy('vulnerability')
    expect(await each.execute()).toEqual([
      { vulnerability: 'CVE-1', images: 1, fixable: 1, severity: 5, exploited: 1 },
      { vulnerability: 'CVE-2', images: 2, fixable: 1, severity: 4, exploited: 0 },
      { vulnerability: 'CVE-3', images: 1, fixable: 1, severity: 4, exploited: 0 },
    ])
    const scans = database.read.selectFrom('scan').select(['digest', 'danger', 'exploited']).where('danger', '>', 0)
    expect(await scans.orderBy('digest').execute()).toEqual([
      { digest: 'a', danger: 1_000_200_000_000, exploited: 1 },
      { digest: 'b', danger: 100_000_000, exploited: 0 },
    ])
    const reviews = await database.read.selectFrom('scan_review').selectAll().orderBy('digest').execute()
    expect(reviews.map(({ digest }) => digest)).toEqual(['a', 'b', 'c', 'd'])
  })
})

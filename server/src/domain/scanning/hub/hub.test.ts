import { expect, test } from 'bun:test'
import { sql } from 'kysely'
import type { RepositoryName } from '#contract/repository-name.ts'
import { deleteManifest } from '#server/domain/artifacts/delete.ts'
import { parseListQuery } from '#server/http/harbor/frame/list-query.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { system } from '#server-test/registry-for-test.ts'
import type { Database } from '../../../database/database.ts'
import { countReports } from '../../../database/migrations/0036-security-totals.ts'
import { Totals } from '../../lists/totals.ts'
import { pruneScans } from '../prune-scans.ts'
import { findScanConcerns } from '../scan-concerns.ts'
import type { ScanSummary } from '../scan-summary.ts'
import { listDangerousArtifacts } from './dangerous-artifacts.ts'
import { listDangerousVulnerabilities } from './dangerous-vulnerabilities.ts'
import { composeHubForTest, type Found } from './hub-for-test.ts'
import { listRebuilds } from './rebuilds.ts'
import { pageRegistryFindings } from './registry-findings.ts'
import { pageRegistryVulnerabilities, type VulnerabilityPage } from './registry-vulnerabilities.ts'
import { minus, noTotals, readTotals, shareOf, type SecurityTotals } from './security-totals.ts'
import { listSomeTags } from './some-tags.ts'

const critical: Found = { id: 'CVE-2026-1', severity: 'Critical', score: 98 }
const high: Found = { id: 'CVE-2026-2', severity: 'High', score: 75, package: 'zlib' }
const unscored: Found = { id: 'CVE-2026-3', severity: 'Low', package: 'bash', fix: '' }
const exploited: Found = { id: 'CVE-2026-4', severity: 'Medium', score: 50, package: 'curl', exploited: true }

async function compose(database: Database) {
  const registry = await composeHubForTest(database)
  const services = { database, totals: new Totals(registry) }
  const pushed = async (name: string, found: readonly Found[] | undefined, layers?: readonly string[]) => {
    const digest = await registry.push(`library/${name}`, name, layers)
    if (found !== undefined) await registry.report(`library/${name}`, digest, found)
    return digest
  }
  const search = async (q: string, page = { limit: 10, offset: 0 }) =>
    await pageRegistryFindings(services, registry.scanner, { conditions: parseListQuery(q), ...page })
  const vulnerabilities = async (page: Partial<VulnerabilityPage> = {}) =>
    await pageRegistryVulnerabilities(services, registry.scanner, {
      ...{ onlyExploited: false, onlyFixable: false, pulledSince: 0, limit: 10, offset: 0 },
      ...page,
    })
  const remove = async (name: string, digest: Awaited<ReturnType<typeof registry.push>>) => {
    await deleteManifest(registry, await registry.admit(system, 'delete', `library/${name}` as RepositoryName), digest)
    await pruneScans(registry, 1)
  }
  const totals = async () => await readTotals(database.read, registry.scanner)
  return { ...registry, pushed, search, vulnerabilities, remove, totals }
}

/** The totals as the rows of all reports say them, counted by another way. */
async function recount(database: Database) {
  const scans = await database.read.selectFrom('scan').selectAll().execute()
  const all = scans
    .map(({ summary }) => shareOf(summary === null ? undefined : (JSON.parse(summary) as ScanSummary)))
    .reduce<SecurityTotals>((sum, share) => minus(sum, minus(noTotals, share)), noTotals)
  const findings = await database.read.selectFrom('scan_finding').selectAll().execute()
  const vulnerabilities = [...Map.groupBy(findings, (row) => row.vulnerability)].map(([id, rows]) => [
    id,
    new Set(rows.map(({ digest }) => digest)).size,
    new Set(rows.filter((row) => row.fix_version !== '').map(({ digest }) => digest)).size,
  ])
  const layers = await database.read.selectFrom('scan_layer').selectAll().execute()
  const byLayer = [...Map.groupBy(layers, (row) => row.layer)].map(([layer, rows]) => [
    layer,
    rows.length,
    rows.reduce((sum, { fixable }) => sum + fixable, 0),
  ])
  return { all, vulnerabilities: vulnerabilities.toSorted(), layers: byLayer.toSorted() }
}

async function kept(database: Database) {
  const { scanner_id: _, ...all } = await database.read
    .selectFrom('security_total')
    .selectAll()
    .executeTakeFirstOrThrow()
  const vulnerabilities = await database.read.selectFrom('vulnerability_total').selectAll().execute()
  const layers = await database.read.selectFrom('layer_total').selectAll().execute()
  return {
    all,
    vulnerabilities: vulnerabilities.map((row) => [row.vulnerability, row.images, row.fixable]).toSorted(),
    layers: layers.map((row) => [row.layer, row.images, row.fixable]).toSorted(),
  }
}

describeEachDatabase('the security of all images', (open, dialect) => {
  test('is counted as reports come, change and go, whatever the order', async () => {
    const database = await open()
    const registry = await compose(database)
    const kinds = [critical, high, unscored, exploited].map((found, index) => ({ ...found, layer: `sha256:l${index}` }))
    const digests = new Map<string, Awaited<ReturnType<typeof registry.push>>>()
    let state = 20_260_101
    const chance = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below
    for (let step = 0; step < 60; step += 1) {
      const name = `app${chance(6)}`
      const digest = digests.get(name)
      if (digest !== undefined && chance(4) === 0) {
        await registry.remove(name, digest)
        digests.delete(name)
      } else {
        const found = kinds.filter(() => chance(2) === 0).map((each) => (chance(3) === 0 ? { ...each, fix: '' } : each))
        if (digest === undefined) digests.set(name, await registry.pushed(name, chance(5) === 0 ? undefined : found))
        else await registry.report(`library/${name}`, digest, found)
      }
      if (step % 10 === 9) expect([step, await kept(database)]).toEqual([step, await recount(database)])
    }
    for (const [name, digest] of digests) await registry.remove(name, digest)
    expect(await kept(database)).toEqual({ all: noTotals, vulnerabilities: [], layers: [] })
  })

  test('is counted by an upgrade as it is counted since', async () => {
    const database = await open()
    const registry = await compose(database)
    for (const [index, found] of [[critical, high], [high, exploited, unscored], []].entries())
      await registry.pushed(`app${index}`, found)
    await registry.pushed('never', undefined)
    const before = await kept(database)
    const reports = await database.read.selectFrom('scan').select(['danger', 'exploited']).orderBy('digest').execute()
    await database.write(async (tx) => {
      for (const table of ['security_total', 'vulnerability_total', 'scan_review'] as const)
        await tx.deleteFrom(table).execute()
      await tx.updateTable('scan').set({ danger: 0, exploited: 0 }).execute()
      for (const statement of countReports(dialect)) await sql.raw(statement).execute(tx)
    })
    expect(await kept(database)).toEqual(before)
    expect(await database.read.selectFrom('scan').select(['danger', 'exploited']).orderBy('digest').execute()).toEqual(
      reports,
    )
  })

  test('counts an image once, and has the worst artifacts first, as Harbor orders them and by what is exploited', async () => {
    const registry = await compose(await open())
    await registry.pushed('mild', [exploited, unscored])
    const bad = await registry.pushed('bad', [critical, high])
    await registry.pushed('never', undefined)
    // The same bytes in another repository are the same image.
    expect(await registry.push('library/other', 'bad')).toBe(bad)
    expect(await registry.totals()).toMatchObject({ images: 2, reports: 2, findings: 4, fixable: 3, exploited: 1 })
    const worst = async (order: 'severity' | 'exploited') =>
      (await listDangerousArtifacts(registry.database.read, registry.scanner, { order, limit: 5, offset: 0 })).map(
        ({ repository }) => repository,
      )
    expect(await worst('severity')).toEqual(['library/bad', 'library/other', 'library/mild'])
    expect(await worst('exploited')).toEqual(['library/mild', 'library/bad', 'library/other'])
  })

  test('has each vulnerability once, however many images have it', async () => {
    const registry = await compose(await open())
    for (let index = 0; index < 12; index += 1) await registry.pushed(`app${index}`, [critical, high, unscored])
    const last = await registry.pushed('last', [exploited])
    const dangerous = await listDangerousVulnerabilities(registry.database.read, registry.scanner, 5)
    expect(dangerous.map(({ id, score, package: name }) => [id, score, name])).toEqual([
      ['CVE-2026-1', 9.8, 'openssl'],
      ['CVE-2026-2', 7.5, 'zlib'],
      ['CVE-2026-4', 5, 'curl'],
    ])
    await registry.database.write((tx) =>
      tx.updateTable('artifact').set({ pulled_at: 500 }).where('digest', '=', last).execute(),
    )
    const all = await registry.vulnerabilities({ pulledSince: 400 })
    expect(all.total).toBe(4)
    expect(
      all.rows.map(({ id, images, fixableImages, recentlyPulled }) => [id, images, fixableImages, recentlyPulled]),
    ).toEqual([
      ['CVE-2026-4', 1, 1, 1],
      ['CVE-2026-1', 12, 12, 0],
      ['CVE-2026-2', 12, 12, 0],
      ['CVE-2026-3', 12, 0, 0],
    ])
    for (const [page, ids] of [
      [{ onlyExploited: true }, ['CVE-2026-4']],
      [{ severity: 'High' }, ['CVE-2026-2']],
      [{ text: '2026-3' }, ['CVE-2026-3']],
      [{ onlyFixable: true }, ['CVE-2026-4', 'CVE-2026-1', 'CVE-2026-2']],
    ] as const)
      expect((await registry.vulnerabilities(page)).rows.map(({ id }) => id)).toEqual([...ids])
  })

  test('is a concern where attackers use what is in an image, until it is gone', async () => {
    const registry = await compose(await open())
    const bad = await registry.pushed('bad', [exploited, critical])
    expect(await findScanConcerns(registry.database.read)).toEqual([
      { kind: 'exploited-vulnerabilities', severity: 'critical', count: 1 },
    ])
    await registry.report('library/bad', bad, [critical])
    expect(await findScanConcerns(registry.database.read)).toEqual([])
  })

  test('says which base image to build again', async () => {
    const registry = await compose(await open())
    const ofBase = { ...critical, layer: 'sha256:base' }
    const ofApp = { ...high, layer: 'sha256:app' }
    await registry.pushed('base', [ofBase, { ...exploited, layer: 'sha256:base' }], ['base'])
    await registry.pushed('one', [ofBase, ofApp], ['base', 'one'])
    await registry.pushed('two', [ofBase], ['base', 'two'])
    const found = await listRebuilds(registry.database.read, registry.scanner, { pulledSince: 0, limit: 10 })
    expect(
      found.map(({ base, images, fixable, exploited: known, examples }) => [
        base?.repository,
        images,
        fixable,
        known,
        examples.map(({ repository }) => repository).toSorted(),
      ]),
    ).toEqual([['library/base', 3, 4, 1, ['library/one', 'library/two']]])
  })

  test('is listed by score, filtered, and what has no score is last', async () => {
    const registry = await compose(await open())
    await registry.pushed('one', [unscored, high])
    const other = await registry.pushed('other', [critical])
    const idsOf = async (q: string) => (await registry.search(q)).rows.map(({ id }) => id)
    expect(await idsOf('')).toEqual(['CVE-2026-1', 'CVE-2026-2', 'CVE-2026-3'])
    expect((await registry.search('', { limit: 1, offset: 1 })).rows.map(({ id }) => id)).toEqual(['CVE-2026-2'])
    expect((await registry.search('', { limit: 1, offset: 1 })).total).toBe(3)
    for (const [q, ids] of [
      ['cve_id=CVE-2026-2', ['CVE-2026-2']],
      ['severity=Critical', ['CVE-2026-1']],
      ['severity=strange', []],
      ['status=fixed,package=bash', ['CVE-2026-3']],
      ['repository_name=library/other', ['CVE-2026-1']],
      ['tag=one', ['CVE-2026-2', 'CVE-2026-3']],
      [`digest=${other}`, ['CVE-2026-1']],
      ['project_id=999', []],
      ['cvss_score_v3=[7.5~9.7]', ['CVE-2026-2']],
      ['exploited=true', []],
      ['fixable=false', ['CVE-2026-3']],
    ] as const)
      expect([q, await idsOf(q)]).toEqual([q, [...ids]])
    const { rows } = await registry.search('tag=one')
    const tags = await listSomeTags(
      registry.database.read,
      rows.map(({ artifactId }) => artifactId),
    )
    expect([...tags.values()]).toEqual([['one']])
  })

  test('refuses what it cannot be asked, so that nothing found is never a misunderstanding', async () => {
    const registry = await compose(await open())
    for (const [q, says] of [
      ['strange=1', 'keyword: strange is not allowed'],
      ['package=~open', 'the query type is not allowed'],
      ['cvss_score_v3=7', 'the query type is not allowed'],
      ['cvss_score_v3=[7~]', 'a range of two numbers'],
      ['project_id=x', 'project_id cannot be x'],
      ['exploited=maybe', 'maybe is neither true nor false'],
    ] as const)
      await expect(registry.search(q)).rejects.toThrow(says)
  })

  test('remembers what a report changed, until another one changes something', async () => {
    const registry = await compose(await open())
    const digest = await registry.pushed('app', [critical, high])
    const changes = async () => {
      const row = await registry.database.read.selectFrom('scan').select('changes').executeTakeFirstOrThrow()
      return row.changes === null ? undefined : JSON.parse(row.changes)
    }
    expect(await changes()).toBeUndefined()
    await registry.report('library/app', digest, [high, exploited])
    const first = await changes()
    expect(first).toMatchObject({
      ...{ added: 1, gone: 1 },
      addedFindings: [{ id: 'CVE-2026-4', package: 'curl', version: '1.0', severity: 'Medium' }],
      goneFindings: [{ id: 'CVE-2026-1' }],
    })
    await registry.report('library/app', digest, [high, { ...exploited, fix: '' }])
    expect(await changes()).toEqual(first)
  })
})

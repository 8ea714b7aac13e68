import { sql, type SelectQueryBuilder } from 'kysely'
import type { Database, Reader } from '../../database/database.ts'
import type { Schema } from '../../database/schema/schema.ts'
import { DomainError } from '../errors.ts'
import { batches } from '../lists/batches.ts'
import type { Condition, Listed } from '../lists/listing.ts'
import type { ListServices } from '../lists/totals.ts'
import { severities, type Severity } from './advisories.ts'
import type { ScanSummary } from './scan-summary.ts'

/** Sums over the artifacts of the registry: a vulnerability in ten of them counts ten times. */
export interface SecuritySummary {
  readonly artifacts: number
  readonly scanned: number
  readonly total: number
  readonly fixable: number
  readonly exploited: number
  readonly bySeverity: Readonly<Partial<Record<Severity, number>>>
  readonly worst: readonly DangerousArtifact[]
}

export interface DangerousArtifact {
  readonly projectId: number
  readonly repository: string
  readonly digest: string
  readonly bySeverity: Readonly<Partial<Record<Severity, number>>>
}

export interface DangerousVulnerability {
  readonly id: string
  readonly severity: Severity
  readonly score: number
  readonly package: string
  readonly version: string
}

/** A vulnerability of a package of an artifact. */
export interface RegistryFinding {
  readonly artifactId: number
  readonly projectId: number
  readonly repository: string
  readonly digest: string
  readonly id: string
  readonly severity: Severity
  readonly status: string
  /** CVSS v3; undefined when it is not known. */
  readonly score: number | undefined
  readonly package: string
  readonly version: string
  readonly fixVersion: string
}

const dangerous = 5
const artifactsAtOnce = 1_000

/** The scanner whose reports the views of the whole registry are made of; undefined when none is the default. */
export async function findDefaultScannerId(reader: Reader): Promise<string | undefined> {
  return (await reader.selectFrom('scanner').select('id').where('is_default', '=', 1).executeTakeFirst())?.id
}

/** Reads the counts that each report has, a batch of artifacts at a time, and no finding. */
export async function summariseSecurity(reader: Reader, scannerId: string): Promise<SecuritySummary> {
  const sums = { artifacts: 0, scanned: 0, total: 0, fixable: 0, exploited: 0 }
  const bySeverity: Partial<Record<Severity, number>> = {}
  let worst: DangerousArtifact[] = []
  for (let after = 0; ;) {
    const rows = await reader
      .selectFrom('artifact')
      .innerJoin('repository', 'repository.id', 'artifact.repository_id')
      .leftJoin('scan', (join) =>
        join
          .onRef('scan.digest', '=', 'artifact.digest')
          .on('scan.scanner_id', '=', scannerId)
          .on('scan.kind', '=', 'vulnerability'),
      )
      .select(['artifact.id', 'artifact.digest', 'repository.project_id', 'repository.name'])
      .select(['scan.report_id', 'scan.summary'])
      .where('artifact.id', '>', after)
      .orderBy('artifact.id')
      .limit(artifactsAtOnce)
      .execute()
    for (const row of rows) {
      sums.artifacts += 1
      if (row.report_id !== null) sums.scanned += 1
      if (row.summary === null) continue
      const summary = JSON.parse(row.summary) as ScanSummary
      sums.total += summary.total
      sums.fixable += summary.fixable
      sums.exploited += summary.exploited
      for (const severity of severities) {
        const count = summary.bySeverity[severity] ?? 0
        if (count > 0) bySeverity[severity] = (bySeverity[severity] ?? 0) + count
      }
      const { project_id: projectId, name: repository, digest } = row
      if (summary.total > 0) worst.push({ projectId, repository, digest, bySeverity: summary.bySeverity })
    }
    worst = worst.toSorted(byDanger).slice(0, dangerous)
    if (rows.length < artifactsAtOnce) return { ...sums, bySeverity, worst }
    after = rows.at(-1)!.id
  }
}

function byDanger(one: DangerousArtifact, other: DangerousArtifact): number {
  for (const severity of severities.toReversed()) {
    const difference = (other.bySeverity[severity] ?? 0) - (one.bySeverity[severity] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** Steps along the index from one vulnerability to the next, past however many artifacts have it. */
export async function listDangerous(reader: Reader, scannerId: string): Promise<readonly DangerousVulnerability[]> {
  const found = new Map<string, DangerousVulnerability>()
  let last: { readonly score: number; readonly severity: number; readonly vulnerability: string } | undefined
  for (let step = 0; step < 10 * dangerous && found.size < dangerous; step += 1) {
    const behind = last
    const row = await reader
      .selectFrom('scan_finding')
      .select(['vulnerability', 'severity', 'score', 'package', 'version'])
      .where('scanner_id', '=', scannerId)
      .where('score', 'is not', null)
      .$if(behind !== undefined, (query) =>
        query.where(
          sql<boolean>`(score, severity, vulnerability) < (${behind?.score}, ${behind?.severity}, ${behind?.vulnerability})`,
        ),
      )
      .orderBy('score', (order) => order.desc().nullsLast())
      .orderBy('severity', 'desc')
      .orderBy('vulnerability', 'desc')
      .limit(1)
      .executeTakeFirst()
    if (row === undefined) break
    const { vulnerability: id, package: name, version, severity } = row
    last = { score: row.score!, severity, vulnerability: id }
    if (!found.has(id))
      found.set(id, { id, severity: severities[severity]!, score: row.score! / 10, package: name, version })
  }
  return [...found.values()]
}

/** Harbor's words for severities, in any case. */
const severityOfWord: Readonly<Record<string, Severity>> = {
  ...{ critical: 'Critical', high: 'High', medium: 'Medium', low: 'Low', negligible: 'Negligible', none: 'Negligible' },
  ...{ unknown: 'Unknown', 'n/a': 'Unknown' },
}

type Findings = SelectQueryBuilder<
  Pick<Schema, 'scan_finding' | 'artifact' | 'repository'>,
  'scan_finding' | 'artifact' | 'repository',
  object
>

const exactly: Readonly<Record<string, (query: Findings, value: string) => Findings>> = {
  cve_id: (query, value) => query.where('scan_finding.vulnerability', '=', value),
  severity: (query, value) =>
    query.where('scan_finding.severity', '=', severities.indexOf(severityOfWord[value.toLowerCase()] ?? ('' as never))),
  status: (query, value) => query.where('scan_finding.status', '=', value),
  package: (query, value) => query.where('scan_finding.package', '=', value),
  digest: (query, value) => query.where('scan_finding.digest', '=', value),
  repository_name: (query, value) => query.where('repository.name', '=', value),
  project_id: (query, value) => {
    if (!/^\d{1,15}$/.test(value)) throw new DomainError('BAD_REQUEST', `bad request: project_id cannot be ${value}`)
    return query.where('repository.project_id', '=', Number(value))
  },
  tag: (query, value) =>
    query.where(sql<boolean>`exists (select 1 from tag where tag.artifact_id = artifact.id and tag.name = ${value})`),
}

/**
 * Other lists pass over keys that they do not know; this one refuses them, as Harbor's does.
 * @throws DomainError BAD_REQUEST
 */
function filtered(query: Findings, condition: Condition): Findings {
  const { key } = condition
  if (key === 'cvss_score_v3') {
    if (condition.kind !== 'range') throw wrongType(key)
    const [from, to] = [tenths(condition.from), tenths(condition.to)]
    return query.where('scan_finding.score', '>=', from).where('scan_finding.score', '<=', to)
  }
  const filter = Object.hasOwn(exactly, key) ? exactly[key] : undefined
  if (filter === undefined)
    throw new DomainError('BAD_REQUEST', `bad request: keyword: ${key.slice(0, 100)} is not allowed`)
  if (condition.kind !== 'exact') throw wrongType(key)
  return filter(query, condition.value)
}

const wrongType = (key: string) =>
  new DomainError('BAD_REQUEST', `bad request: keyword: ${key}, the query type is not allowed`)

/** An end that is open finds nothing in Harbor; a range without one is refused here, so that it is not taken for an answer. */
function tenths(text: string | undefined): number {
  if (text === undefined || !/^\d{1,2}(\.\d{1,6})?$/.test(text))
    throw new DomainError(
      'BAD_REQUEST',
      'bad request: cvss_score_v3 is a range of two numbers: cvss_score_v3=[7.0~10.0]',
    )
  return Number(text) * 10
}

/** Findings of all artifacts, the highest score first. @throws DomainError BAD_REQUEST */
export async function pageRegistryFindings(
  { database, totals }: ListServices,
  scannerId: string,
  {
    conditions,
    limit,
    offset,
  }: { readonly conditions: readonly Condition[]; readonly limit: number; readonly offset: number },
): Promise<Listed<RegistryFinding>> {
  const matched = conditions.reduce(filtered, findingsOf(database, scannerId))
  const rows = await matched
    .select(['artifact.id', 'artifact.digest', 'repository.project_id', 'repository.name'])
    .select(['scan_finding.vulnerability', 'scan_finding.severity', 'scan_finding.status', 'scan_finding.score'])
    .select(['scan_finding.package', 'scan_finding.version', 'scan_finding.fix_version'])
    .orderBy('scan_finding.score', (order) => order.desc().nullsLast())
    .orderBy('scan_finding.severity', 'desc')
    .orderBy('scan_finding.vulnerability', 'desc')
    .orderBy('scan_finding.digest')
    .orderBy('scan_finding.package')
    .orderBy('scan_finding.version')
    .orderBy('artifact.id')
    .limit(limit)
    .offset(offset)
    .execute()
  const total = await totals.totalOf(database.read, matched, { rows: rows.length, limit, offset })
  const found = rows.map((row) => ({
    artifactId: row.id,
    projectId: row.project_id,
    repository: row.name,
    digest: row.digest,
    id: row.vulnerability,
    severity: severities[row.severity]!,
    status: row.status,
    score: row.score === null ? undefined : row.score / 10,
    package: row.package,
    version: row.version,
    fixVersion: row.fix_version,
  }))
  return { rows: found, total }
}

function findingsOf(database: Pick<Database, 'read'>, scannerId: string): Findings {
  return database.read
    .selectFrom('scan_finding')
    .innerJoin('artifact', 'artifact.digest', 'scan_finding.digest')
    .innerJoin('repository', 'repository.id', 'artifact.repository_id')
    .where('scan_finding.scanner_id', '=', scannerId) as unknown as Findings
}

const tagsShown = 10

/** Some tags of each artifact, the newest first. */
export async function listSomeTags(
  reader: Reader,
  artifactIds: readonly number[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  const tags = new Map<number, string[]>()
  for (const some of batches([...new Set(artifactIds)])) {
    const numbered = reader
      .selectFrom('tag')
      .select(['artifact_id', 'name'])
      .select(sql<number>`row_number() over (partition by artifact_id order by id desc)`.as('place'))
      .where('artifact_id', 'in', some)
    const rows = await reader
      .selectFrom(numbered.as('numbered'))
      .select(['artifact_id', 'name'])
      .where('place', '<=', tagsShown)
      .orderBy('artifact_id')
      .orderBy('place')
      .execute()
    for (const { artifact_id: id, name } of rows) {
      const known = tags.get(id)
      if (known === undefined) tags.set(id, [name])
      else known.push(name)
    }
  }
  return tags
}

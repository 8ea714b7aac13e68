import { sql, type RawBuilder, type SelectQueryBuilder } from 'kysely'
import type { Database } from '../../../database/database.ts'
import type { Schema } from '../../../database/schema/schema.ts'
import { DomainError } from '../../errors.ts'
import type { Condition, Listed } from '../../lists/listing.ts'
import type { ListServices } from '../../lists/totals.ts'
import { severities, type Severity } from '../advisories.ts'

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
  readonly isExploited: boolean
  /** EPSS: how likely it is to be exploited within 30 days; undefined when it is not known. */
  readonly probability: number | undefined
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
  exploited: (query, value) => truth(value, query, sql<boolean>`scan_finding.exploited = 1`),
  fixable: (query, value) => truth(value, query, sql<boolean>`scan_finding.fix_version <> ''`),
  digest: (query, value) => query.where('scan_finding.digest', '=', value),
  repository_name: (query, value) => query.where('repository.name', '=', value),
  project_id: (query, value) => {
    if (!/^\d{1,15}$/.test(value)) throw new DomainError('BAD_REQUEST', `bad request: project_id cannot be ${value}`)
    return query.where('repository.project_id', '=', Number(value))
  },
  tag: (query, value) =>
    query.where(sql<boolean>`exists (select 1 from tag where tag.artifact_id = artifact.id and tag.name = ${value})`),
}

/** Beyond Harbor's keys. The condition names its constants, so that partial indexes serve it. */
function truth(value: string, query: Findings, condition: RawBuilder<boolean>): Findings {
  if (value !== 'true' && value !== 'false')
    throw new DomainError('BAD_REQUEST', `bad request: ${value.slice(0, 100)} is neither true nor false`)
  return query.where(value === 'true' ? condition : sql<boolean>`not (${condition})`)
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
  // A few findings are sorted. By the column itself SQLite would walk all of them in their order, to find these.
  const isNarrow = conditions.some(({ key }) => ['cve_id', 'package', 'digest'].includes(key))
  const rows = await matched
    .select(['artifact.id', 'artifact.digest', 'repository.project_id', 'repository.name'])
    .select(['scan_finding.vulnerability', 'scan_finding.severity', 'scan_finding.status', 'scan_finding.score'])
    .select(['scan_finding.package', 'scan_finding.version', 'scan_finding.fix_version'])
    .select(['scan_finding.exploited', 'scan_finding.probability'])
    .orderBy(isNarrow ? sql`coalesce(scan_finding.score, -1)` : 'scan_finding.score', (order) =>
      isNarrow ? order.desc() : order.desc().nullsLast(),
    )
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
    isExploited: row.exploited === 1,
    probability: row.probability === null ? undefined : row.probability / 10_000,
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

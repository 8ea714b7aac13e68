import { z } from 'zod'
import type { Digest } from '#contract/digest.ts'
import { severities, severityRank, type Severity } from '../../../domain/scanning/advisories.ts'
import type { Finding, ScanFindings } from '../../../domain/scanning/finding.ts'
import { isTooOld } from '../../../domain/scanning/data/data-age.ts'
import type { ChangedFinding, ScanChanges } from '../../../domain/scanning/scan-changes.ts'
import { findingKey, worstIn, type ScanSummary } from '../../../domain/scanning/scan-summary.ts'
import { noVulnerabilityData } from '../../../domain/scanning/scan-job.ts'
import type { ScanStatus } from '../../../domain/scanning/scan-progress.ts'
import type { ScanState } from '../../../domain/scanning/scan-state.ts'
import { version } from '../../../version.ts'
import { noTime, timeAnswer, timeOf } from '../frame/answers.ts'

/** Report types of the Pluggable Scanner API; a client names those it can read, and gets the first that there is. */
export const reportTypes = [
  'application/vnd.security.vulnerability.report; version=1.1',
  'application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0',
] as const

export type ReportType = (typeof reportTypes)[number]

/** `X-Accept-Vulnerabilities`. Without it the newer type; with nothing known in it the older one, as in Harbor. */
export function acceptedReportType(header: string | null): ReportType {
  if (header === null || header.trim() === '') return reportTypes[0]
  const wanted = header.split(',').map((each) => each.trim())
  return reportTypes.find((type) => wanted.includes(type)) ?? reportTypes[1]
}

export const scannerAnswer = z.object({ name: z.string(), vendor: z.string(), version: z.string() })
export const builtInScanner = { name: 'Berth', vendor: 'Berth', version }

export const overviewAnswer = z.object({
  report_id: z.string(),
  scan_status: z.string(),
  severity: z.string().optional(),
  duration: z.number().int().optional(),
  summary: z
    .object({ total: z.number().int(), fixable: z.number().int(), summary: z.record(z.string(), z.number().int()) })
    .optional(),
  start_time: timeAnswer,
  end_time: timeAnswer,
  scanner: scannerAnswer.optional(),
  complete_percent: z.number().int().optional(),
  exploited: z.number().int().optional().describe('Beyond Harbor: how many are known to be exploited.'),
  gaps: z.array(z.string()).optional().describe('Beyond Harbor: why what was found may not be all.'),
  data: z.number().int().optional().describe('Beyond Harbor: the number of the vulnerability data.'),
  data_time: timeAnswer.optional().describe('Beyond Harbor: when that data was published; absent when it did not say.'),
  reported_at: timeAnswer
    .optional()
    .describe('Beyond Harbor: when the last good report was made; it stays while a new scan runs.'),
  error: z
    .object({
      code: z.enum(['NO_VULNERABILITY_DATA', 'VULNERABILITY_DATA_TOO_OLD', 'SCAN_FAILED']),
      message: z.string(),
    })
    .optional()
    .describe('Beyond Harbor: why the newest scan failed.'),
})

export type Overview = z.output<typeof overviewAnswer>

/**
 * One overview for all images of an artifact. Undefined while an image was never scanned: what is known of the others would look like
 * all there is.
 */
export function overviewOf(leaves: readonly Digest[], states: ReadonlyMap<Digest, ScanState>): Overview | undefined {
  const found = leaves.flatMap((digest) => states.get(digest) ?? [])
  if (found.length === 0 || found.length < leaves.length) return undefined
  const status = found.map((state) => state.status).reduce(merged)
  const reports = found.flatMap(({ report }) => report ?? [])
  const started = earliest(found.flatMap(({ startedAt }) => startedAt ?? []))
  const finished =
    status === 'running' || status === 'pending'
      ? undefined
      : latest(found.flatMap(({ finishedAt }) => finishedAt ?? []))
  const seconds = started === undefined || finished === undefined ? 0 : Math.floor((finished - started) / 1000)
  const done = found.filter(({ status: each }) => each !== 'pending' && each !== 'running').length
  return {
    report_id: reportIdOf(found),
    scan_status: statusWords[status],
    ...(seconds > 0 ? { duration: seconds } : {}),
    ...(reports.length === 0 ? {} : reportFields(reports)),
    ...(status === 'error' ? errorField(found) : {}),
    start_time: started === undefined ? noTime : timeOf(started),
    end_time: finished === undefined ? noTime : timeOf(finished),
    ...(status === 'success' ? { complete_percent: Math.floor((100 * done) / found.length) } : {}),
  }
}

function errorField(found: readonly ScanState[]) {
  const failed = found.flatMap(({ status, error }) => (status === 'error' && error !== undefined ? [error] : []))
  const [message] = failed
  if (message === undefined) return {}
  return { error: { code: codeOf(failed), message } as const }
}

function codeOf(failed: readonly string[]) {
  if (failed.includes(noVulnerabilityData)) return 'NO_VULNERABILITY_DATA'
  return failed.some(isTooOld) ? 'VULNERABILITY_DATA_TOO_OLD' : 'SCAN_FAILED'
}

/** The counts of reports together, in Harbor's words. */
export function overviewSummary(reports: readonly ScanSummary[]) {
  const summary: Record<string, number> = {}
  for (const { bySeverity } of reports) {
    for (const [severity, found] of Object.entries(bySeverity)) {
      const word = severityWord(severity as Severity)
      summary[word] = (summary[word] ?? 0) + found
    }
  }
  return {
    total: sum(reports.map(({ total }) => total)),
    fixable: sum(reports.map(({ fixable }) => fixable)),
    summary,
  }
}

function reportFields(reports: readonly NonNullable<ScanState['report']>[]) {
  const worst = reports
    .flatMap(({ severity }) => severity ?? [])
    .toSorted((one, other) => severityRank(other) - severityRank(one))[0]
  const gaps = [...new Set(reports.flatMap(({ summary: each }) => each.gaps))]
  const times = reports.map(({ dataTime }) => dataTime)
  const data = Math.min(...reports.flatMap(({ generation }) => generation ?? []))
  return {
    severity: worst === undefined ? 'None' : severityWord(worst),
    summary: overviewSummary(reports.map(({ summary }) => summary)),
    scanner: builtInScanner,
    exploited: sum(reports.map(({ summary: each }) => each.exploited)),
    ...(gaps.length === 0 ? {} : { gaps }),
    ...(Number.isFinite(data) ? { data } : {}),
    ...(times.includes(undefined) ? {} : { data_time: timeOf(Math.min(...times.flatMap((time) => time ?? []))) }),
    reported_at: timeOf(Math.min(...reports.map(({ reportedAt }) => reportedAt))),
  }
}

/** Harbor names the reports of an index by all of theirs. */
function reportIdOf(found: readonly ScanState[]): string {
  const ids = found.map(({ reportId }) => reportId)
  return ids.length === 1 ? ids[0]! : Buffer.from(ids.join('|')).toString('base64')
}

/** The other way. Undefined for a text that is neither a UUID nor several. */
export function reportIdsIn(text: string): readonly string[] | undefined {
  if (uuid.test(text)) return [text]
  const ids = Buffer.from(text.slice(0, 100_000), 'base64').toString('latin1').split('|')
  return ids.every((id) => uuid.test(id)) ? ids : undefined
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export const statusWords: Readonly<Record<ScanStatus, string>> = {
  pending: 'Pending',
  running: 'Running',
  success: 'Success',
  error: 'Error',
  stopped: 'Stopped',
}

/** A part that is still scanned, was stopped or failed is told: an index is as good as the worst part of it. */
export function merged(one: ScanStatus, other: ScanStatus): ScanStatus {
  const order: readonly ScanStatus[] = ['running', 'pending', 'stopped', 'success', 'error']
  return order.indexOf(one) <= order.indexOf(other) ? one : other
}

export const severityWord = (severity: Severity): string => (severity === 'Negligible' ? 'None' : severity)

const cvss = z.object({
  score_v3: z.number().nullable(),
  score_v2: z.number().nullable(),
  vector_v3: z.string(),
  vector_v2: z.string(),
})

export const vulnerabilityAnswer = z.object({
  id: z.string(),
  package: z.string(),
  version: z.string(),
  fix_version: z.string(),
  severity: z.string(),
  status: z.string(),
  description: z.string(),
  links: z.array(z.string()),
  artifact_digests: z.array(z.string()),
  preferred_cvss: cvss,
  cwe_ids: z.array(z.string()),
  vendor_attributes: z.unknown(),
  title: z.string().optional(),
  kind: z.string().optional().describe('Beyond Harbor: the kind of package, in the words of package URLs.'),
  purl: z.string().optional(),
  paths: z.array(z.string()).optional().describe('Beyond Harbor: where in the image it lies.'),
  layers: z.array(z.string()).optional().describe('Beyond Harbor: DiffIDs of the layers that brought it.'),
  aliases: z.array(z.string()).optional(),
  known_exploited: z
    .string()
    .optional()
    .describe('Beyond Harbor: since when it stands in the catalogue of exploited ones.'),
  epss: z.object({ probability: z.number(), percentile: z.number() }).optional(),
  suppressed: z.object({ by: z.string(), status: z.string(), reason: z.string() }).optional(),
})

const changedAnswer = z.object({
  id: z.string(),
  package: z.string(),
  version: z.string(),
  severity: z.string(),
  artifact_digests: z.array(z.string()),
})

const changesAnswer = z.object({
  at: timeAnswer,
  since: timeAnswer.describe('When the report before was made.'),
  added: z.number().int(),
  gone: z.number().int(),
  added_findings: z.array(changedAnswer).describe('500 of an image at the most, the worst first.'),
  gone_findings: z.array(changedAnswer),
})

export const reportAnswer = z.object({
  generated_at: timeAnswer,
  scanner: scannerAnswer,
  severity: z.string(),
  vulnerabilities: z.array(vulnerabilityAnswer),
  gaps: z.array(z.unknown()).optional(),
  changes: changesAnswer
    .optional()
    .describe('Beyond Harbor: what the last report that differed from the one before brought and took away.'),
  os: z.object({ family: z.string(), version: z.string(), name: z.string() }).optional(),
})

export interface LeafReport {
  readonly digest: Digest
  readonly reportedAt: number
  readonly findings: ScanFindings
  readonly changes?: ScanChanges | undefined
}

/** The reports of an artifact's images as one: a vulnerability of a package stands once, with the images that have it. */
export function presentReport(reports: readonly LeafReport[]): z.output<typeof reportAnswer> {
  const items = new Map<string, z.output<typeof vulnerabilityAnswer>>()
  for (const { digest, findings } of reports) {
    for (const [key, group] of Map.groupBy(findings.findings, findingKey)) {
      const known = items.get(key)
      if (known === undefined) items.set(key, presentFinding(worstIn(group), group, digest))
      else items.set(key, { ...known, artifact_digests: [...known.artifact_digests, digest] })
    }
  }
  const all = reports.flatMap(({ findings }) => findings.findings)
  const worst = severities.toReversed().find((severity) => all.some((each) => each.severity === severity))
  const gaps = reports.flatMap(({ findings }) => findings.gaps)
  const os = reports.find(({ findings }) => findings.os !== undefined)?.findings.os
  return {
    generated_at: timeOf(Math.max(...reports.map(({ reportedAt }) => reportedAt))),
    scanner: builtInScanner,
    severity: worst === undefined ? 'None' : severityWord(worst),
    vulnerabilities: [...items.values()],
    ...(gaps.length === 0 ? {} : { gaps }),
    ...changesField(reports),
    ...(os === undefined ? {} : { os: { family: os.family, version: os.version, name: os.name } }),
  }
}

/** Of an index, what changed in each of its images. */
function changesField(reports: readonly LeafReport[]): { changes?: z.output<typeof changesAnswer> } {
  const changed = reports.flatMap(({ digest, changes }) => (changes === undefined ? [] : [{ digest, changes }]))
  if (changed.length === 0) return {}
  const listed = (of: (changes: ScanChanges) => readonly ChangedFinding[]) => {
    const all = changed.flatMap(({ digest, changes }) => of(changes).map((finding) => ({ digest, finding })))
    const groups = Map.groupBy(all, ({ finding: { id, package: name, version } }) => `${id}\n${name}\n${version}`)
    return [...groups.values()].map((group) => {
      const { severity, ...finding } = group[0]!.finding
      return { ...finding, severity: severityWord(severity), artifact_digests: group.map(({ digest }) => digest) }
    })
  }
  return {
    changes: {
      at: timeOf(Math.max(...changed.map(({ changes }) => changes.at))),
      since: timeOf(Math.min(...changed.map(({ changes }) => changes.since))),
      added: sum(changed.map(({ changes }) => changes.added)),
      gone: sum(changed.map(({ changes }) => changes.gone)),
      added_findings: listed(({ addedFindings }) => addedFindings),
      gone_findings: listed(({ goneFindings }) => goneFindings),
    },
  }
}

function presentFinding(
  first: Finding,
  group: readonly Finding[],
  digest: Digest,
): z.output<typeof vulnerabilityAnswer> {
  const { package: found, detail, exploits } = first
  const scores = scoresOf(first)
  const layers = [...new Set(group.flatMap(({ package: { layer } }) => layer ?? []))]
  return {
    id: first.id,
    package: found.name,
    version: found.version,
    fix_version: first.fixVersion,
    severity: severityWord(first.severity),
    status: first.status,
    description: detail?.description || (detail?.title ?? ''),
    links: detail?.references.slice(0, 50) ?? [],
    artifact_digests: [digest],
    preferred_cvss: {
      score_v3: scores.v3?.score ?? null,
      score_v2: scores.v2?.score ?? null,
      vector_v3: scores.v3?.vector ?? '',
      vector_v2: scores.v2?.vector ?? '',
    },
    cwe_ids: [...(detail?.cweIds ?? [])],
    vendor_attributes: vendorAttributesOf(first),
    ...(detail?.title === undefined || detail.title === '' ? {} : { title: detail.title }),
    kind: found.kind,
    purl: found.purl,
    paths: [...new Set(group.map(({ package: { path } }) => path))],
    ...(layers.length === 0 ? {} : { layers }),
    ...(first.aliases.length === 0 ? {} : { aliases: [...first.aliases] }),
    ...(exploits?.knownExploited === undefined ? {} : { known_exploited: exploits.knownExploited.added }),
    ...(exploits?.epss === undefined ? {} : { epss: exploits.epss }),
    ...(first.suppressed === undefined ? {} : { suppressed: first.suppressed }),
  }
}

/** Of the publisher whose severity was believed, else of the NVD, else of anybody. */
function scoresOf({ detail, severitySource }: Finding) {
  const known = detail?.cvss ?? {}
  return known[severitySource] ?? known['nvd'] ?? Object.values(known)[0] ?? {}
}

function vendorAttributesOf({ detail }: Finding) {
  const known = Object.entries(detail?.cvss ?? {})
  if (known.length === 0) return null
  return {
    CVSS: Object.fromEntries(
      known.map(([vendor, { v2, v3 }]) => [
        vendor,
        {
          ...(v3 === undefined ? {} : { V3Score: v3.score, V3Vector: v3.vector }),
          ...(v2 === undefined ? {} : { V2Score: v2.score, V2Vector: v2.vector }),
        },
      ]),
    ),
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)
const earliest = (times: readonly number[]) => (times.length === 0 ? undefined : Math.min(...times))
const latest = (times: readonly number[]) => (times.length === 0 ? undefined : Math.max(...times))

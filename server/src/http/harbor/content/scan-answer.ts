import { z } from 'zod'
import type { Digest } from '#contract/digest.ts'
import { severityRank, type Severity } from '../../../domain/scanning/advisories.ts'
import { isTooOld } from '../../../domain/scanning/data/data-age.ts'
import type { ScanSummary } from '../../../domain/scanning/scan-summary.ts'
import type { ScannerIdentity } from '../../../clients/scanner/scanner-adapter.ts'
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
  attached_sbom: z
    .string()
    .optional()
    .describe(
      'Beyond Harbor: digest of the attached SBOM that the findings are of; absent when they are of the layers.',
    ),
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
  const [sbom] = reports.flatMap((report) => report.sbom ?? [])
  const data = Math.min(...reports.flatMap(({ generation }) => generation ?? []))
  return {
    severity: worst === undefined ? 'None' : severityWord(worst),
    summary: overviewSummary(reports.map(({ summary }) => summary)),
    scanner: scannerIn(reports.map(({ summary: { scanner } }) => scanner)),
    exploited: sum(reports.map(({ summary: each }) => each.exploited)),
    ...(gaps.length === 0 ? {} : { gaps }),
    ...(sbom === undefined ? {} : { attached_sbom: sbom }),
    ...(Number.isFinite(data) ? { data } : {}),
    ...(times.includes(undefined) ? {} : { data_time: timeOf(Math.min(...times.flatMap((time) => time ?? []))) }),
    reported_at: timeOf(Math.min(...reports.map(({ reportedAt }) => reportedAt))),
  }
}

/** Of several the one of the first report; one that names none was made by the engine of this program. */
export const scannerIn = ([first]: readonly (ScannerIdentity | undefined)[]): ScannerIdentity => first ?? builtInScanner

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

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)
const earliest = (times: readonly number[]) => (times.length === 0 ? undefined : Math.min(...times))
const latest = (times: readonly number[]) => (times.length === 0 ? undefined : Math.max(...times))

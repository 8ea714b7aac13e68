import { z } from 'zod'
import { parseForeignJson, budgets } from '#contract/budget.ts'
import { severities, type CvssScore, type FixStatus, type Severity, type VulnerabilityDetail } from '../advisories.ts'
import { formatPurl } from '../detection/purl.ts'
import type { Finding, ScanFindings } from '../finding.ts'
import type { ScannerIdentity } from '../../../clients/scanner/scanner-adapter.ts'

/** More than any image has; a report with more is refused, since one that is cut would look whole. */
export const maxAdapterFindings = 100_000
const maxDescriptionLength = 16_384
const maxLinks = 100
const maxWordLength = 1_024

const word = z.string().max(maxWordLength)
const optionalWord = word.nullish()
const score = z.number().min(0).max(10).nullish()

const cvssSchema = z.object({
  score_v3: score,
  score_v2: score,
  vector_v3: optionalWord,
  vector_v2: optionalWord,
})

const vendorCvssSchema = z.object({ V3Score: score, V2Score: score, V3Vector: optionalWord, V2Vector: optionalWord })

const vulnerabilitySchema = z.object({
  id: word.min(1),
  package: word.min(1),
  version: optionalWord,
  fix_version: optionalWord,
  severity: z.string().nullish(),
  status: z.string().nullish(),
  description: z.string().nullish(),
  links: z.array(z.string()).nullish(),
  layer: z.object({ diff_id: z.string().nullish() }).nullish(),
  preferred_cvss: cvssSchema.nullish(),
  cwe_ids: z.array(word).max(1_000).nullish(),
  vendor_attributes: z.record(z.string(), z.unknown()).nullish(),
})
type Vulnerability = z.output<typeof vulnerabilitySchema>

const reportSchema = z.object({
  artifact: z.object({ digest: z.string().nullish() }).nullish(),
  scanner: z.object({ name: word, vendor: word.nullish(), version: word.nullish() }).nullish(),
  vulnerabilities: z.array(z.unknown()).nullish(),
})

/**
 * The vulnerabilities that an adapter reports, in the forms of both versions of its report. What it says is kept as it is, up to limits
 * that no honest scanner meets.
 * @throws ContractError TEXT_INVALID beyond the budget; Error with a sentence about anything else that cannot be
 */
export function readAdapterReport(
  text: string | Uint8Array,
  expected: { readonly digest: string; readonly scanner: ScannerIdentity },
): ScanFindings {
  const report = parsed(reportSchema, parseForeignJson(text, budgets.scannerReport), 'the report')
  const digest = report.artifact?.digest ?? ''
  if (digest !== '' && digest !== expected.digest)
    throw new Error(`the report is about ${digest.slice(0, 100)}, not about ${expected.digest}`)
  const items = report.vulnerabilities ?? []
  if (items.length > maxAdapterFindings)
    throw new Error(`the report has ${items.length} vulnerabilities, more than ${maxAdapterFindings}`)
  const scanner = {
    name: report.scanner?.name ?? expected.scanner.name,
    vendor: report.scanner?.vendor ?? expected.scanner.vendor,
    version: report.scanner?.version ?? expected.scanner.version,
  }
  const findings = items.map((item, at) =>
    findingOf(parsed(vulnerabilitySchema, item, `vulnerability ${at + 1} of the report`), scanner.name),
  )
  return { findings, gaps: [], scanner }
}

function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown, subject: string): z.output<Schema> {
  const { success, data, error } = schema.safeParse(value)
  if (success) return data
  const [issue] = error.issues
  throw new Error(`${subject} is invalid: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.slice(0, 300))
}

function findingOf(said: Vulnerability, scanner: string): Finding {
  const { id, package: name, version, fix_version: fixVersion, layer } = said
  const severity = severityOf(said.severity)
  const layerId = layer?.diff_id ?? ''
  return {
    id,
    aliases: [],
    package: {
      kind: 'generic',
      name,
      version: version ?? '',
      licences: [],
      path: '',
      ...(/^sha256:[0-9a-f]{64}$/.test(layerId) ? { layer: layerId } : {}),
      purl: formatPurl({ type: 'generic', name, version: version ?? '' }),
    },
    fixVersion: fixVersion ?? '',
    status: statusOf(said),
    severity,
    severitySource: scanner,
    detail: detailOf(said, severity, scanner),
  }
}

function detailOf(said: Vulnerability, severity: Severity, scanner: string): VulnerabilityDetail {
  return {
    id: said.id,
    aliases: [],
    title: '',
    description: cut(said.description ?? '', maxDescriptionLength),
    severity,
    vendorSeverity: {},
    cvss: cvssOf(said, scanner),
    cweIds: (said.cwe_ids ?? []).filter((cwe) => cwe !== ''),
    references: (said.links ?? []).filter(isLink).slice(0, maxLinks),
  }
}

/** Harbor's words, whatever their case. A word that is not known here says nothing of how severe it is. */
function severityOf(said: string | null | undefined): Severity {
  const lower = (said ?? '').toLowerCase()
  if (lower === 'none') return 'Negligible'
  return severities.find((severity) => severity.toLowerCase() === lower) ?? 'Unknown'
}

const statuses: ReadonlySet<string> = new Set<FixStatus>([
  ...(['fixed', 'affected', 'not_affected', 'under_investigation'] as const),
  ...(['will_not_fix', 'fix_deferred', 'end_of_life', 'unknown'] as const),
])

function statusOf({ status, fix_version: fixVersion }: Vulnerability): FixStatus {
  if (statuses.has(status ?? '')) return status as FixStatus
  return (fixVersion ?? '') === '' ? 'unknown' : 'fixed'
}

function cvssOf(said: Vulnerability, scanner: string): VulnerabilityDetail['cvss'] {
  const scores: Record<string, { v2?: CvssScore; v3?: CvssScore }> = {}
  const vendors = z.record(z.string().max(100), vendorCvssSchema).safeParse(said.vendor_attributes?.['CVSS'])
  for (const [vendor, { V3Score, V3Vector, V2Score, V2Vector }] of Object.entries(vendors.data ?? {}).slice(0, 50))
    scores[vendor] = scoresOf(V3Score, V3Vector, V2Score, V2Vector)
  const { score_v3: v3, vector_v3: vector3, score_v2: v2, vector_v2: vector2 } = said.preferred_cvss ?? {}
  const preferred = scoresOf(v3, vector3, v2, vector2)
  if (preferred.v2 !== undefined || preferred.v3 !== undefined) scores[scanner] = preferred
  return scores
}

type Maybe<Value> = Value | null | undefined

/** Harbor's adapters write 0 for a score that nobody has given. */
const isNothing = (score: Maybe<number>): score is 0 | null | undefined => (score ?? 0) === 0

const scoresOf = (v3: Maybe<number>, vector3: Maybe<string>, v2: Maybe<number>, vector2: Maybe<string>) => ({
  ...(isNothing(v3) ? {} : { v3: { score: v3, vector: vector3 ?? '' } }),
  ...(isNothing(v2) ? {} : { v2: { score: v2, vector: vector2 ?? '' } }),
})

/** A page of the web: nothing that a browser would run. */
const isLink = (link: string): boolean => link.length <= 2_048 && /^https?:\/\//i.test(link) && URL.canParse(link)

const cut = (text: string, maxLength: number): string =>
  text.length <= maxLength ? text : `${text.slice(0, maxLength).toWellFormed()}…`

import { z } from 'zod'
import type { Digest } from '#contract/digest.ts'
import { severities } from '../../../domain/scanning/advisories.ts'
import { vendorAttributesOf } from '../../../domain/scanning/vendor-attributes.ts'
import type { Finding, ScanFindings } from '../../../domain/scanning/finding.ts'
import type { ChangedFinding, ScanChanges } from '../../../domain/scanning/scan-changes.ts'
import { findingKey, worstIn } from '../../../domain/scanning/scan-summary.ts'
import { timeAnswer, timeOf } from '../frame/answers.ts'
import { scannerAnswer, scannerIn, severityWord, sum } from './scan-answer.ts'

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
  suppressed: z
    .object({
      by: z.string(),
      status: z.string(),
      reason: z.string(),
      source: z.enum(['project', 'registry', 'referrer']).optional().describe('Where the statement comes from.'),
    })
    .optional(),
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
  attached_sbom: z
    .string()
    .optional()
    .describe(
      'Beyond Harbor: digest of the attached SBOM that the findings are of; absent when they are of the layers.',
    ),
})

export interface LeafReport {
  readonly digest: Digest
  readonly reportedAt: number
  readonly findings: ScanFindings
  readonly changes?: ScanChanges | undefined
  readonly sbom?: Digest | undefined
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
  const sbom = reports.find((report) => report.sbom !== undefined)?.sbom
  const os = reports.find(({ findings }) => findings.os !== undefined)?.findings.os
  return {
    generated_at: timeOf(Math.max(...reports.map(({ reportedAt }) => reportedAt))),
    scanner: scannerIn(reports.map(({ findings: { scanner } }) => scanner)),
    severity: worst === undefined ? 'None' : severityWord(worst),
    vulnerabilities: [...items.values()],
    ...(gaps.length === 0 ? {} : { gaps }),
    ...changesField(reports),
    ...(sbom === undefined ? {} : { attached_sbom: sbom }),
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

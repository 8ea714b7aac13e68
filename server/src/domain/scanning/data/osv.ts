import { z } from 'zod'
import {
  severities,
  type Advisory,
  type AffectedRange,
  type CvssScore,
  type Severity,
  type VulnerabilityDetail,
} from '../advisories.ts'
import type { AdvisoryFileWriter } from './advisory-file.ts'
import { bucketOfOsv, packageKey } from './buckets.ts'
import { cvssOf } from './cvss.ts'
import type { ImportReport } from './import-report.ts'
import { severityOf, severityOfScore } from './merge-details.ts'
import { parseConstraint } from './constraints.ts'

const event = z.object({
  introduced: z.string().optional(),
  fixed: z.string().optional(),
  last_affected: z.string().optional(),
})

const scored = z.object({ type: z.string(), score: z.string() })

const affectedSchema = z.object({
  package: z.object({ ecosystem: z.string(), name: z.string() }).optional(),
  ranges: z.array(z.object({ type: z.string(), events: z.array(event).catch([]) })).optional(),
  versions: z.array(z.string()).optional(),
  severity: z.array(scored).catch([]).optional(),
  /** Of the Node.js working group's advisories, which are older than OSV. */
  vulnerable_versions: z.string().optional(),
  patched_versions: z.string().nullish(),
  ecosystem_specific: z
    .object({ severity: z.string().optional(), urgency: z.string().optional() })
    .catch({})
    .optional(),
  database_specific: z.object({ severity: z.string().optional() }).catch({}).optional(),
})

export const osvSchema = z.object({
  id: z.string().min(1),
  modified: z.string().optional(),
  published: z.string().optional(),
  withdrawn: z.string().nullish(),
  aliases: z.array(z.string()).nullish(),
  upstream: z.array(z.string()).nullish(),
  summary: z.string().nullish(),
  details: z.string().nullish(),
  severity: z.array(scored).nullish(),
  affected: z.array(affectedSchema).nullish(),
  references: z.array(z.union([z.string(), z.object({ url: z.string() })])).nullish(),
  database_specific: z
    .object({ severity: z.string().optional(), cwe_ids: z.array(z.string()).optional() })
    .nullish()
    .catch(null),
})

export type OsvEntry = z.infer<typeof osvSchema>
type Affected = z.infer<typeof affectedSchema>

/**
 * One entry of the Open Source Vulnerability format (osv-schema 1.7). Each ecosystem is a source, so that one can be replaced without the
 * others. What was withdrawn is left out. `begin` is told of each source before its rows; returned is how many there were.
 */
export function importOsvEntry(
  entry: OsvEntry,
  writer: AdvisoryFileWriter,
  report: ImportReport,
  begin: (source: string) => void,
): number {
  if (entry.withdrawn !== undefined && entry.withdrawn !== null) return 0
  const ids = idsOf(entry)
  const sources = new Set<string>()
  for (const affected of entry.affected ?? []) {
    if (affected.package === undefined) continue
    const place = bucketOfOsv(affected.package.ecosystem)
    if (place === undefined) {
      report.passedOver(affected.package.ecosystem)
      continue
    }
    const ranges = rangesOf(affected, place.kind)
    if (ranges === undefined) {
      report.refused(`${entry.id} ${affected.package.name}`)
      continue
    }
    const severity = severityHere(affected)
    const source = sourceOf(affected)
    begin(source)
    writer.advisories(
      source,
      place.bucket,
      packageKey(place.kind, affected.package.name),
      ids.map((id) => ({
        id,
        ...ranges,
        source,
        ...(severity === 'Unknown' ? {} : { severity }),
        ...(id === entry.id ? {} : { vendorIds: [entry.id] }),
      })),
    )
    sources.add(source)
  }
  for (const source of sources) for (const id of ids) writer.detail(source, detailOf(id, entry, source))
  return sources.size
}

function sourceOf({ package: named, vulnerable_versions: old }: Affected): string {
  if (old !== undefined) return 'nodejs-security-wg'
  return `osv-${(named?.ecosystem ?? '')
    .split(':')[0]
    ?.toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')}`
}

/** CVEs where there are any: one finding for each, however many databases describe it. */
function idsOf(entry: OsvEntry): readonly string[] {
  const known = [entry.id, ...(entry.aliases ?? []), ...(entry.upstream ?? [])]
  const cves = [...new Set(known.filter((id) => id.startsWith('CVE-')))]
  return cves.length > 0 ? cves : [entry.id]
}

type Ranges = Pick<Advisory, 'affected' | 'versions' | 'unaffected' | 'fixedVersions'>

function rangesOf(affected: Affected, kind: Parameters<typeof parseConstraint>[1]): Ranges | undefined {
  if (affected.vulnerable_versions !== undefined)
    return rangesOfConstraints(affected, affected.vulnerable_versions, kind)
  const ranges = (affected.ranges ?? [])
    .filter(({ type }) => type !== 'GIT')
    .flatMap(({ events }) => rangesOfEvents(events))
  const versions = affected.versions ?? []
  // Neither ranges nor versions: all of them (osv-schema, "affected").
  const isAll = ranges.length === 0 && versions.length === 0
  return {
    affected: isAll ? [{}] : ranges,
    ...(versions.length === 0 ? {} : { versions }),
    fixedVersions: [...new Set(ranges.flatMap(({ fixed }) => (fixed === undefined ? [] : [fixed])))],
  }
}

function rangesOfEvents(events: readonly z.infer<typeof event>[]): readonly AffectedRange[] {
  const ranges: AffectedRange[] = []
  let introduced: string | undefined
  for (const each of events) {
    if (each.introduced !== undefined) {
      if (introduced !== undefined) ranges.push({ introduced })
      ;({ introduced } = each)
      continue
    }
    const from = introduced === undefined ? {} : { introduced }
    if (each.fixed !== undefined) ranges.push({ ...from, fixed: each.fixed })
    else if (each.last_affected !== undefined) ranges.push({ ...from, lastAffected: each.last_affected })
    else continue
    introduced = undefined
  }
  if (introduced !== undefined) ranges.push({ introduced })
  return ranges
}

function rangesOfConstraints(
  affected: Affected,
  vulnerable: string,
  kind: Parameters<typeof parseConstraint>[1],
): Ranges | undefined {
  const patchedText = affected.patched_versions ?? ''
  const ranges = parseConstraint(vulnerable, kind)
  const patched = patchedText === '' || patchedText.startsWith('<') ? [] : parseConstraint(patchedText, kind)
  if (ranges === undefined || patched === undefined) return undefined
  return {
    affected: ranges,
    ...(patched.length === 0 ? {} : { unaffected: patched }),
    fixedVersions: patched.flatMap(({ introduced, after }) => introduced ?? after ?? []),
  }
}

function severityHere(affected: Affected): Severity {
  const words = [
    affected.database_specific?.severity,
    affected.ecosystem_specific?.severity,
    affected.ecosystem_specific?.urgency,
  ]
  const told = words.map(severityOf).find((severity) => severity !== 'Unknown')
  return told ?? worstOf(scoresOf(affected.severity ?? []))
}

type Scores = VulnerabilityDetail['cvss'][string]

function scoresOf(written: readonly z.infer<typeof scored>[]): Scores {
  const scores: { v2?: CvssScore; v3?: CvssScore; v4?: CvssScore } = {}
  for (const { score } of written) {
    const read = cvssOf(score)
    if (read !== undefined) scores[read.version] ??= { vector: score, score: read.score }
  }
  return scores
}

function worstOf({ v2, v3, v4 }: Scores): Severity {
  const score = (v3 ?? v4 ?? v2)?.score
  return score === undefined ? 'Unknown' : severityOfScore(score)
}

function detailOf(id: string, entry: OsvEntry, source: string): VulnerabilityDetail {
  const scores = scoresOf(entry.severity ?? [])
  const told = severityOf(entry.database_specific?.severity)
  const severity = told === 'Unknown' ? worstOf(scores) : told
  const publisher = entry.id.startsWith('GHSA-') ? 'ghsa' : source
  const title = entry.summary ?? ''
  return {
    id,
    aliases: [...new Set([entry.id, ...(entry.aliases ?? [])])].filter((alias) => alias !== id),
    title: title.slice(0, 1000),
    description: (entry.details ?? '').slice(0, 20_000),
    severity,
    vendorSeverity: severities.indexOf(severity) === 0 ? {} : { [publisher]: severity },
    cvss: Object.keys(scores).length === 0 ? {} : { [publisher]: scores },
    cweIds: entry.database_specific?.cwe_ids ?? [],
    references: (entry.references ?? [])
      .map((reference) => (typeof reference === 'string' ? reference : reference.url))
      .filter((url) => url !== '')
      .slice(0, 100),
    ...(entry.published === undefined ? {} : { published: entry.published }),
    ...(entry.modified === undefined ? {} : { modified: entry.modified }),
  }
}

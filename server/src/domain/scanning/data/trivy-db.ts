import { parseForeignJson, type TextBudget } from '#contract/budget.ts'
import { ContractError } from '#contract/contract-error.ts'
import { z } from 'zod'
import { severities, type Advisory, type FixStatus, type Severity, type VulnerabilityDetail } from '../advisories.ts'
import type { PackageKind } from '../inventory.ts'
import type { AdvisoryFileWriter } from './advisory-file.ts'
import { BoltFile, type BoltBucket } from './bolt-file.ts'
import { bucketOfTrivy, packageKey, redHatBucket } from './buckets.ts'
import { parseConstraint } from './constraints.ts'
import type { ImportReport } from './import-report.ts'
import { severityOf } from './merge-details.ts'

const entryBudget: TextBudget = {
  subject: 'this entry of trivy-db',
  maxBytes: 4 * 1024 * 1024,
  maxDepth: 16,
  maxValues: 200_000,
}

const texts = z.array(z.string()).catch([])
const severityNumber = z.number().catch(0)

const entrySchema = z.object({
  FixedVersion: z.string().optional(),
  Affected: z.array(z.number()).optional(),
  Arches: z.array(z.string()).optional(),
  Status: z.number().optional(),
  VendorIDs: texts.optional(),
  Cves: z.array(z.object({ ID: z.string().optional(), Severity: severityNumber.optional() })).optional(),
})

const advisorySchema = z.object({
  FixedVersion: z.string().optional(),
  AffectedVersion: z.string().optional(),
  VulnerableVersions: z.array(z.string()).optional(),
  PatchedVersions: z.array(z.string()).optional(),
  UnaffectedVersions: z.array(z.string()).optional(),
  Status: z.number().optional(),
  Severity: severityNumber.optional(),
  VendorIDs: texts.optional(),
  Arches: z.array(z.string()).optional(),
  Entries: z.array(entrySchema).optional(),
})

type TrivyAdvisory = z.infer<typeof advisorySchema>
type TrivyEntry = z.infer<typeof entrySchema>

const score = z.object({
  V2Vector: z.string().optional(),
  V3Vector: z.string().optional(),
  V40Vector: z.string().optional(),
  V2Score: z.number().optional(),
  V3Score: z.number().optional(),
  V40Score: z.number().optional(),
})

const vulnerabilitySchema = z.object({
  Title: z.string().catch(''),
  Description: z.string().catch(''),
  Severity: z.string().optional(),
  CweIDs: texts,
  VendorSeverity: z.record(z.string(), severityNumber).catch({}),
  CVSS: z.record(z.string(), score).catch({}),
  References: texts,
  PublishedDate: z.string().optional(),
  LastModifiedDate: z.string().optional(),
})

/** Their numbers (trivy-db, `pkg/types`). */
const statuses: readonly FixStatus[] = [
  'unknown',
  'not_affected',
  'affected',
  'fixed',
  'under_investigation',
  'will_not_fix',
  'fix_deferred',
  'end_of_life',
]

/** Everything is one source: a trivy-db replaces the trivy-db before it. */
export const trivyDbSource = 'trivy-db'

/**
 * Copies a trivy-db of schema 2 into the file. Buckets about other things than packages are passed over and counted.
 * @throws BoltFileDamaged
 */
export function importTrivyDb(path: string, writer: AdvisoryFileWriter, report: ImportReport): void {
  using bolt = new BoltFile(path)
  const publishers = readPublishers(bolt.root)
  for (const entry of bolt.root.entries()) {
    if (!('bucket' in entry)) continue
    if (entry.key === 'vulnerability') importDetails(entry.bucket, writer, report)
    else if (entry.key === 'Red Hat CPE') importContentSets(entry.bucket, writer, report)
    else if (entry.key !== 'data-source') {
      const place = bucketOfTrivy(entry.key)
      if (place === undefined) report.passedOver(entry.key)
      else
        importPackages(entry.bucket, { ...place, publisher: publishers.get(entry.key) ?? 'trivy-db' }, writer, report)
    }
  }
}

function readPublishers(root: BoltBucket): ReadonlyMap<string, string> {
  const publishers = new Map<string, string>()
  for (const entry of root.entries()) {
    if (!('bucket' in entry) || entry.key !== 'data-source') continue
    for (const source of entry.bucket.entries()) {
      if ('bucket' in source) continue
      const parsed = z.object({ ID: z.string() }).safeParse(parseForeignJson(source.value, entryBudget))
      if (parsed.success) publishers.set(source.key, parsed.data.ID)
    }
  }
  return publishers
}

interface Place {
  readonly bucket: string
  readonly kind: PackageKind
  readonly publisher: string
}

function importPackages(packages: BoltBucket, place: Place, writer: AdvisoryFileWriter, report: ImportReport): void {
  for (const entry of packages.entries()) {
    if (!('bucket' in entry)) continue
    const advisories: Advisory[] = []
    for (const { key, ...rest } of entry.bucket.entries()) {
      if (!('value' in rest)) continue
      const read = readEntry(rest.value, advisorySchema)
      const made = read === undefined ? undefined : advisoriesOf(key, read, place)
      if (made === undefined) report.refused(`${place.bucket} ${entry.key} ${key}`)
      else advisories.push(...made)
    }
    writer.advisories(trivyDbSource, place.bucket, packageKey(place.kind, entry.key), advisories)
  }
}

function readEntry<Schema extends z.ZodType>(bytes: Buffer, schema: Schema): z.infer<Schema> | undefined {
  try {
    const parsed = schema.safeParse(parseForeignJson(bytes, entryBudget))
    return parsed.success ? parsed.data : undefined
  } catch (error) {
    if (error instanceof ContractError) return undefined
    throw error
  }
}

/** Undefined when its ranges cannot be read. */
function advisoriesOf(id: string, advisory: TrivyAdvisory, place: Place): readonly Advisory[] | undefined {
  if (place.kind !== 'apk' && place.kind !== 'deb' && place.kind !== 'rpm') {
    const one = languageAdvisory(id, advisory, place)
    return one === undefined ? undefined : [one]
  }
  const entries = advisory.Entries ?? []
  if (entries.length > 0) return entries.flatMap((entry) => entryAdvisories(id, entry, advisory, place))
  const { FixedVersion: fixed = '', AffectedVersion: from } = advisory
  return [
    {
      id,
      affected: [
        { ...(from === undefined || from === '' ? {} : { introduced: from }), ...(fixed === '' ? {} : { fixed }) },
      ],
      fixedVersions: fixed === '' ? [] : [fixed],
      source: place.publisher,
      ...common(advisory),
    },
  ]
}

function entryAdvisories(id: string, entry: TrivyEntry, whole: TrivyAdvisory, place: Place): readonly Advisory[] {
  const fixed = entry.FixedVersion ?? ''
  const cves = (entry.Cves ?? []).filter((cve) => cve.ID !== undefined && cve.ID !== '')
  // Red Hat's entries lie under the id of the erratum, and name the vulnerabilities.
  const about = cves.length > 0 ? cves : [{ ID: id, Severity: entry.Cves?.[0]?.Severity }]
  return about.map((cve) => ({
    id: cve.ID ?? id,
    affected: [fixed === '' ? {} : { fixed }],
    fixedVersions: fixed === '' ? [] : [fixed],
    source: place.publisher,
    ...common({
      Status: entry.Status ?? whole.Status,
      Severity: cve.Severity ?? whole.Severity,
      VendorIDs: [...(entry.VendorIDs ?? whole.VendorIDs ?? []), ...(cves.length > 0 ? [id] : [])],
      Arches: entry.Arches ?? whole.Arches,
    }),
    ...(entry.Affected === undefined || place.bucket !== redHatBucket ? {} : { contentSets: entry.Affected }),
  }))
}

function common(advisory: TrivyAdvisory): Pick<Advisory, 'status' | 'severity' | 'vendorIds' | 'architectures'> {
  const status = statuses[advisory.Status ?? 0]
  const severity = severityOfNumber(advisory.Severity ?? 0)
  const vendorIds = advisory.VendorIDs ?? []
  const architectures = advisory.Arches ?? []
  return {
    ...(status === undefined || status === 'unknown' ? {} : { status }),
    ...(severity === 'Unknown' ? {} : { severity }),
    ...(vendorIds.length === 0 ? {} : { vendorIds }),
    ...(architectures.length === 0 ? {} : { architectures }),
  }
}

function languageAdvisory(id: string, advisory: TrivyAdvisory, place: Place): Advisory | undefined {
  const vulnerable = advisory.VulnerableVersions ?? []
  const patched = advisory.PatchedVersions ?? []
  const read = (list: readonly string[]) => {
    const ranges = list.map((written) => parseConstraint(written, place.kind))
    return ranges.includes(undefined) ? undefined : ranges.flatMap((range) => range ?? [])
  }
  const affected = vulnerable.length === 0 ? [{}] : read(vulnerable)
  const unaffected = read([...patched, ...(advisory.UnaffectedVersions ?? [])])
  if (affected === undefined || unaffected === undefined) return undefined
  return {
    id,
    affected,
    ...(unaffected.length === 0 ? {} : { unaffected }),
    fixedVersions: patched.length > 0 ? patched : affected.flatMap(({ fixed }) => (fixed === undefined ? [] : [fixed])),
    source: place.publisher,
    ...common(advisory),
  }
}

function severityOfNumber(number: number): Severity {
  const words: readonly Severity[] = severities.filter((severity) => severity !== 'Negligible')
  return words[number] ?? 'Unknown'
}

function importDetails(details: BoltBucket, writer: AdvisoryFileWriter, report: ImportReport): void {
  for (const entry of details.entries()) {
    if ('bucket' in entry) continue
    const read = readEntry(entry.value, vulnerabilitySchema)
    if (read === undefined) report.refused(`vulnerability ${entry.key}`)
    else writer.detail(trivyDbSource, detailOf(entry.key, read))
  }
}

function detailOf(id: string, read: z.infer<typeof vulnerabilitySchema>): VulnerabilityDetail {
  const vendors = Object.entries(read.VendorSeverity).map(([vendor, number]) => [vendor, severityOfNumber(number)])
  const { PublishedDate: published, LastModifiedDate: modified } = read
  return {
    id,
    aliases: [],
    title: read.Title,
    description: read.Description,
    severity: severityOf(read.Severity),
    vendorSeverity: Object.fromEntries(vendors) as Record<string, Severity>,
    cvss: Object.fromEntries(Object.entries(read.CVSS).map(([vendor, scores]) => [vendor, scoresOf(scores)])),
    cweIds: read.CweIDs,
    references: read.References,
    ...(published === undefined ? {} : { published }),
    ...(modified === undefined ? {} : { modified }),
  }
}

function scoresOf(scores: z.infer<typeof score>): VulnerabilityDetail['cvss'][string] {
  const pair = (vector: string | undefined, value: number | undefined) =>
    vector === undefined || vector === '' ? undefined : { vector, score: value ?? 0 }
  const v2 = pair(scores.V2Vector, scores.V2Score)
  const v3 = pair(scores.V3Vector, scores.V3Score)
  const v4 = pair(scores.V40Vector, scores.V40Score)
  return { ...(v2 && { v2 }), ...(v3 && { v3 }), ...(v4 && { v4 }) }
}

/** `repository` and `nvr` say which numbers a content set and a build stand for; `cpe` is the way back and not needed. */
function importContentSets(sets: BoltBucket, writer: AdvisoryFileWriter, report: ImportReport): void {
  for (const kind of sets.entries()) {
    if (!('bucket' in kind) || kind.key === 'cpe') continue
    for (const entry of kind.bucket.entries()) {
      if ('bucket' in entry) continue
      const indices = readEntry(entry.value, z.array(z.number()))
      if (indices === undefined) report.refused(`Red Hat CPE ${entry.key}`)
      else writer.contentSet(trivyDbSource, entry.key, indices)
    }
  }
}

import type { Digest } from '#contract/digest.ts'
import type { Reader, Writer } from '../../../database/database.ts'
import { severities, severityRank, type Severity } from '../advisories.ts'
import type { Finding, ScanFindings, Suppression } from '../finding.ts'
import { packJson, unpackJson } from '../packed-json.ts'
import { findingKey, summaryOf, worstOf, type ScanSummary } from '../scan-summary.ts'

/** A report as one repository sees it: what statements rule out there is not counted. */
export interface ScanView {
  readonly repositoryId: number
  readonly digest: Digest
  readonly scannerId: string
  /** Of the report that it speaks of. */
  readonly reportedAt: number
  readonly severity: Severity | undefined
  readonly summary: ScanSummary
  /** Of the attached bill of materials that they are of. */
  readonly sbom: Digest | undefined
}

export interface ViewKey {
  readonly repositoryId: number
  readonly digest: string
  readonly scannerId: string
}

type RuledOut = Readonly<Record<string, Suppression>>

/** What was found in the bill of materials that somebody attached to the image in one repository. */
export interface AttachedReport {
  /** Digest of the artifact that has it. */
  readonly sbom: Digest
  readonly findings: ScanFindings
}

/** What statements say of a report, and of what is found in an attached bill of materials. */
export interface JudgedByStatements {
  readonly report: ScanFindings
  readonly attached: AttachedReport | undefined
  /** Marks the findings that statements rule out. */
  readonly apply: (findings: readonly Finding[]) => readonly Finding[]
}

/** Keeps what a repository sees otherwise than the report has it, before any transaction. Undefined where that is nothing. */
export async function packView({ report, attached, apply }: JudgedByStatements) {
  const before = [...report.findings, ...(attached?.findings.findings ?? [])]
  const ruledOut = ruledOutOf(before, apply(before))
  if (attached === undefined && Object.keys(ruledOut).length === 0) return undefined
  const shown = attached?.findings ?? report
  const summary = summaryOf({ ...shown, findings: withRuledOut(shown.findings, ruledOut) })
  const worst = worstOf(summary)
  return {
    severity: worst === undefined ? null : severityRank(worst),
    summary: JSON.stringify(summary),
    body: await packJson(ruledOut),
    sbom: attached?.sbom ?? null,
    findings: attached === undefined ? null : await packJson(attached.findings),
  }
}

/** Of one name and version there may be packages of two kinds: a statement about one of them rules nothing out of the other. */
function ruledOutOf(before: readonly Finding[], after: readonly Finding[]): RuledOut {
  const counted = new Set(after.flatMap((each) => (each.suppressed === undefined ? [findingKey(each)] : [])))
  return Object.fromEntries(
    after.flatMap((finding, at) =>
      finding.suppressed === undefined || before[at]?.suppressed !== undefined || counted.has(findingKey(finding))
        ? []
        : [[findingKey(finding), finding.suppressed] as const],
    ),
  )
}

/** Puts it in place of what was kept for this report in this repository; undefined: nothing is. */
export async function writeView(
  tx: Writer,
  key: ViewKey,
  reportedAt: number,
  view: Awaited<ReturnType<typeof packView>>,
  referrers: readonly string[],
): Promise<void> {
  const { repositoryId, digest, scannerId } = key
  if (view === undefined) {
    await tx
      .deleteFrom('scan_view')
      .where('repository_id', '=', repositoryId)
      .where('digest', '=', digest)
      .where('scanner_id', '=', scannerId)
      .execute()
    return
  }
  const row = { ...view, reported_at: reportedAt, referrers: JSON.stringify(referrers) }
  await tx
    .insertInto('scan_view')
    .values({ repository_id: repositoryId, digest, scanner_id: scannerId, ...row })
    .onConflict((conflict) => conflict.columns(['repository_id', 'digest', 'scanner_id']).doUpdateSet(row))
    .execute()
}

/** Views of these images in these repositories. One that speaks of another report than the last good one is passed over by its reader. */
export async function listViews(
  reader: Reader,
  repositoryIds: readonly number[],
  digests: readonly string[],
): Promise<readonly ScanView[]> {
  if (repositoryIds.length === 0 || digests.length === 0) return []
  const rows = await reader
    .selectFrom('scan_view')
    .select(['repository_id', 'digest', 'scanner_id', 'reported_at', 'severity', 'summary', 'sbom'])
    .where('repository_id', 'in', repositoryIds)
    .where('digest', 'in', digests)
    .execute()
  return rows.map((row) => ({
    repositoryId: row.repository_id,
    digest: row.digest as Digest,
    scannerId: row.scanner_id,
    reportedAt: row.reported_at,
    severity: row.severity === null ? undefined : severities[row.severity],
    summary: JSON.parse(row.summary) as ScanSummary,
    sbom: (row.sbom ?? undefined) as Digest | undefined,
  }))
}

/** A report as a repository sees it. */
export interface SeenReport {
  readonly findings: ScanFindings
  /** Digest of the attached bill of materials that the findings are those of; undefined: they are of the layers. */
  readonly sbom: Digest | undefined
}

/** A view of another report than this one is passed over. */
export async function readSeen(
  reader: Reader,
  key: ViewKey,
  report: { readonly reportedAt: number; readonly findings: ScanFindings },
): Promise<SeenReport> {
  const row = await reader
    .selectFrom('scan_view')
    .select(['body', 'sbom', 'findings'])
    .where('repository_id', '=', key.repositoryId)
    .where('digest', '=', key.digest)
    .where('scanner_id', '=', key.scannerId)
    .where('reported_at', '=', report.reportedAt)
    .executeTakeFirst()
  if (row === undefined) return { findings: report.findings, sbom: undefined }
  const shown = row.findings === null ? report.findings : await unpackJson<ScanFindings>(row.findings)
  const ruledOut = await unpackJson<RuledOut>(row.body)
  return {
    findings: { ...shown, findings: withRuledOut(shown.findings, ruledOut) },
    sbom: (row.sbom ?? undefined) as Digest | undefined,
  }
}

/** What a policy asks a view for. */
export interface PolicyView {
  /** Keys of findings that given documents rule out. */
  readonly ruledOut: ReadonlySet<string>
  /** What is found in the attached bill of materials. */
  readonly attached: readonly Finding[]
}

/**
 * A report in the repository of an artifact, as policies believe it: VEX documents that were given to the project or the registry rule out, and
 * a bill of materials adds. What somebody who may push attached lets nothing pass.
 */
export async function readPolicyView(
  reader: Reader,
  artifactId: number,
  { digest, scannerId, reportedAt }: Omit<ViewKey, 'repositoryId'> & { readonly reportedAt: number },
): Promise<PolicyView> {
  const row = await reader
    .selectFrom('artifact')
    .innerJoin('scan_view', 'scan_view.repository_id', 'artifact.repository_id')
    .select(['scan_view.body', 'scan_view.findings'])
    .where('artifact.id', '=', artifactId)
    .where('scan_view.digest', '=', digest)
    .where('scan_view.scanner_id', '=', scannerId)
    .where('scan_view.reported_at', '=', reportedAt)
    .executeTakeFirst()
  if (row === undefined) return { ruledOut: new Set(), attached: [] }
  const ruledOut = Object.entries(await unpackJson<RuledOut>(row.body))
  return {
    ruledOut: new Set(ruledOut.flatMap(([key, { source }]) => (source === 'referrer' ? [] : [key]))),
    attached: row.findings === null ? [] : (await unpackJson<ScanFindings>(row.findings)).findings,
  }
}

/** The findings as the repository sees them. */
const withRuledOut = (findings: readonly Finding[], ruledOut: RuledOut): readonly Finding[] =>
  findings.map((finding) => {
    const suppressed = Object.hasOwn(ruledOut, findingKey(finding)) ? ruledOut[findingKey(finding)] : undefined
    return suppressed === undefined || finding.suppressed !== undefined ? finding : { ...finding, suppressed }
  })

/** Forgets views of images that left a repository. */
export async function pruneViews(tx: Writer, digests: readonly string[]): Promise<void> {
  await tx
    .deleteFrom('scan_view')
    .where('digest', 'in', digests)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('artifact')
            .select('artifact.id')
            .whereRef('artifact.repository_id', '=', 'scan_view.repository_id')
            .whereRef('artifact.digest', '=', 'scan_view.digest'),
        ),
      ),
    )
    .execute()
}

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
}

export interface ViewKey {
  readonly repositoryId: number
  readonly digest: string
  readonly scannerId: string
}

type RuledOut = Readonly<Record<string, Suppression>>

/** Keeps what statements rule out of a report, before any transaction. Undefined where they rule out nothing. */
export async function packView(before: ScanFindings, after: readonly Finding[]) {
  // Of one name and version there may be packages of two kinds: a statement about one of them rules nothing out of the other.
  const counted = new Set(after.flatMap((each) => (each.suppressed === undefined ? [findingKey(each)] : [])))
  const ruledOut = Object.fromEntries(
    after.flatMap((finding, at) =>
      finding.suppressed === undefined ||
      before.findings[at]?.suppressed !== undefined ||
      counted.has(findingKey(finding))
        ? []
        : [[findingKey(finding), finding.suppressed] as const],
    ),
  )
  if (Object.keys(ruledOut).length === 0) return undefined
  const summary = summaryOf({ ...before, findings: after })
  const worst = worstOf(summary)
  return {
    severity: worst === undefined ? null : severityRank(worst),
    summary: JSON.stringify(summary),
    body: await packJson(ruledOut),
  }
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
    .select(['repository_id', 'digest', 'scanner_id', 'reported_at', 'severity', 'summary'])
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
  }))
}

/** What statements rule out of a report in a repository, by finding; nothing for another report than the one they were read for. */
export async function readRuledOut(reader: Reader, key: ViewKey, reportedAt: number): Promise<RuledOut> {
  const row = await reader
    .selectFrom('scan_view')
    .select('body')
    .where('repository_id', '=', key.repositoryId)
    .where('digest', '=', key.digest)
    .where('scanner_id', '=', key.scannerId)
    .where('reported_at', '=', reportedAt)
    .executeTakeFirst()
  return row === undefined ? {} : await unpackJson<RuledOut>(row.body)
}

/**
 * Findings of a report that VEX documents rule out in the repository of an artifact, as policies believe it: by documents that were given to
 * the project or the registry. What somebody who may push attached is shown, and lets nothing pass.
 */
export async function listRuledOutByGiven(
  reader: Reader,
  artifactId: number,
  { digest, scannerId, reportedAt }: Omit<ViewKey, 'repositoryId'> & { readonly reportedAt: number },
): Promise<ReadonlySet<string>> {
  const row = await reader
    .selectFrom('artifact')
    .innerJoin('scan_view', 'scan_view.repository_id', 'artifact.repository_id')
    .select('scan_view.body')
    .where('artifact.id', '=', artifactId)
    .where('scan_view.digest', '=', digest)
    .where('scan_view.scanner_id', '=', scannerId)
    .where('scan_view.reported_at', '=', reportedAt)
    .executeTakeFirst()
  const ruledOut = row === undefined ? {} : await unpackJson<RuledOut>(row.body)
  return new Set(Object.entries(ruledOut).flatMap(([key, { source }]) => (source === 'referrer' ? [] : [key])))
}

/** The findings as the repository sees them. */
export const withRuledOut = (findings: readonly Finding[], ruledOut: RuledOut): readonly Finding[] =>
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

import { sql } from 'kysely'
import { containing, type Listed } from '../../lists/listing.ts'
import type { ListServices } from '../../lists/totals.ts'
import { severities, severityRank, type Severity } from '../advisories.ts'

/** A vulnerability of the whole registry, once. */
export interface RegistryVulnerability {
  readonly id: string
  readonly severity: Severity
  /** CVSS v3; undefined when it is not known. */
  readonly score: number | undefined
  readonly isExploited: boolean
  /** EPSS; undefined when it is not known. */
  readonly probability: number | undefined
  /** How many images have it, and in how many of them a newer version of a package mends it. */
  readonly images: number
  readonly fixableImages: number
  /** How many artifacts with it were pulled of late. */
  readonly recentlyPulled: number
}

/** Artifacts that are looked at for each vulnerability: where there are more, the count is one of these. */
const mostLookedAt = 1_000

export interface VulnerabilityPage {
  /** A part of its id. */
  readonly text?: string | undefined
  readonly severity?: Severity | undefined
  readonly onlyExploited: boolean
  readonly onlyFixable: boolean
  readonly pulledSince: number
  readonly limit: number
  readonly offset: number
}

/** Known to be exploited first, then the worst, then what most images have. */
export async function pageRegistryVulnerabilities(
  { database, totals }: ListServices,
  scannerId: string,
  { text = '', severity, onlyExploited, onlyFixable, pulledSince, limit, offset }: VulnerabilityPage,
): Promise<Listed<RegistryVulnerability>> {
  const matched = database.read
    .selectFrom('vulnerability_total')
    .where('scanner_id', '=', scannerId)
    .$if(text !== '', (query) => query.where(containing('vulnerability', text)))
    .$if(severity !== undefined, (query) => query.where('severity', '=', severityRank(severity!)))
    .$if(onlyExploited, (query) => query.where('exploited', '=', 1))
    .$if(onlyFixable, (query) => query.where('fixable', '>', 0))
  const rows = await matched
    .select(['vulnerability', 'severity', 'score', 'exploited', 'probability', 'images', 'fixable'])
    .select(
      sql<number | string>`(select count(*) from artifact where artifact.pulled_at >= ${pulledSince}
        and artifact.digest in (select digest from (select digest from scan_finding
          where scan_finding.vulnerability = vulnerability_total.vulnerability
            and scan_finding.scanner_id = vulnerability_total.scanner_id
          limit ${sql.lit(mostLookedAt)}) as found))`.as('pulled'),
    )
    .orderBy('exploited', 'desc')
    .orderBy('severity', 'desc')
    .orderBy('score', (order) => order.desc().nullsLast())
    .orderBy('images', 'desc')
    .orderBy('vulnerability')
    .limit(limit)
    .offset(offset)
    .execute()
  return {
    total: await totals.totalOf(database.read, matched, { rows: rows.length, limit, offset }),
    rows: rows.map((row) => ({
      id: row.vulnerability,
      severity: severities[row.severity]!,
      score: row.score === null ? undefined : row.score / 10,
      isExploited: row.exploited === 1,
      probability: row.probability === null ? undefined : row.probability / 10_000,
      images: row.images,
      fixableImages: row.fixable,
      recentlyPulled: Number(row.pulled),
    })),
  }
}

import { sql } from 'kysely'
import type { Reader } from '../../../database/database.ts'
import { severities, type Severity } from '../advisories.ts'

export interface DangerousVulnerability {
  readonly id: string
  readonly severity: Severity
  readonly score: number
  readonly package: string
  readonly version: string
}

const dangerous = 5

/** Steps along the index from one vulnerability to the next, past however many artifacts have it. */
export async function listDangerous(reader: Reader, scannerId: string): Promise<readonly DangerousVulnerability[]> {
  const found = new Map<string, DangerousVulnerability>()
  let last: { readonly score: number; readonly severity: number; readonly vulnerability: string } | undefined
  for (let step = 0; step < 10 * dangerous && found.size < dangerous; step += 1) {
    const behind = last
    const row = await reader
      .selectFrom('scan_finding')
      .select(['vulnerability', 'severity', 'score', 'package', 'version'])
      .where('scanner_id', '=', scannerId)
      .where('score', 'is not', null)
      .$if(behind !== undefined, (query) =>
        query.where(
          sql<boolean>`(score, severity, vulnerability) < (${behind?.score}, ${behind?.severity}, ${behind?.vulnerability})`,
        ),
      )
      .orderBy('score', (order) => order.desc().nullsLast())
      .orderBy('severity', 'desc')
      .orderBy('vulnerability', 'desc')
      .limit(1)
      .executeTakeFirst()
    if (row === undefined) break
    const { vulnerability: id, package: name, version, severity } = row
    last = { score: row.score!, severity, vulnerability: id }
    if (!found.has(id))
      found.set(id, { id, severity: severities[severity]!, score: row.score! / 10, package: name, version })
  }
  return [...found.values()]
}

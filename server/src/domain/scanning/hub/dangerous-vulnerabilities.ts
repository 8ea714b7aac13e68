import type { Reader } from '../../../database/database.ts'
import { severities, type Severity } from '../advisories.ts'

/** A vulnerability, with a package that has it. */
export interface DangerousVulnerability {
  readonly id: string
  readonly severity: Severity
  readonly score: number
  readonly package: string
  readonly version: string
}

/** Those with the highest scores, each once, however many images have it. */
export async function listDangerousVulnerabilities(
  reader: Reader,
  scannerId: string,
  limit: number,
): Promise<readonly DangerousVulnerability[]> {
  const worst = await reader
    .selectFrom('vulnerability_total')
    .select(['vulnerability', 'severity', 'score'])
    .where('scanner_id', '=', scannerId)
    .where('score', 'is not', null)
    .orderBy('score', (order) => order.desc().nullsLast())
    .orderBy('severity', 'desc')
    .orderBy('vulnerability', 'desc')
    .limit(limit)
    .execute()
  const found: DangerousVulnerability[] = []
  for (const { vulnerability, severity, score } of worst) {
    const finding = await reader
      .selectFrom('scan_finding')
      .select(['package', 'version'])
      .where('vulnerability', '=', vulnerability)
      .where('scanner_id', '=', scannerId)
      .limit(1)
      .executeTakeFirst()
    const { package: name = '', version = '' } = finding ?? {}
    found.push({ id: vulnerability, severity: severities[severity]!, score: score! / 10, package: name, version })
  }
  return found
}

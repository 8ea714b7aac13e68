import { sql } from 'kysely'
import type { Writer } from '../../../database/database.ts'
import type { ScanSummary } from '../scan-summary.ts'
import { addToTotals, minus, noTotals, shareOf, type SecurityTotals } from './security-totals.ts'

/** Takes images out of the totals of every scanner that saw them, before their rows go. */
export async function uncountImages(tx: Writer, digests: readonly string[]): Promise<void> {
  const rows = await tx
    .selectFrom('scan')
    .select(['scanner_id', 'summary'])
    .where('digest', 'in', digests)
    .where('kind', '=', 'vulnerability')
    .orderBy('scanner_id')
    .execute()
  for (const [scannerId, scans] of Map.groupBy(rows, (row) => row.scanner_id)) {
    const gone = scans.reduce<SecurityTotals>(
      (left, row) => minus(left, shareOf(row.summary === null ? undefined : (JSON.parse(row.summary) as ScanSummary))),
      noTotals,
    )
    await addToTotals(tx, scannerId, gone)
    await uncountRows(tx, scannerId, digests)
  }
}

async function uncountRows(tx: Writer, scannerId: string, digests: readonly string[]): Promise<void> {
  const within = sql`scanner_id = ${scannerId} and digest in (${sql.join(digests)})`
  await sql`update vulnerability_total
    set images = vulnerability_total.images - gone.images, fixable = vulnerability_total.fixable - gone.fixable
    from (
      select vulnerability, count(distinct digest) as images,
        count(distinct case when fix_version <> '' then digest end) as fixable
      from scan_finding where ${within} group by vulnerability
    ) as gone
    where scanner_id = ${scannerId} and vulnerability_total.vulnerability = gone.vulnerability`.execute(tx)
  await sql`delete from vulnerability_total where scanner_id = ${scannerId} and images <= 0
    and vulnerability in (select vulnerability from scan_finding where ${within})`.execute(tx)
  await sql`update layer_total
    set images = layer_total.images - gone.images, fixable = layer_total.fixable - gone.fixable,
      exploited = layer_total.exploited - gone.exploited
    from (
      select layer, count(*) as images, sum(fixable) as fixable, sum(exploited) as exploited
      from scan_layer where ${within} group by layer
    ) as gone
    where scanner_id = ${scannerId} and layer_total.layer = gone.layer`.execute(tx)
  await sql`delete from layer_total where scanner_id = ${scannerId} and images <= 0
    and layer in (select layer from scan_layer where ${within})`.execute(tx)
}

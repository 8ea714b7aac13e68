import type { Reader, Writer } from '../../../database/database.ts'
import type { SecurityTotalTable } from '../../../database/schema/scanning.ts'
import type { ListServices } from '../../lists/totals.ts'
import { severities, type Severity } from '../advisories.ts'
import type { ScanSummary } from '../scan-summary.ts'

export type SecurityTotals = Readonly<Omit<SecurityTotalTable, 'scanner_id'>>

const columns = [
  ...(['images', 'reports', 'findings', 'fixable', 'exploited', 'critical', 'high', 'medium', 'low'] as const),
  ...(['negligible', 'unknown'] as const),
] as const satisfies readonly (keyof SecurityTotals)[]

const columnOf = (severity: Severity) => severity.toLowerCase() as Lowercase<Severity>

export const noTotals: SecurityTotals = Object.fromEntries(
  columns.map((column) => [column, 0]),
) as unknown as SecurityTotals

/** The share of one image. Undefined: it has no good report. */
export function shareOf(summary: ScanSummary | undefined): SecurityTotals {
  if (summary === undefined) return { ...noTotals, images: 1 }
  const bySeverity = Object.fromEntries(
    severities.map((severity) => [columnOf(severity), summary.bySeverity[severity] ?? 0]),
  ) as Record<Lowercase<Severity>, number>
  const { total: findings, fixable, exploited } = summary
  return { images: 1, reports: 1, findings, fixable, exploited, ...bySeverity }
}

export const minus = (one: SecurityTotals, other: SecurityTotals): SecurityTotals =>
  Object.fromEntries(columns.map((column) => [column, one[column] - other[column]])) as unknown as SecurityTotals

/**
 * Adds to the totals of a scanner. Whoever changes other totals of it does this first, in the same transaction: the lock on the
 * one row lets them change theirs one after the other.
 */
export async function addToTotals(tx: Writer, scannerId: string, share: Partial<SecurityTotals>): Promise<void> {
  const added = { ...noTotals, ...share }
  await tx
    .insertInto('security_total')
    .values({ scanner_id: scannerId, ...added })
    .onConflict((conflict) =>
      conflict
        .column('scanner_id')
        .doUpdateSet((eb) =>
          Object.fromEntries(columns.map((column) => [column, eb(`security_total.${column}`, '+', added[column])])),
        ),
    )
    .execute()
}

/** One row, however many images there are. */
export async function readTotals(reader: Reader, scannerId: string): Promise<SecurityTotals> {
  const row = await reader
    .selectFrom('security_total')
    .select(columns)
    .where('scanner_id', '=', scannerId)
    .executeTakeFirst()
  return row ?? noTotals
}

/** Artifacts of the registry, counted as every long list is: up to a hundred thousand. `atLeast`: those that are known of. */
export async function countAllArtifacts({ database, totals }: ListServices, atLeast: number): Promise<number> {
  const counted = await totals.totalOf(database.read, database.read.selectFrom('artifact'), noPage)
  return Math.max(counted, atLeast)
}

const noPage = { rows: 0, limit: 1, offset: 0 }

import { severities, type Severity } from './advisories.ts'
import type { FindingRow } from './hub/count-report.ts'

/** A vulnerability of a version of a package that came or went. */
export interface ChangedFinding {
  readonly id: string
  readonly package: string
  readonly version: string
  readonly severity: Severity
}

/** What the last report that differed from the one before brought and took away. The lists may be shorter than the counts. */
export interface ScanChanges {
  readonly at: number
  /** When the report before was made. */
  readonly since: number
  readonly added: number
  readonly gone: number
  readonly addedFindings: readonly ChangedFinding[]
  readonly goneFindings: readonly ChangedFinding[]
}

const mostListed = 500

/** Undefined when nothing came and nothing went. */
export function changesBetween(
  before: readonly FindingRow[],
  after: readonly FindingRow[],
  since: number,
  at: number,
): ScanChanges | undefined {
  const added = without(after, before)
  const gone = without(before, after)
  if (added.length === 0 && gone.length === 0) return undefined
  return {
    ...{ at, since, added: added.length, gone: gone.length },
    addedFindings: listed(added),
    goneFindings: listed(gone),
  }
}

const keyOf = ({ vulnerability, package: name, version }: FindingRow) => `${vulnerability}\n${name}\n${version}`

function without(rows: readonly FindingRow[], others: readonly FindingRow[]): readonly FindingRow[] {
  const known = new Set(others.map(keyOf))
  return rows.filter((row) => !known.has(keyOf(row)))
}

const listed = (rows: readonly FindingRow[]): readonly ChangedFinding[] =>
  rows
    .toSorted((one, other) => other.severity - one.severity || other.exploited - one.exploited)
    .slice(0, mostListed)
    .map(({ vulnerability: id, package: name, version, severity }) => ({
      ...{ id, package: name, version, severity: severities[severity]! },
    }))

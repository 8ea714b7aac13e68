import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AdvisorySource } from '../advisories.ts'
import { DomainError } from '../../errors.ts'
import type { Finding, ScanFindings } from '../finding.ts'
import type { Inventory } from '../inventory.ts'
import { findingsAbout, packagesIn, scanFindings, type MatchOptions } from './match-inventory.ts'

export const maxMatchedPackages = 500
/** A package of a kernel has some thousands. */
const maxFindings = 20_000
const packagesInTurn = 5

/**
 * As `matchInventory`, with a turn for other requests in between.
 * @throws DomainError BAD_REQUEST for packages with more findings than `most`: what an answer takes
 */
export async function matchInTurns(
  inventory: Inventory,
  source: AdvisorySource,
  options: MatchOptions,
  most = maxFindings,
): Promise<ScanFindings> {
  const findings: Finding[] = []
  for (const [at, found] of packagesIn(inventory, options).entries()) {
    if (at > 0 && at % packagesInTurn === 0) await nextTurn()
    findings.push(...findingsAbout(found, inventory, source))
    if (findings.length > most) {
      throw new DomainError('BAD_REQUEST', `these packages have more than ${most} findings; send fewer at once`)
    }
  }
  return scanFindings(findings, inventory, source, options)
}

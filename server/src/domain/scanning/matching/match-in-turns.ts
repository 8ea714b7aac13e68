import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AdvisorySource } from '../advisories.ts'
import { DomainError } from '../../errors.ts'
import type { Finding, ScanFindings } from '../finding.ts'
import type { Inventory } from '../inventory.ts'
import { matchInventory, type MatchOptions } from './match-inventory.ts'

export const maxMatchedPackages = 500
/** A package of a kernel has some thousands. */
const maxFindings = 20_000
const packagesInTurn = 5

/**
 * What is wrong with packages that somebody sent. Other requests have their turn in between, and the answer is bounded.
 * @throws DomainError BAD_REQUEST for packages with more findings than an answer takes
 */
export async function matchInTurns(
  inventory: Inventory,
  source: AdvisorySource,
  options: MatchOptions,
): Promise<ScanFindings> {
  const findings: Finding[] = []
  for (let at = 0; at < inventory.packages.length; at += packagesInTurn) {
    const packages = inventory.packages.slice(at, at + packagesInTurn)
    findings.push(...matchInventory({ ...inventory, packages }, source, options).findings)
    if (findings.length > maxFindings) {
      throw new DomainError('BAD_REQUEST', `these packages have more than ${maxFindings} findings; send fewer at once`)
    }
    await nextTurn()
  }
  return { findings, gaps: gapsOf(inventory, source, options), generation: source.generation.number }
}

/** They depend on kinds and counts, so that no advisory is looked up for them again. */
const gapsOf = (inventory: Inventory, source: AdvisorySource, options: MatchOptions): ScanFindings['gaps'] =>
  matchInventory(
    { ...inventory, packages: inventory.packages.map((found) => ({ ...found, development: true })) },
    source,
    options,
  ).gaps

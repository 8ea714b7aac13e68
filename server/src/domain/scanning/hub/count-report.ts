import { sql } from 'kysely'
import type { Writer } from '../../../database/database.ts'
import type { ScanFindingTable, ScanLayerTable } from '../../../database/schema/scanning.ts'
import { batches } from '../../lists/batches.ts'
import type { ScanSummary } from '../scan-summary.ts'
import { addToTotals, minus, shareOf } from './security-totals.ts'

export type FindingRow = Omit<ScanFindingTable, 'digest' | 'scanner_id'>
export type LayerRow = Omit<ScanLayerTable, 'digest' | 'scanner_id'>

/** What a report says, or the one before it said. */
export interface Counted {
  /** Undefined: there was no good report. */
  readonly summary: ScanSummary | undefined
  readonly findings: readonly FindingRow[]
  readonly layers: readonly LayerRow[]
}

const rowsAtOnce = 200

/** Takes the old report of an image out of the totals of its scanner, and puts the new one in. What is equal in both costs nothing. */
export async function countReport(tx: Writer, scannerId: string, before: Counted, after: Counted): Promise<void> {
  await addToTotals(tx, scannerId, minus(shareOf(after.summary), shareOf(before.summary)))
  await countVulnerabilities(tx, scannerId, before.findings, after.findings)
  await countLayers(tx, scannerId, before.layers, after.layers)
}

type Vulnerability = Pick<FindingRow, 'severity' | 'score' | 'exploited' | 'probability'> & { readonly fixable: number }

/** A vulnerability of several packages is one, as bad as the worst of them. */
function byVulnerability(rows: readonly FindingRow[]): ReadonlyMap<string, Vulnerability> {
  const found = new Map<string, Vulnerability>()
  for (const { vulnerability, fix_version: fix, severity, score, exploited, probability } of rows) {
    const known = found.get(vulnerability)
    found.set(vulnerability, {
      fixable: fix === '' ? (known?.fixable ?? 0) : 1,
      severity: Math.max(severity, known?.severity ?? 0),
      score: known === undefined || (score ?? -1) > (known.score ?? -1) ? score : known.score,
      exploited,
      probability,
    })
  }
  return found
}

async function countVulnerabilities(
  tx: Writer,
  scannerId: string,
  before: readonly FindingRow[],
  after: readonly FindingRow[],
): Promise<void> {
  const [old, now] = [byVulnerability(before), byVulnerability(after)]
  const rows = [...now].flatMap(([vulnerability, { fixable, ...facts }]) => {
    const known = old.get(vulnerability)
    if (known !== undefined && isSame(known, { fixable, ...facts })) return []
    const images = known === undefined ? 1 : 0
    return [{ scanner_id: scannerId, vulnerability, images, fixable: fixable - (known?.fixable ?? 0), ...facts }]
  })
  for (const some of batches(rows, rowsAtOnce)) {
    await tx
      .insertInto('vulnerability_total')
      .values(some)
      .onConflict((conflict) =>
        conflict.columns(['scanner_id', 'vulnerability']).doUpdateSet((eb) => ({
          images: sql`vulnerability_total.images + excluded.images`,
          fixable: sql`vulnerability_total.fixable + excluded.fixable`,
          severity: eb.ref('excluded.severity'),
          score: eb.ref('excluded.score'),
          exploited: eb.ref('excluded.exploited'),
          probability: eb.ref('excluded.probability'),
        })),
      )
      .execute()
  }
  const gone = [...old].filter(([vulnerability]) => !now.has(vulnerability))
  for (const fixable of [0, 1]) {
    const ids = gone.filter(([, each]) => each.fixable === fixable).map(([vulnerability]) => vulnerability)
    for (const some of batches(ids)) {
      await tx
        .updateTable('vulnerability_total')
        .set((eb) => ({ images: eb('images', '-', 1), fixable: eb('fixable', '-', fixable) }))
        .where('scanner_id', '=', scannerId)
        .where('vulnerability', 'in', some)
        .execute()
    }
  }
  await forgetNone(
    tx,
    'vulnerability_total',
    scannerId,
    gone.map(([vulnerability]) => vulnerability),
  )
}

const isSame = (one: Vulnerability, other: Vulnerability): boolean =>
  one.fixable === other.fixable &&
  one.severity === other.severity &&
  one.score === other.score &&
  one.exploited === other.exploited &&
  one.probability === other.probability

async function countLayers(
  tx: Writer,
  scannerId: string,
  before: readonly LayerRow[],
  after: readonly LayerRow[],
): Promise<void> {
  const old = new Map(before.map((row) => [row.layer, row]))
  const now = new Map(after.map((row) => [row.layer, row]))
  const rows = [...new Set([...old.keys(), ...now.keys()])].flatMap((layer) => {
    const [was, is] = [old.get(layer), now.get(layer)]
    const delta = {
      images: (is === undefined ? 0 : 1) - (was === undefined ? 0 : 1),
      fixable: (is?.fixable ?? 0) - (was?.fixable ?? 0),
      exploited: (is?.exploited ?? 0) - (was?.exploited ?? 0),
    }
    return Object.values(delta).every((each) => each === 0) ? [] : [{ scanner_id: scannerId, layer, ...delta }]
  })
  if (rows.length === 0) return
  for (const some of batches(rows, rowsAtOnce)) {
    await tx
      .insertInto('layer_total')
      .values(some)
      .onConflict((conflict) =>
        conflict.columns(['scanner_id', 'layer']).doUpdateSet({
          images: sql`layer_total.images + excluded.images`,
          fixable: sql`layer_total.fixable + excluded.fixable`,
          exploited: sql`layer_total.exploited + excluded.exploited`,
        }),
      )
      .execute()
  }
  await forgetNone(
    tx,
    'layer_total',
    scannerId,
    [...old.keys()].filter((layer) => !now.has(layer)),
  )
}

/** Totals of what no image has any more go. */
async function forgetNone(
  tx: Writer,
  table: 'vulnerability_total' | 'layer_total',
  scannerId: string,
  keys: readonly string[],
): Promise<void> {
  for (const some of batches(keys)) {
    await sql`delete from ${sql.table(table)} where scanner_id = ${scannerId} and images <= 0
      and ${sql.ref(table === 'layer_total' ? 'layer' : 'vulnerability')} in (${sql.join(some)})`.execute(tx)
  }
}

import type { Database } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import type { Events } from '../events/events.ts'
import { keyIdOf } from '../secrets/envelope.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { sealedColumns } from './sealed-columns.ts'
import { listSealedRows, partsOf, replaceValue, withParts, type SealedRow } from './sealed-rows.ts'
import type { SealedColumn } from '../secrets/sealed-column.ts'

export interface SealServices {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly secrets: Secrets
}

const rowsPerWrite = 100
const self: Actor = { kind: 'system', name: 'berth' }

/**
 * Seals what a version before this one stored as it was. A run that ended early is done again from the beginning: what is
 * sealed already costs a look. Returns how many secrets it sealed.
 */
export async function sealExisting({ database, events, secrets }: SealServices): Promise<number> {
  let sealed = 0
  for (const column of sealedColumns) {
    let after: string | undefined
    for (;;) {
      const rows = await listSealedRows(database.read, column, { after, limit: rowsPerWrite })
      const plain = rows.filter((row) => plainParts(column, row).length > 0)
      if (plain.length > 0)
        await database.write(async (tx) => {
          for (const row of plain) sealed += await sealRow(secrets, tx, column, row)
        })
      if (rows.length < rowsPerWrite) break
      after = rows.at(-1)!.key
    }
  }
  if (sealed > 0) await database.write((tx) => events.record(tx, self, { type: 'seal_secrets', secrets: sealed }))
  return sealed
}

const plainParts = (column: SealedColumn, row: SealedRow) =>
  partsOf(column, row).filter(({ stored }) => keyIdOf(stored) === undefined)

async function sealRow(
  secrets: Secrets,
  tx: Parameters<Secrets['seal']>[0],
  column: SealedColumn,
  row: SealedRow,
): Promise<number> {
  const changed = new Map<string, string>()
  for (const { name, place, stored } of plainParts(column, row))
    changed.set(name ?? '', await secrets.seal(tx, place, stored))
  await replaceValue(tx, column, row, withParts(column, row, changed))
  return changed.size
}

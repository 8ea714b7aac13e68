import type { Reader, Writer } from '../../database/database.ts'
import type { Clock } from '../clock.ts'
import { keyIdOf } from '../secrets/envelope.ts'
import { retireDataKey } from '../secrets/data-keys.ts'
import type { SealedColumn } from '../secrets/sealed-column.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { sealedColumns } from './sealed-columns.ts'
import { partsOf, replaceValue, walkSealedRows, withParts, type SealedRow } from './sealed-rows.ts'

/** A new key of the database seals from now on. Returns its id. */
export async function beginRotation(tx: Writer, secrets: Secrets, clock: Clock): Promise<string> {
  await retireDataKey(tx, clock.now())
  return await secrets.addDataKey(tx)
}

/** How a row's secrets fared. */
export interface Resealed {
  readonly sealed: number
  readonly unreadable: number
}

/** Seals the secrets of a row with the key that seals now. What cannot be opened stays as it is, and is counted. */
export async function resealRow(tx: Writer, secrets: Secrets, column: SealedColumn, row: SealedRow): Promise<Resealed> {
  const { id: current } = await secrets.sealingKey(tx)
  const changed = new Map<string, string>()
  let unreadable = 0
  for (const { name, place, stored } of partsOf(column, row)) {
    if (keyIdOf(stored) === current) continue
    if (await secrets.opens(tx, place, stored))
      changed.set(name ?? '', await secrets.seal(tx, place, await secrets.open(tx, place, stored)))
    else unreadable += 1
  }
  if (changed.size > 0) await replaceValue(tx, column, row, withParts(column, row, changed))
  return { sealed: changed.size, unreadable }
}

/** Keys that seal no more, and how many secrets that can be opened still need each. */
export async function countNeeds(reader: Reader, secrets: Secrets): Promise<ReadonlyMap<string, number>> {
  const retired = await reader.selectFrom('secret_key').select('id').where('retired_at', 'is not', null).execute()
  const needs = new Map(retired.map(({ id }) => [id, 0]))
  if (needs.size === 0) return needs
  for (const column of sealedColumns) {
    for await (const row of walkSealedRows(reader, column)) {
      for (const { place, stored } of partsOf(column, row)) {
        const id = keyIdOf(stored) ?? ''
        const count = needs.get(id)
        if (count !== undefined && (await secrets.opens(reader, place, stored))) needs.set(id, count + 1)
      }
    }
  }
  return needs
}

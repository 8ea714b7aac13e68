import type { Reader, Writer } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import { forgetDataKeys } from '../secrets/data-keys.ts'
import { keyIdOf } from '../secrets/envelope.ts'
import type { SealedColumn } from '../secrets/sealed-column.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { sealExisting, type SealServices } from './seal-existing.ts'
import { sealedColumns } from './sealed-columns.ts'
import {
  deleteRow,
  partsOf,
  replaceValue,
  walkSealedRows,
  withParts,
  type SealedPart,
  type SealedRow,
} from './sealed-rows.ts'

/** What a reset would take, or took: secrets that open with no outer key that is here. */
export interface LostSecrets {
  readonly holds: string
  readonly secrets: number
}

export async function listLost(reader: Reader, secrets: Secrets): Promise<readonly LostSecrets[]> {
  const lost: LostSecrets[] = []
  for (const column of sealedColumns) {
    let count = 0
    for await (const row of walkSealedRows(reader, column))
      count += (await lostParts(reader, secrets, column, row)).length
    if (count > 0) lost.push({ holds: column.holds, secrets: count })
  }
  return lost
}

async function lostParts(
  reader: Reader,
  secrets: Secrets,
  column: SealedColumn,
  row: SealedRow,
): Promise<readonly SealedPart[]> {
  const lost: SealedPart[] = []
  for (const part of partsOf(column, row)) {
    if (keyIdOf(part.stored) !== undefined && !(await secrets.opens(reader, part.place, part.stored))) lost.push(part)
  }
  return lost
}

/**
 * Gives up every secret that cannot be opened, and the keys that no outer key here opens; the rest of each row stays. A new key
 * seals from then on. All or nothing, in one transaction: for a registry that does not run.
 */
export async function resetSecrets(services: SealServices, actor: Actor): Promise<readonly LostSecrets[]> {
  const { database, events, secrets } = services
  const lost = await listLost(database.read, secrets)
  await database.write(async (tx) => {
    for (const column of sealedColumns) {
      for await (const row of walkSealedRows(tx, column)) await giveUp(tx, secrets, column, row)
    }
    const rows = await tx.selectFrom('secret_key').select(['id', 'outer_key_id']).execute()
    const known = new Set(secrets.outerKeys.map(({ id }) => id))
    const gone = rows.filter((row) => !known.has(row.outer_key_id)).map(({ id }) => id)
    await forgetDataKeys(tx, gone)
    await secrets.sealingKey(tx)
    await events.record(tx, actor, {
      type: 'reset_secrets',
      secrets: lost.reduce((sum, { secrets: count }) => sum + count, 0),
      lost: lost.map(({ holds }) => holds),
    })
  })
  // What took the place of addresses.
  await sealExisting(services)
  return lost
}

async function giveUp(tx: Writer, secrets: Secrets, column: SealedColumn, row: SealedRow): Promise<void> {
  const lost = await lostParts(tx, secrets, column, row)
  if (lost.length === 0) return
  if (column.givenUp === 'deleted') return await deleteRow(tx, column, row)
  const instead = new Map<string, string>()
  for (const { name } of lost) instead.set(name ?? '', name === undefined ? '' : (column.parts?.instead(name) ?? ''))
  await replaceValue(tx, column, row, withParts(column, row, instead))
}

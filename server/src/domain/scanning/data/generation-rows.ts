import { createReadStream } from 'node:fs'
import { createZstdCompress } from 'node:zlib'
import type { Database, Reader, Writer } from '../../../database/database.ts'
import { DomainError } from '../../errors.ts'
import { readPieces, writePieces } from './pieces.ts'

export async function findInUse(tx: Writer): Promise<number | undefined> {
  const row = await tx
    .selectFrom('advisory_generation')
    .select('number')
    .where('state', '=', 'in-use')
    .executeTakeFirst()
  return row?.number
}

/** @throws DomainError GENERATION_UNKNOWN */
export async function findState(tx: Writer, number: number): Promise<'in-use' | 'kept'> {
  const row = await tx.selectFrom('advisory_generation').select('state').where('number', '=', number).executeTakeFirst()
  if (row === undefined || row.state === 'building')
    throw new DomainError('GENERATION_UNKNOWN', `no vulnerability data has the number ${number}`)
  return row.state
}

/** @throws DomainError CONFLICT when what was to be used went away meanwhile: it took longer than any import takes */
export async function switchTo(tx: Writer, number: number): Promise<void> {
  await tx.updateTable('advisory_generation').set({ state: 'kept' }).where('state', '=', 'in-use').execute()
  const { numUpdatedRows } = await tx
    .updateTable('advisory_generation')
    .set({ state: 'in-use' })
    .where('number', '=', number)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) throw new DomainError('CONFLICT', `vulnerability data ${number} is gone; import it again`)
}

/** Those that were never finished lie among them. */
export async function forgetOlder(tx: Writer, than: number): Promise<void> {
  const older = await tx
    .selectFrom('advisory_generation')
    .select('number')
    .where('number', '<', than)
    .where('state', '!=', 'in-use')
    .execute()
  await forget(
    tx,
    older.map(({ number }) => number),
  )
}

export async function forget(tx: Writer, numbers: readonly number[]): Promise<void> {
  if (numbers.length === 0) return
  await tx.deleteFrom('advisory_chunk').where('generation', 'in', numbers).execute()
  await tx.deleteFrom('advisory_generation').where('number', 'in', numbers).execute()
}

/** Writing a generation into the database takes minutes. */
const unfinishedMs = 6 * 60 * 60_000

/** Forgets what was never finished, because its process died. */
export async function pruneGenerations(database: Database, now: number): Promise<void> {
  await database.write(async (tx) => {
    const rows = await tx
      .selectFrom('advisory_generation')
      .select('number')
      .where('state', '=', 'building')
      .where('imported_at', '<', now - unfinishedMs)
      .execute()
    await forget(
      tx,
      rows.map(({ number }) => number),
    )
  }, 'relaxed')
}

/** Packs the file of a generation into rows. */
export async function storeChunks(database: Database, generation: number, path: string): Promise<void> {
  const packed = createReadStream(path).pipe(createZstdCompress())
  await writePieces(packed, async (pieces) => {
    const values = pieces.map((piece) => ({ generation, ...piece }))
    await database.write((tx) => tx.insertInto('advisory_chunk').values(values).execute())
  })
}

/** The packed file of a generation. */
export function chunksOf(reader: Reader, generation: number): AsyncIterable<Uint8Array> {
  return readPieces((position) =>
    reader
      .selectFrom('advisory_chunk')
      .select('bytes')
      .where('generation', '=', generation)
      .where('position', '=', position)
      .executeTakeFirst(),
  )
}

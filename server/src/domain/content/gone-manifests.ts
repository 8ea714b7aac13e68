import { sql } from 'kysely'
import type { Digest } from '#contract/digest.ts'
import type { Database, Reader, Writer } from '../../database/database.ts'

/** A manifest whose row went for good; it was a few bytes of the database. */
export interface GoneManifest {
  readonly digest: Digest
  readonly size: number
}

/** Of artifacts that are about to be deleted and do not go into the trash. */
export async function noteGoneArtifacts(tx: Writer, artifactIds: readonly number[], now: number): Promise<void> {
  await tx
    .insertInto('gone_manifest')
    .columns(['digest', 'size', 'gone_at'])
    .expression((eb) =>
      eb
        .selectFrom('artifact')
        .select((select) => ['digest', 'manifest_size', select.val(now).as('gone_at')])
        .where('id', 'in', artifactIds),
    )
    .execute()
}

/** Of entries of the trash that are about to be forgotten. */
export async function noteForgottenEntries(tx: Writer, entryIds: readonly number[], now: number): Promise<void> {
  await tx
    .insertInto('gone_manifest')
    .columns(['digest', 'size', 'gone_at'])
    .expression((eb) =>
      eb
        .selectFrom('trash_entry')
        .select((select) => ['digest', sql<number>`length(bytes)`.as('size'), select.val(now).as('gone_at')])
        .where('id', 'in', entryIds)
        .where('kind', '=', 'artifact'),
    )
    .execute()
}

/** Those that went before a moment and were not counted yet, and their bytes. */
export async function countGoneManifests(
  reader: Reader,
  goneBefore: number,
): Promise<{ readonly count: number; readonly bytes: number }> {
  const row = await reader
    .selectFrom('gone_manifest')
    .select(({ fn }) => [
      fn.countAll<number | string>().as('count'),
      fn.sum<number | string | null>('size').as('bytes'),
    ])
    .where('gone_at', '<=', goneBefore)
    .executeTakeFirstOrThrow()
  return { count: Number(row.count), bytes: Number(row.bytes ?? 0) }
}

/** Takes those that went before a moment, `max` at the most: of two runs at once, each has others. */
export async function takeGoneManifests(
  database: Database,
  goneBefore: number,
  max: number,
): Promise<readonly GoneManifest[]> {
  const due = await database.read
    .selectFrom('gone_manifest')
    .select('id')
    .where('gone_at', '<=', goneBefore)
    .orderBy('id')
    .limit(max)
    .execute()
  if (due.length === 0) return []
  const taken = await database.write(
    (tx) =>
      tx
        .deleteFrom('gone_manifest')
        .where(
          'id',
          'in',
          due.map(({ id }) => id),
        )
        .returning(['digest', 'size'])
        .execute(),
    'relaxed',
  )
  return taken.map((row) => ({ digest: row.digest as Digest, size: Number(row.size) }))
}

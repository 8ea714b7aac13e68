import type { Digest } from '#contract/digest.ts'
import type { Database, Reader, Writer } from '../../database/database.ts'
import type { ScrubProgressTable } from '../../database/schema/storage.ts'
import { sql } from 'kysely'
import type { BlobLocation } from '../../storage/blob-store.ts'
import type { StoredBlob } from './check-blob.ts'

export type ScrubProgress = Omit<ScrubProgressTable, 'id'>

/** The pass that runs, or the last one. */
export async function findProgress(database: Reader): Promise<ScrubProgress | undefined> {
  return await database
    .selectFrom('scrub_progress')
    .select(['position', 'started_at', 'blobs', 'bytes', 'damaged', 'finished_at'])
    .where('id', '=', 1)
    .executeTakeFirst()
}

export async function saveProgress(tx: Writer, progress: ScrubProgress): Promise<void> {
  await tx
    .insertInto('scrub_progress')
    .values({ id: 1, ...progress })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(progress))
    .execute()
}

/** The next blobs in the order of their digests, without condemned ones. */
export async function listNextBlobs(database: Database, after: string, limit: number): Promise<StoredBlob[]> {
  const rows = await database.read
    .selectFrom('blob')
    .select(['digest', 'size', 'location'])
    .where('digest', '>', after)
    .where('state', '=', 'live')
    .where(sql<string>`substr(location, 1, 11)`, '<>', 'quarantine/')
    .orderBy('digest')
    .limit(limit)
    .execute()
  return rows.map(({ digest, size, location }) => ({
    digest: digest as Digest,
    size,
    location: location as BlobLocation,
  }))
}

/**
 * How far a pass has come, from 0 to 1: digests are spread evenly, so that nothing need be counted. `sha512:` comes
 * after all of `sha256:`, and is rare.
 */
export function shareDone({ position, finished_at }: ScrubProgress): number {
  if (finished_at !== null) return 1
  const hex = /^sha256:([0-9a-f]{8})/.exec(position)?.[1]
  if (hex === undefined) return position === '' ? 0 : 0.999
  return Number.parseInt(hex, 16) / 0x1_0000_0000
}

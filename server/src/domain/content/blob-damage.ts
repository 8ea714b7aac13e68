import type { Digest } from '#contract/digest.ts'
import type { Database, Writer } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import type { BlobDamageTable } from '../../database/schema/storage.ts'
import type { BlobLocation } from '../../storage/blob-store.ts'
import type { PlacedBlob } from './blob-rows.ts'

/** Remembers that the blob has no good bytes; its row points to `blob.location` now, where nobody is served anything. */
export async function recordDamage(
  tx: Writer,
  { digest, location, size }: PlacedBlob,
  kind: BlobDamageTable['kind'],
  now: number,
  setAside: boolean,
): Promise<void> {
  await tx
    .insertInto('blob_damage')
    .values({ digest, kind, location, size, found_at: now, set_aside: setAside ? 1 : 0, healed_at: null })
    .execute()
}

/** Digests of all blobs without good bytes. */
export async function listDamaged(database: Database): Promise<Digest[]> {
  const rows = await database.read
    .selectFrom('blob_damage')
    .select('digest')
    .where('healed_at', 'is', null)
    .orderBy('digest')
    .execute()
  return rows.map(({ digest }) => digest as Digest)
}

const closeDamage = preparedQuery<{ digest: string; now: number }, unknown>((db, param) =>
  db
    .updateTable('blob_damage')
    .set({ healed_at: param('now') })
    .where('digest', '=', param('digest'))
    .where('healed_at', 'is', null),
)

/** Good bytes have taken the place of bad ones. */
export async function recordHealed(tx: Writer, digest: Digest, now: number): Promise<void> {
  await closeDamage.run(tx, { digest, now })
}

/** Some of the repositories that link each of the digests, `max` at the most, by name. */
export async function linkingRepositories(
  database: Database,
  digests: readonly string[],
  max: number,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = new Map<string, string[]>()
  if (digests.length === 0) return names
  const placed = database.read
    .selectFrom('repository_blob')
    .innerJoin('repository', 'repository.id', 'repository_blob.repository_id')
    .select(['repository_blob.digest', 'repository.name'])
    .select((eb) =>
      eb.fn
        .agg<number>('row_number')
        .over((over) => over.partitionBy('repository_blob.digest').orderBy('repository.name'))
        .as('place'),
    )
    .where('repository_blob.digest', 'in', digests)
  const rows = await database.read
    .selectFrom(placed.as('placed'))
    .select(['digest', 'name'])
    .where('place', '<=', max)
    .orderBy('name')
    .execute()
  for (const { digest, name } of rows) names.set(digest, [...(names.get(digest) ?? []), name])
  return names
}

/** Points the blob to where its bad bytes will lie, which nobody is served; they are moved afterwards. */
export async function recordQuarantine(
  tx: Writer,
  blob: PlacedBlob,
  kind: BlobDamageTable['kind'],
  now: number,
): Promise<void> {
  await tx.updateTable('blob').set({ location: blob.location }).where('digest', '=', blob.digest).execute()
  await recordDamage(tx, blob, kind, now, false)
}

/** Damage whose bytes still lie where they were. */
export async function listNotSetAside(
  database: Database,
  limit: number,
): Promise<readonly { readonly id: number; readonly location: BlobLocation; readonly isHealed: boolean }[]> {
  const rows = await database.read
    .selectFrom('blob_damage')
    .select(['id', 'location', 'healed_at'])
    .where('set_aside', '=', 0)
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(({ id, location, healed_at }) => ({
    ...{ id, location: location as BlobLocation, isHealed: healed_at !== null },
  }))
}

/** The bytes have been moved. */
export async function recordSetAside(tx: Writer, id: number): Promise<void> {
  await tx.updateTable('blob_damage').set({ set_aside: 1 }).where('id', '=', id).execute()
}

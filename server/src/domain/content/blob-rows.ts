import type { Digest } from '#contract/digest.ts'
import type { Writer } from '../../database/database.ts'
import { lockRows } from '../../database/locking.ts'
import { preparedQuery } from '../../database/prepared.ts'
import type { BlobLocation } from '../../storage/blob-store.ts'
import { isQuarantined } from '../../storage/layout.ts'
import { recordHealed } from './blob-damage.ts'

export interface PlacedBlob {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  readonly location: BlobLocation
}

const insertBlob = preparedQuery<{ digest: string; size: number; location: string; now: number }, unknown>(
  (db, param) =>
    db
      .insertInto('blob')
      .values({
        digest: param('digest'),
        size: param('size'),
        location: param('location'),
        state: 'live',
        condemned_at: null,
        created_at: param('now'),
      })
      .onConflict((conflict) => conflict.column('digest').doNothing()),
)

const lockBlob = preparedQuery<{ digest: string }, { location: string; state: 'live' | 'condemned' }>(
  (db, param, dialect) =>
    lockRows({ dialect }, db.selectFrom('blob').select(['location', 'state']).where('digest', '=', param('digest'))),
)

const moveBlob = preparedQuery<{ digest: string; location: string }, unknown>((db, param) =>
  db
    .updateTable('blob')
    .set({ location: param('location'), state: 'live', condemned_at: null })
    .where('digest', '=', param('digest')),
)

const insertDoomed = preparedQuery<{ location: string; digest: string; size: number; now: number }, unknown>(
  (db, param) =>
    db.insertInto('blob_trash').values({
      location: param('location'),
      digest: param('digest'),
      size: param('size'),
      trashed_at: param('now'),
    }),
)

/**
 * Points the digest's row to the bytes just verified, creating the row or bringing it back to life. Older bytes go
 * to the trash: every push of a known digest heals it, and takes as long as that of an unknown one (invariant 4).
 * Returns whether there were none but bad bytes before.
 */
export async function placeBlob(tx: Writer, blob: PlacedBlob, now: number): Promise<boolean> {
  for (;;) {
    if ((await insertBlob.run(tx, { ...blob, now })) > 0) return false
    const known = await lockBlob.first(tx, { digest: blob.digest })
    // Undefined: garbage collection removed the row in between, so the insert can succeed now.
    if (known === undefined) continue
    await moveBlob.run(tx, { digest: blob.digest, location: blob.location })
    if (known.location !== blob.location) await doomBytes(tx, { ...blob, location: known.location }, now)
    if (!isQuarantined(known.location)) return false
    await recordHealed(tx, blob.digest, now)
    return true
  }
}

/**
 * Locks the blob's row and, when it waits to be collected, takes it back if `wanted` says so with the lock held: a blob
 * that comes back to life without a link would never be looked at again. False when there is no such blob, when it is not
 * wanted, or when its bytes are bad: then the client uploads, which heals.
 */
export async function reviveBlob(tx: Writer, digest: Digest, wanted: () => Promise<boolean>): Promise<boolean> {
  const known = await lockBlob.first(tx, { digest })
  if (known === undefined || isQuarantined(known.location) || !(await wanted())) return false
  if (known.state === 'condemned') await moveBlob.run(tx, { digest, location: known.location })
  return true
}

/** Hands bytes to garbage collection, which deletes them once nobody can be reading them any more. */
export async function doomBytes(
  tx: Writer,
  bytes: { readonly location: string; readonly digest: string; readonly size: number },
  now: number,
): Promise<void> {
  await insertDoomed.run(tx, { location: bytes.location, digest: bytes.digest, size: bytes.size, now })
}

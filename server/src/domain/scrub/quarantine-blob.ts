import type { Database } from '../../database/database.ts'
import { lockRows } from '../../database/locking.ts'
import { faultPoint } from '../../runtime/fault-points.ts'
import type { BlobLocation, BlobQuarantine, BlobSweeper } from '../../storage/blob-store.ts'
import { beforeQuarantine } from '../../storage/layout.ts'
import type { Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import { recordDamage } from '../content/blob-damage.ts'
import type { Events } from '../events/events.ts'
import type { StoredBlob } from './check-blob.ts'

export interface QuarantineOptions {
  readonly database: Database
  readonly store: BlobQuarantine & BlobSweeper
  readonly clock: Clock
  readonly events: Events
  readonly actor: Actor
}

/**
 * Row first: from the commit on nobody is served these bytes, and a push heals. Then the bytes; should the process die
 * in between, `finishQuarantine` moves them. False when a push was faster.
 */
export async function quarantineBlob(
  { database, store, clock, events, actor }: QuarantineOptions,
  { digest, size, location }: StoredBlob,
  kind: 'changed' | 'missing',
): Promise<boolean> {
  const aside = store.quarantineOf(location)
  const done = await database.write(async (tx) => {
    const known = await lockRows(
      database,
      tx.selectFrom('blob').select('location').where('digest', '=', digest),
    ).executeTakeFirst()
    if (known?.location !== location) return false
    await tx.updateTable('blob').set({ location: aside }).where('digest', '=', digest).execute()
    await recordDamage(tx, { digest, size, location: aside }, kind, clock.now(), false)
    await events.record(tx, actor, { type: 'quarantine_blob', digest, reason: kind })
    return true
  })
  if (!done) return false
  faultPoint('quarantine-before-move')
  await finishQuarantine({ database, store })
  return true
}

/** Moves what a row has left behind; bytes of blobs that were healed before that are deleted. */
export async function finishQuarantine({
  database,
  store,
}: Pick<QuarantineOptions, 'database' | 'store'>): Promise<void> {
  const waiting = await database.read
    .selectFrom('blob_damage')
    .select(['id', 'location', 'healed_at'])
    .where('set_aside', '=', 0)
    .orderBy('id')
    .limit(100)
    .execute()
  for (const { id, location, healed_at } of waiting) {
    const before = beforeQuarantine(location as BlobLocation)
    if (healed_at === null) await store.setAside(before)
    else await store.delete([before])
    await database.write(async (tx) => {
      await tx.updateTable('blob_damage').set({ set_aside: 1 }).where('id', '=', id).execute()
    })
  }
}

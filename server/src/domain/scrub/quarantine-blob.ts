import type { Database } from '../../database/database.ts'
import { lockRows } from '../../database/locking.ts'
import { faultPoint } from '../../runtime/fault-points.ts'
import type { BlobQuarantine, BlobSweeper } from '../../storage/blob-store.ts'
import { beforeQuarantine } from '../../storage/layout.ts'
import type { Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import { listNotSetAside, recordQuarantine, recordSetAside } from '../content/blob-damage.ts'
import type { Events } from '../events/events.ts'
import type { StoredBlob } from './check-blob.ts'

export interface QuarantineOptions {
  readonly database: Database
  readonly store: BlobQuarantine & BlobSweeper
  readonly clock: Clock
  readonly events: Events
  readonly actor: Actor
}

const quarantinesPerRound = 100

/**
 * Quarantines a blob. The row goes first: from the commit on these bytes are not served, and a push heals. Then the
 * bytes are moved; should the process die in between, `finishQuarantine` moves them. False when a push was faster.
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
    await recordQuarantine(tx, { digest, size, location: aside }, kind, clock.now())
    await events.record(tx, actor, { type: 'quarantine_blob', digest, reason: kind })
    return true
  })
  if (!done) return false
  faultPoint('quarantine-before-move')
  await finishQuarantine({ database, store })
  return true
}

/** Moves the bytes that an interrupted quarantine has left. Bytes of blobs that were healed before that are deleted. */
export async function finishQuarantine({
  database,
  store,
}: Pick<QuarantineOptions, 'database' | 'store'>): Promise<void> {
  const waiting = await listNotSetAside(database, quarantinesPerRound)
  for (const { id, location, isHealed } of waiting) {
    const before = beforeQuarantine(location)
    if (!isHealed) await store.setAside(before)
    else await store.delete([before])
    await database.write((tx) => recordSetAside(tx, id))
  }
}

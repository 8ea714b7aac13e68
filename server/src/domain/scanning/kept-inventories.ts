import type { Database, Reader } from '../../database/database.ts'
import { reviewScans } from '../artifacts/scan-review.ts'
import type { Clock } from '../clock.ts'
import type { LayerInventories } from './detection/detect.ts'
import { analyserVersion, type LayerInventory } from './detection/layer-inventory.ts'
import type { Inventory } from './inventory.ts'
import { packJson, unpackJson } from './packed-json.ts'

interface Services {
  readonly database: Database
  readonly clock: Clock
}

/** A use within this time of the last one is not written down. */
const usedAgainMs = 24 * 60 * 60_000

/** What was found in layers, by the digest of their bytes. */
export function layerInventories({ database, clock }: Services): LayerInventories {
  return {
    async find(blob) {
      const row = await database.read
        .selectFrom('blob_inventory')
        .select(['body', 'used_at'])
        .where('digest', '=', blob)
        .where('analyser', '=', analyserVersion)
        .executeTakeFirst()
      if (row === undefined) return undefined
      const now = clock.now()
      if (row.used_at + usedAgainMs < now) {
        await database.write(
          (tx) => tx.updateTable('blob_inventory').set({ used_at: now }).where('digest', '=', blob).execute(),
          'relaxed',
        )
      }
      return await unpackJson<LayerInventory>(row.body)
    },
    async keep(blob, inventory) {
      const row = { body: await packJson(inventory), used_at: clock.now() }
      await database.write(
        (tx) =>
          tx
            .insertInto('blob_inventory')
            .values({ digest: blob, analyser: analyserVersion, ...row })
            .onConflict((conflict) => conflict.columns(['digest', 'analyser']).doUpdateSet(row))
            .execute(),
        'relaxed',
      )
    },
  }
}

/** The packages of an image, and when they were found (ms). */
export interface KeptInventory {
  readonly inventory: Inventory
  readonly foundAt: number
}

/** The packages of an image, if this version of the analysers found them. */
export async function findInventory(
  { database }: { readonly database: Pick<Database, 'read'> },
  digest: string,
): Promise<KeptInventory | undefined> {
  const row = await database.read
    .selectFrom('artifact_inventory')
    .select(['body', 'created_at'])
    .where('digest', '=', digest)
    .where('analyser', '=', analyserVersion)
    .executeTakeFirst()
  if (row === undefined) return undefined
  return { inventory: await unpackJson<Inventory>(row.body), foundAt: row.created_at }
}

/** Whether nothing of the image has to be read to know its packages. */
export async function hasInventory(reader: Reader, digest: string): Promise<boolean> {
  const row = await reader
    .selectFrom('artifact_inventory')
    .select('digest')
    .where('digest', '=', digest)
    .where('analyser', '=', analyserVersion)
    .executeTakeFirst()
  return row !== undefined
}

export async function keepInventory(
  { database, clock }: Services,
  digest: string,
  inventory: Inventory,
): Promise<KeptInventory> {
  const foundAt = clock.now()
  // A damaged layer may be whole the next time: a push heals.
  if (inventory.unread.some(({ code }) => code === 'DAMAGED')) return { inventory, foundAt }
  const row = { analyser: analyserVersion, body: await packJson(inventory), created_at: foundAt }
  await database.write(async (tx) => {
    await tx
      .insertInto('artifact_inventory')
      .values({ digest, ...row })
      .onConflict((conflict) => conflict.column('digest').doUpdateSet(row))
      .execute()
    // Reading it may have taken minutes.
    await reviewScans(tx, digest)
  }, 'relaxed')
  return { inventory, foundAt }
}

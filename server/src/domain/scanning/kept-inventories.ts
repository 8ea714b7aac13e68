import type { Database, Reader, Writer } from '../../database/database.ts'
import type { Clock } from '../clock.ts'
import type { LayerInventories } from './detection/detect.ts'
import { batches } from '../lists/batches.ts'
import { analyserVersion, type LayerInventory } from './detection/layer-inventory.ts'
import type { Inventory } from './inventory.ts'
import { packJson, unpackJson } from './packed-json.ts'

interface Services {
  readonly database: Database
  readonly clock: Clock
}

/** A use within this time of the last one is not written down. */
const usedAgainMs = 24 * 60 * 60_000

/** What was found in layers, by DiffID. */
export function layerInventories({ database, clock }: Services): LayerInventories {
  return {
    async find(diffId) {
      const row = await database.read
        .selectFrom('layer_inventory')
        .select(['body', 'used_at'])
        .where('diff_id', '=', diffId)
        .where('analyser', '=', analyserVersion)
        .executeTakeFirst()
      if (row === undefined) return undefined
      const now = clock.now()
      if (row.used_at + usedAgainMs < now) {
        await database.write(
          (tx) => tx.updateTable('layer_inventory').set({ used_at: now }).where('diff_id', '=', diffId).execute(),
          'relaxed',
        )
      }
      return await unpackJson<LayerInventory>(row.body)
    },
    async keep(diffId, inventory) {
      const row = { body: await packJson(inventory), used_at: clock.now() }
      await database.write(
        (tx) =>
          tx
            .insertInto('layer_inventory')
            .values({ diff_id: diffId, analyser: analyserVersion, ...row })
            .onConflict((conflict) => conflict.columns(['diff_id', 'analyser']).doUpdateSet(row))
            .execute(),
        'relaxed',
      )
    },
  }
}

/** The packages of an image, if this version of the analysers found them. */
export async function findInventory(
  { database }: Pick<Services, 'database'>,
  digest: string,
): Promise<Inventory | undefined> {
  const row = await database.read
    .selectFrom('artifact_inventory')
    .select('body')
    .where('digest', '=', digest)
    .where('analyser', '=', analyserVersion)
    .executeTakeFirst()
  return row === undefined ? undefined : await unpackJson<Inventory>(row.body)
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
): Promise<void> {
  // A damaged layer may be whole the next time: a push heals.
  if (inventory.unread.some(({ code }) => code === 'DAMAGED')) return
  const row = { analyser: analyserVersion, body: await packJson(inventory), created_at: clock.now() }
  await database.write(
    (tx) =>
      tx
        .insertInto('artifact_inventory')
        .values({ digest, ...row })
        .onConflict((conflict) => conflict.column('digest').doUpdateSet(row))
        .execute(),
    'relaxed',
  )
}

/** How long what was found in a layer is kept after its last use. */
const keptUnusedMs = 90 * 24 * 60 * 60_000

/**
 * Forgets what nobody needs any more: scans and packages of images that no repository has, layers that were not met for a season,
 * what older analysers found. Returns how many rows went.
 */
export async function pruneScans({ database, clock }: Services, limit: number): Promise<number> {
  return await database.write(async (tx) => {
    let gone = 0
    const orphans = [...(await orphansOf(tx, 'scan', limit)), ...(await orphansOf(tx, 'artifact_inventory', limit))]
    for (const batch of batches([...new Set(orphans)])) {
      // Findings are written together with their scan, so nobody has to look for theirs.
      for (const table of ['scan_finding', 'artifact_inventory', 'scan'] as const) {
        const deleted = await tx.deleteFrom(table).where('digest', 'in', batch).executeTakeFirst()
        gone += Number(deleted.numDeletedRows)
      }
    }
    const old = tx
      .selectFrom('layer_inventory')
      .select('diff_id')
      .where((eb) => eb.or([eb('used_at', '<', clock.now() - keptUnusedMs), eb('analyser', '<', analyserVersion)]))
      .limit(limit)
    const layers = await tx.deleteFrom('layer_inventory').where('diff_id', 'in', old).executeTakeFirst()
    return gone + Number(layers.numDeletedRows)
  }, 'relaxed')
}

/** Digests of rows whose artifact no repository has. */
async function orphansOf(tx: Writer, table: 'scan' | 'artifact_inventory', limit: number): Promise<readonly string[]> {
  const rows = await tx
    .selectFrom(table)
    .select('digest')
    .distinct()
    .where((eb) =>
      eb.not(
        eb.exists(eb.selectFrom('artifact').select('artifact.id').whereRef('artifact.digest', '=', `${table}.digest`)),
      ),
    )
    .limit(limit)
    .execute()
  return rows.map(({ digest }) => digest)
}

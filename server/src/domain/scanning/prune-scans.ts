import type { Database, Writer } from '../../database/database.ts'
import type { Clock } from '../clock.ts'
import { analyserVersion } from './detection/layer-inventory.ts'
import { uncountImages } from './hub/uncount-images.ts'
import { pruneRuns } from './sboms/sbom-runs.ts'
import { pruneViews } from './statements/scan-views.ts'

interface Services {
  readonly database: Database
  readonly clock: Clock
}

/** How long what was found in a layer is kept after its last use. */
const keptUnusedMs = 90 * 24 * 60 * 60_000

/**
 * Forgets scans and packages of images that left a repository and that no other one has, some at a time. Returns how many
 * images were forgotten.
 */
export async function pruneScans({ database }: Pick<Services, 'database'>, atOnce: number): Promise<number> {
  for (let forgotten = 0; ;) {
    const { reviewed, gone } = await database.write((tx) => reviewSome(tx, atOnce), 'relaxed')
    forgotten += gone
    if (reviewed < atOnce) return forgotten
  }
}

async function reviewSome(tx: Writer, limit: number): Promise<{ readonly reviewed: number; readonly gone: number }> {
  const rows = await tx.selectFrom('scan_review').select('digest').orderBy('digest').limit(limit).execute()
  const digests = rows.map(({ digest }) => digest)
  if (digests.length === 0) return { reviewed: 0, gone: 0 }
  await tx.deleteFrom('scan_review').where('digest', 'in', digests).execute()
  await pruneRuns(tx, digests)
  await pruneViews(tx, digests)
  const gone = await withoutArtifact(tx, digests)
  if (gone.length > 0) {
    await uncountImages(tx, gone)
    for (const table of ['scan_finding', 'scan_layer', 'artifact_inventory', 'scan'] as const)
      await tx.deleteFrom(table).where('digest', 'in', gone).execute()
  }
  return { reviewed: digests.length, gone: gone.length }
}

async function withoutArtifact(tx: Writer, digests: readonly string[]): Promise<readonly string[]> {
  const there = await tx.selectFrom('artifact').select('digest').distinct().where('digest', 'in', digests).execute()
  const known = new Set(there.map(({ digest }) => digest))
  return digests.filter((digest) => !known.has(digest))
}

/** Forgets layers that were not met for a season, and what older analysers found. Returns how many rows went. */
export async function pruneLayers({ database, clock }: Services, limit: number): Promise<number> {
  return await database.write(async (tx) => {
    const old = tx
      .selectFrom('blob_inventory')
      .select('digest')
      .where((eb) => eb.or([eb('used_at', '<', clock.now() - keptUnusedMs), eb('analyser', '<', analyserVersion)]))
      .limit(limit)
    const layers = await tx.deleteFrom('blob_inventory').where('digest', 'in', old).executeTakeFirst()
    return Number(layers.numDeletedRows)
  }, 'relaxed')
}

import { parseDigest } from '#contract/digest.ts'
import { parseRepositoryName } from '#contract/repository-name.ts'
import type { Database } from '../database/database.ts'
import type { Blobs } from '../domain/content/blobs.ts'
import type { Clock } from '../domain/clock.ts'
import type { Admit } from '../domain/policies/admit.ts'
import type { Manifests } from '../domain/artifacts/pull.ts'
import { inventoryOf } from '../domain/scanning/detection/detect.ts'
import type { LayerSource } from '../domain/scanning/detection/inputs/image-source.ts'
import type { LayerInventory } from '../domain/scanning/detection/layer-inventory.ts'
import {
  findInventory,
  keepInventory,
  layerInventories,
  type KeptInventory,
} from '../domain/scanning/kept-inventories.ts'
import { layersOf } from '../domain/scanning/stored-image.ts'
import type { RunningJob } from './job-kind.ts'

export interface InventoryServices {
  readonly database: Database
  readonly clock: Clock
  readonly admit: Admit
  readonly blobs: Blobs
  readonly manifests: Manifests
  /** Off the event loop. */
  readonly readLayer: (layer: LayerSource, signal: AbortSignal) => Promise<LayerInventory>
}

type ImageJob = RunningJob<{ readonly digest: string; readonly repository: string }>

/** What lies in the image of a job: as it was found before, or by reading its layers. */
export async function imageInventory(services: InventoryServices, job: ImageJob): Promise<KeptInventory> {
  const known = await findInventory(services, job.payload.digest)
  if (known === undefined) return await readInventory(services, job)
  job.log(`its ${known.inventory.packages.length} packages are known; no layer is read`)
  return known
}

async function readInventory(services: InventoryServices, job: ImageJob): Promise<KeptInventory> {
  const { admit, blobs, manifests, readLayer } = services
  const digest = parseDigest(job.payload.digest)
  const admission = await admit(job.actor, 'read-artifact', parseRepositoryName(job.payload.repository))
  const manifest = await manifests.getManifest(admission, { kind: 'digest', digest })
  const inventory = await inventoryOf(
    { layers: await layersOf(blobs, admission, manifest) },
    {
      readLayer: (layer) => readLayer(layer, job.signal),
      cached: layerInventories(services),
      onLayer: (done, total) => {
        job.signal.throwIfAborted()
        job.progress({ step: 'layers', done, total })
      },
    },
  )
  for (const { where, code, reason } of inventory.unread) job.log(`${where}: ${code}: ${reason}`)
  job.log(`${inventory.os?.name ?? 'no known system'}, ${inventory.packages.length} packages`)
  return await keepInventory(services, digest, inventory)
}

import type { Inventory } from '../inventory.ts'
import type { ImageSource, LayerSource } from './inputs/image-source.ts'
import { analyserVersion, type LayerInventory } from './layer-inventory.ts'
import { mergeLayers } from './merge-layers.ts'

/** Results by DiffID, kept where they can be found again: a layer is read once, however many images have it. */
export interface LayerInventories {
  find(diffId: string): Promise<LayerInventory | undefined>
  keep(diffId: string, inventory: LayerInventory): Promise<void>
}

export interface DetectOptions {
  /** Reads one layer: `readLayer`, or a thread that runs it. */
  readonly readLayer: (layer: LayerSource) => Promise<LayerInventory>
  readonly cached?: LayerInventories
  readonly onLayer?: (done: number, of: number) => void
}

/** What lies in an image. Layers are read one after another; those that were read before are not read again. */
export async function inventoryOf({ layers }: Pick<ImageSource, 'layers'>, options: DetectOptions): Promise<Inventory> {
  const read = new Map<string, LayerInventory>()
  for (const layer of layers) {
    if (!read.has(layer.diffId)) read.set(layer.diffId, await inventoryOfLayer(layer, options))
    options.onLayer?.(read.size, layers.length)
  }
  return mergeLayers(layers.map(({ diffId }) => ({ diffId, inventory: read.get(diffId)! })))
}

async function inventoryOfLayer(layer: LayerSource, { readLayer, cached }: DetectOptions): Promise<LayerInventory> {
  if (layer.unread !== undefined) return unreadLayer(layer.diffId, layer.unread)
  const known = await cached?.find(layer.diffId)
  if (known?.version === analyserVersion) return known
  const inventory = await readLayer(layer)
  // A damaged layer may be whole the next time: a push heals. A damaged file in it stays what it is.
  const isWhole = !inventory.unread.some(({ where }) => where === layer.diffId)
  if (isWhole) await cached?.keep(layer.diffId, inventory)
  return inventory
}

export const unreadLayer = (where: string, unread: NonNullable<LayerSource['unread']>): LayerInventory => ({
  version: analyserVersion,
  files: [],
  whiteouts: [],
  opaque: [],
  replaced: [],
  unread: [{ ...unread, where }],
})

import type { Inventory } from '../inventory.ts'
import type { ImageSource, LayerSource } from './inputs/image-source.ts'
import { analyserVersion, type LayerInventory } from './layer-inventory.ts'
import { mergeLayers } from './merge-layers.ts'

/**
 * Results by the digest of a layer's bytes, kept where they can be found again: a layer is read once, however many images have it.
 * A DiffID would not do: a config may name that of another layer, and its image would speak for all that have it.
 */
export interface LayerInventories {
  find(blob: string): Promise<LayerInventory | undefined>
  keep(blob: string, inventory: LayerInventory): Promise<void>
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
  const merged: { readonly diffId: string; readonly inventory: LayerInventory }[] = []
  for (const layer of layers) {
    const { diffId, blob } = layer
    const inventory = (blob === undefined ? undefined : read.get(blob)) ?? (await inventoryOfLayer(layer, options))
    if (blob !== undefined) read.set(blob, inventory)
    merged.push({ diffId, inventory })
    options.onLayer?.(merged.length, layers.length)
  }
  return mergeLayers(merged)
}

async function inventoryOfLayer(layer: LayerSource, { readLayer, cached }: DetectOptions): Promise<LayerInventory> {
  if (layer.unread !== undefined) return unreadLayer(layer.diffId, layer.unread)
  const { blob } = layer
  const known = blob === undefined ? undefined : await cached?.find(blob)
  if (known?.version === analyserVersion) return known
  const inventory = await readLayer(layer)
  // A damaged layer may be whole the next time: a push heals. A damaged file in it stays what it is.
  const isWhole = !inventory.unread.some(({ where }) => where === layer.diffId)
  if (isWhole && blob !== undefined) await cached?.keep(blob, inventory)
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

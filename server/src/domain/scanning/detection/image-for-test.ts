import { gzipSync } from 'node:zlib'
import type { Inventory } from '../inventory.ts'
import type { DetectionMode } from './analyser.ts'
import type { LayerInventory } from './layer-inventory.ts'
import { mergeLayers } from './merge-layers.ts'
import { readLayer, type ReadOptions } from './read-layer.ts'
import { inChunks, tarForTest, type TestEntry } from './tar-for-test.ts'

export type TestLayer = readonly TestEntry[]

export const readLayerForTest = (entries: TestLayer, options: ReadOptions = {}): Promise<LayerInventory> =>
  readLayer(() => inChunks(gzipSync(tarForTest(entries))), options)

/** The inventory of an image of these layers, lowest first; their DiffIDs are `layer0`, `layer1`, … */
export async function inventoryForTest(...layers: readonly TestLayer[]): Promise<Inventory> {
  const read = await Promise.all(layers.map((entries) => readLayerForTest(entries)))
  // As it comes back from where it is stored.
  return mergeLayers(read.map((each, at) => ({ diffId: `layer${at}`, inventory: structuredClone(each) })))
}

/** `npm left-pad 1.0.0`, one for each package. */
export const namesOf = ({ packages }: Inventory): string[] =>
  packages.map(({ kind, name, version }) => `${kind} ${name} ${version}`)

/** What one file tells. */
export async function packagesOfFile(
  path: string,
  content: string | Uint8Array,
  mode: DetectionMode = 'image',
  fileMode = 0o644,
): Promise<string[]> {
  const inventory = await readLayerForTest([{ path, content, mode: fileMode }], { mode })
  const merged = mergeLayers([{ inventory }])
  if (merged.unread.length > 0) throw new Error(`${path}: ${merged.unread[0]!.code} ${merged.unread[0]!.reason}`)
  return namesOf(merged)
}

export const nodePackage = (name: string, version: string, folder = 'app'): TestEntry => ({
  path: `${folder}/node_modules/${name}/package.json`,
  content: JSON.stringify({ name, version, license: 'MIT' }),
})

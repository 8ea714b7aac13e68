import type { Unread } from '../inventory.ts'
import type { FileFacts } from './analyser.ts'

/** Grows with every change of what detection finds: results stored under an older one are made anew. */
export const analyserVersion = 1

export interface AnalysedFile extends FileFacts {
  readonly path: string
  readonly analyser: string
}

/**
 * What one layer says, whatever lies under or above it. It is stored by the layer's digest and used again for every image with it,
 * so it is plain JSON.
 */
export interface LayerInventory {
  readonly version: number
  readonly files: readonly AnalysedFile[]
  /** Paths that are gone from the layers below, with all that is under them. */
  readonly whiteouts: readonly string[]
  /** Folders of which nothing of the layers below remains. */
  readonly opaque: readonly string[]
  /** Paths that may stand in the place of a file of a layer below, and that say nothing themselves: links, devices, programs. */
  readonly replaced: readonly string[]
  readonly unread: readonly Unread[]
}

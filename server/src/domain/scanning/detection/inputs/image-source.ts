import type { Unread } from '../../inventory.ts'

/** One layer of an image, wherever its bytes lie: an archive, a folder, the blob store. */
export interface LayerSource {
  /** `rootfs.diff_ids` of the config: what the image says that the digest of the uncompressed layer is. */
  readonly diffId: string
  /** Digest of the bytes as they are stored, where somebody compared it with them: results are kept under it. */
  readonly blob?: string
  /** The bytes, compressed or not, from the first one on. It may be called twice. */
  open(): AsyncIterable<Uint8Array>
  /** Set for a layer whose bytes are not there or cannot be read: encrypted, or kept elsewhere. */
  readonly unread?: Omit<Unread, 'where'>
}

export interface ImageSource {
  /** What the archive calls it: `alpine:3.10`. */
  readonly name: string
  /** Lowest first. */
  readonly layers: readonly LayerSource[]
  readonly config: ImageFacts
}

/** What the config of an image says that reports name. */
export interface ImageFacts {
  readonly os: string
  readonly architecture: string
  readonly created?: string
  /** Lines of the build, lowest first; those of layers and those that only set something. */
  readonly history: readonly { readonly createdBy: string; readonly emptyLayer: boolean }[]
}

import type { ForeignBytes } from '../blob-store.ts'

/** A tag as its registry knows it. */
export interface ForeignTag {
  readonly name: string
  /** The digest that it names; undefined when that cannot be read. */
  readonly digest: string | undefined
}

export interface ForeignManifest {
  readonly bytes: Uint8Array
  /** Undefined where the registry keeps the bytes alone. */
  readonly mediaType: string | undefined
}

/** A manifest that has too many bytes, or others than its digest says. */
export interface UnusableManifest {
  readonly unusable: 'too-large' | 'damaged'
  readonly message: string
}

export interface ForeignBlob {
  readonly size: number
  /** Where the bytes lie, for a store that can reach them itself. */
  readonly place: ForeignBytes | undefined
  open(): Promise<AsyncIterable<Uint8Array>>
}

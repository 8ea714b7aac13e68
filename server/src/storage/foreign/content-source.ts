import type { Digest } from '#contract/digest.ts'
import type { ForeignBytes } from '../blob-store.ts'

/** A tag as its registry knows it. */
export interface SourceTag {
  readonly name: string
  /** What it names; undefined when that cannot be read. */
  readonly digest: string | undefined
}

export interface SourceManifest {
  readonly bytes: Uint8Array
  /** Undefined where the registry keeps the bytes alone. */
  readonly mediaType: string | undefined
}

export interface SourceBlob {
  readonly size: number
  /** Where the bytes lie, for a store that can reach them itself. */
  readonly place: ForeignBytes | undefined
  open(): Promise<AsyncIterable<Uint8Array>>
}

/**
 * Content of another registry. Names and digests are texts as they were found: whoever reads them parses them. Lists
 * are walked, never held.
 */
export interface ContentSource extends AsyncDisposable {
  walkRepositories(): AsyncIterable<string>
  walkTags(repository: string): AsyncIterable<SourceTag>
  /** Every manifest that the repository links, with or without a tag; more than once does no harm. */
  walkManifests(repository: string): AsyncIterable<string>
  /** Undefined when the repository does not have it, or its bytes are gone. */
  findManifest(repository: string, digest: Digest, maxBytes: number): Promise<SourceManifest | undefined>
  findBlob(repository: string, digest: Digest): Promise<SourceBlob | undefined>
}

/** Larger than the source said a manifest may be. */
export class SourceManifestTooLarge extends Error {
  override readonly name = 'SourceManifestTooLarge'
}

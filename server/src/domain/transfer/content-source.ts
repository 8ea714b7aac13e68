import type { Digest } from '#contract/digest.ts'
import type { ForeignBytes } from '../../storage/blob-store.ts'

/** A tag as its registry knows it. */
export interface SourceTag {
  readonly name: string
  /** The digest that it names; undefined when that cannot be read. */
  readonly digest: string | undefined
}

export interface SourceManifest {
  readonly bytes: Uint8Array
  /** Undefined where the registry keeps the bytes alone. */
  readonly mediaType: string | undefined
}

/** A manifest that has too many bytes, or others than its digest says. */
export interface UnusableManifest {
  readonly unusable: 'too-large' | 'damaged'
  readonly message: string
}

export interface SourceBlob {
  readonly size: number
  /** Where the bytes lie, for a store that can reach them itself. */
  readonly place: ForeignBytes | undefined
  open(): Promise<AsyncIterable<Uint8Array>>
}

/**
 * Content of another registry, as an import reads it: a store, a folder of layouts, a Harbor, any registry over `/v2`.
 * Names and digests are texts as they were found: the import parses them. Lists are walked, never held.
 */
export interface ContentSource {
  walkRepositories(): AsyncIterable<string>
  walkTags(repository: string): AsyncIterable<SourceTag>
  /** Manifests besides those that tags name, as far as the source knows them; more than once does no harm. */
  walkManifests(repository: string): AsyncIterable<string>
  /** Undefined when the repository does not have it, or its bytes are gone. */
  findManifest(
    repository: string,
    digest: Digest,
    maxBytes: number,
  ): Promise<SourceManifest | UnusableManifest | undefined>
  findBlob(repository: string, digest: Digest): Promise<SourceBlob | undefined>
}

import type { Digest } from '#contract/digest.ts'

/** A blob on its way out. */
export interface OfferedBlob {
  readonly digest: Digest
  readonly sizeBytes: number
  open(): Promise<AsyncIterable<Uint8Array>>
  /** Lays the bytes down at a path without reading them; false where that cannot be. */
  giveTo(path: string): Promise<boolean>
}

export interface OfferedManifest {
  readonly digest: Digest
  readonly bytes: Uint8Array
}

/** A manifest that an export hands over by itself: under a tag, or because it refers to something that has one. */
export interface ContentEntry {
  readonly mediaType: string
  readonly digest: Digest
  readonly sizeBytes: number
  readonly artifactType: string | undefined
  /** With the name of its image: `v1`, `library/nginx:v1`. */
  readonly tag: { readonly name: string; readonly image: string } | undefined
}

/** Where an export puts a repository. Blobs and children come before what names them. */
export interface ContentSink {
  hasContent(digest: Digest, sizeBytes: number): Promise<boolean>
  addBlob(blob: OfferedBlob): Promise<void>
  addManifest(manifest: OfferedManifest): Promise<void>
  addEntry(entry: ContentEntry): Promise<void>
}

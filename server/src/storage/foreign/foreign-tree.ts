import type { ForeignBytes } from '../blob-store.ts'

export interface TreeEntry {
  readonly name: string
  readonly isFolder: boolean
}

/** Another program's files, in a folder or a bucket: read, and never written. Paths are relative and use `/`. */
export interface ForeignTree extends AsyncDisposable {
  /** The entries directly in the folder, in no order; none when there is no folder. */
  list(folder: string): AsyncIterable<TreeEntry>
  /** Bytes; undefined when there is no such file. */
  sizeOf(path: string): Promise<number | undefined>
  /** Of a small file, whole; undefined when there is none. */
  read(path: string): Promise<Uint8Array | undefined>
  open(path: string): Promise<AsyncIterable<Uint8Array>>
  placeOf(path: string): ForeignBytes
}

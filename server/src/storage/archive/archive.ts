/**
 * A place for copies that outlive the registry: a folder or a bucket, written by `berth backup`. Files in it are
 * written whole and never changed, only replaced or deleted.
 */
export interface Archive extends AsyncDisposable {
  /** For people: the folder, or `s3://bucket/prefix`. */
  readonly name: string
  /** Bytes; undefined when nothing lies there. */
  sizeOf(key: string): Promise<number | undefined>
  /** Undefined when nothing lies there. */
  read(key: string): Promise<AsyncIterable<Uint8Array> | undefined>
  /**
   * Writes everything that `bytes` gives, or nothing. An error of `bytes` is rethrown unchanged, and the older file
   * stays. Durable when it returns. Returns the size in bytes.
   */
  write(key: string, bytes: AsyncIterable<Uint8Array>): Promise<number>
  /**
   * As `write`, with the bytes of a local file, shared with it where the file system can; only in archives that lie in
   * a file system. `verify` reads the bytes before they are kept, and throws to refuse them. The file must have no
   * writer.
   */
  writeFile?(key: string, path: string, verify: (bytes: AsyncIterable<Uint8Array>) => Promise<void>): Promise<number>
  /** The local file with the bytes, in archives that lie in a file system. Says nothing about whether there are any. */
  pathOf?(key: string): string
  /** Everything below a prefix that ends in `/`, in no order. */
  list(below: string): AsyncIterable<{ readonly key: string; readonly size: number; readonly modifiedAt: number }>
  /** No error where nothing lies. */
  delete(keys: readonly string[]): Promise<void>
}

const keyPattern = /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[\w.-]+(?:\/[\w.-]+)*$/

/** Keys come back from manifests that somebody may have changed. @throws Error when it could lead elsewhere */
export function assertArchiveKey(key: string): void {
  if (!keyPattern.test(key)) throw new Error(`not a key of an archive: ${JSON.stringify(key)}`)
}

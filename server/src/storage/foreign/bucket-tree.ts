import type { ForeignBytes } from '../blob-store.ts'
import { StorageUnavailable } from '../blob-store.ts'
import type { Bucket } from '../s3/bucket.ts'
import type { ForeignTree, TreeEntry } from './foreign-tree.ts'

export class BucketTree implements ForeignTree {
  readonly #bucket: Bucket
  readonly #prefix: string

  /** `prefix` is that of the bucket: keys of `placeOf` are counted from the bucket's root. */
  constructor(bucket: Bucket, prefix: string) {
    this.#bucket = bucket
    this.#prefix = prefix
  }

  async *list(folder: string): AsyncGenerator<TreeEntry> {
    yield* this.#bucket.listFolder(`${folder}/`, `list ${folder}`)
  }

  async sizeOf(path: string): Promise<number | undefined> {
    return await this.#bucket.sizeOf(path, `look for ${path}`)
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    return (await this.#bucket.get(path, `read ${path}`))?.bytes
  }

  async open(path: string): Promise<AsyncIterable<Uint8Array>> {
    const stream = await this.#bucket.stream(path, undefined, `read ${path}`)
    if (stream === undefined) throw new StorageUnavailable(`cannot read ${path}: it is gone`)
    return stream
  }

  placeOf(path: string): ForeignBytes {
    const { endpoint, name } = this.#bucket
    return { kind: 'object', endpoint, bucket: name, key: `${this.#prefix}${path}` }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#bucket.dispose()
  }
}

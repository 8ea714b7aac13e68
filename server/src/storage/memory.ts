import type { Digest } from '#contract/digest.ts'
import {
  StagedBytesMissing,
  type BlobBody,
  type BlobLocation,
  type BlobStore,
  type StoredRange,
  type UploadId,
} from './blob-store.ts'
import { beforeQuarantine, blobLocation, isQuarantined, parseLocation, quarantineOf, stagedKey } from './layout.ts'

interface Stored {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly modifiedAt: number
}

/** Passes the same contract suite as every store, so domain tests can trust it. Nothing survives it. */
export function composeMemoryBlobStore(): BlobStore {
  return new MemoryBlobStore()
}

class MemoryBlobStore implements BlobStore {
  readonly #blobs = new Map<BlobLocation, Stored>()
  readonly #staged = new Map<UploadId, Stored>()

  async sizeOf(location: BlobLocation): Promise<number | undefined> {
    return this.#blobs.get(parseLocation(location))?.bytes.byteLength
  }

  async open(location: BlobLocation, range?: StoredRange): Promise<BlobBody | undefined> {
    const stored = this.#blobs.get(parseLocation(location))
    if (stored === undefined) return undefined
    return new Blob([range === undefined ? stored.bytes : stored.bytes.subarray(range.start, range.end + 1)])
  }

  async append(
    upload: UploadId,
    offset: number,
    bytes: AsyncIterable<Uint8Array>,
    observe: (chunk: Uint8Array) => void,
  ): Promise<number> {
    const chunks: Uint8Array[] = [this.#stagedUpTo(upload, offset)]
    // As on a disk, bytes of an append that fails half-way may stay; the next append drops them.
    try {
      for await (const chunk of bytes) {
        observe(chunk)
        chunks.push(chunk)
      }
    } finally {
      this.#staged.set(upload, { bytes: concat(chunks), modifiedAt: Date.now() })
    }
    return this.#staged.get(upload)!.bytes.byteLength
  }

  async readStaged(upload: UploadId, size: number): Promise<ReadableStream<Uint8Array>> {
    return new Blob([this.#stagedUpTo(upload, size)]).stream()
  }

  async commit(upload: UploadId, digest: Digest, size: number): Promise<BlobLocation> {
    const location = blobLocation(digest, upload)
    this.#blobs.set(location, { bytes: this.#stagedUpTo(upload, size), modifiedAt: Date.now() })
    this.#staged.delete(upload)
    return location
  }

  async discard(upload: UploadId): Promise<void> {
    stagedKey(upload)
    this.#staged.delete(upload)
  }

  async delete(locations: readonly BlobLocation[]): Promise<void> {
    for (const location of locations) {
      parseLocation(beforeQuarantine(location))
      this.#blobs.delete(location)
    }
  }

  quarantineOf(location: BlobLocation): BlobLocation {
    return quarantineOf(parseLocation(location))
  }

  async setAside(location: BlobLocation): Promise<void> {
    const bytes = this.#blobs.get(parseLocation(location))
    if (bytes === undefined) return
    this.#blobs.delete(location)
    this.#blobs.set(quarantineOf(location), bytes)
  }

  async *walk(): AsyncIterable<{ location: BlobLocation; size: number; modifiedAt: number }> {
    for (const [location, { bytes, modifiedAt }] of [...this.#blobs]) {
      if (isQuarantined(location)) continue
      yield { location, size: bytes.byteLength, modifiedAt }
    }
  }

  async *walkStaged(): AsyncIterable<{ upload: UploadId; modifiedAt: number }> {
    for (const [upload, { modifiedAt }] of [...this.#staged]) yield { upload, modifiedAt }
  }

  async probe(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    this.#blobs.clear()
    this.#staged.clear()
  }

  #stagedUpTo(upload: UploadId, size: number): Uint8Array<ArrayBuffer> {
    stagedKey(upload)
    const bytes = this.#staged.get(upload)?.bytes ?? new Uint8Array()
    if (bytes.byteLength >= size) return bytes.subarray(0, size)
    throw new StagedBytesMissing(`upload ${upload} has ${bytes.byteLength} staged bytes of ${size}`)
  }
}

function concat(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0))
  let position = 0
  for (const chunk of chunks) {
    all.set(chunk, position)
    position += chunk.byteLength
  }
  return all
}

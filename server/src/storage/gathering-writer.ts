import { writevSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { releaseBytes } from '../runtime/release-bytes.ts'
import type { WriteBudget } from './write-budget.ts'

/** Small chunks are gathered into writes of at least this size; their number is limited by IOV_MAX. */
const writeSizeBytes = 1 << 18
const writeChunks = 512

/** Of one file. The file system does one after the other anyway; more would only hold threads. */
const concurrentWrites = 2

interface Gathered {
  readonly chunks: Uint8Array[]
  readonly sizeBytes: number
  readonly position: number
}

/**
 * Writes chunks from `position` on in threads of the runtime's pool while the next ones arrive. Chunks are
 * its own from `write` on.
 *
 * When too much is on its way already, it writes at once, in the event loop: the page cache takes 256 KiB in
 * a tenth of a millisecond, and the clients' bytes stay in the kernel meanwhile. Waiting instead would let
 * Bun read up to 1.5 MiB ahead for each waiting upload (measured with 1.4.5: peak 210 MB against 105 MB
 * with 64 uploads). Only while the disk proves slow does the upload wait.
 */
export class GatheringWriter {
  readonly #file: FileHandle
  readonly #budget: WriteBudget
  #position: number
  #chunks: Uint8Array[] = []
  #chunksBytes = 0
  #failure: { readonly error: unknown } | undefined
  readonly #writing = new Set<Promise<void>>()

  constructor(file: FileHandle, position: number, budget: WriteBudget) {
    this.#file = file
    this.#position = position
    this.#budget = budget
  }

  /**
   * Returns a promise when the caller must wait before it brings more.
   * @throws what this or an earlier write failed with
   */
  write(chunk: Uint8Array): Promise<void> | undefined {
    this.#chunks.push(chunk)
    this.#chunksBytes += chunk.byteLength
    if (this.#chunksBytes < writeSizeBytes && this.#chunks.length < writeChunks) return undefined
    if (this.#failure !== undefined) throw this.#failure.error
    if (this.#budget.hasRoom() && this.#writing.size < concurrentWrites) {
      this.#startWrite(this.#takeGathered())
      return undefined
    }
    if (!this.#budget.writesAreQuick()) return this.#waitAndWrite()
    const gathered = this.#takeGathered()
    this.#budget.timed(() => writeNow(this.#file, gathered))
    releaseBytes(gathered.chunks)
    return undefined
  }

  /** Writes what is left and returns the position behind the last byte. */
  async end(): Promise<number> {
    if (this.#chunks.length > 0) this.#startWrite(this.#takeGathered())
    await this.settled()
    if (this.#failure !== undefined) throw this.#failure.error
    return this.#position
  }

  /** Waits until no write is on its way, so that the file can be closed. Never rejects. */
  async settled(): Promise<void> {
    while (this.#writing.size > 0) await Promise.all(this.#writing)
  }

  async #waitAndWrite(): Promise<void> {
    const gathered = this.#takeGathered()
    this.#budget.take(gathered.sizeBytes)
    while (this.#writing.size >= concurrentWrites) await Promise.race(this.#writing)
    this.#budget.give(gathered.sizeBytes)
    this.#startWrite(gathered)
    await this.#budget.room()
  }

  #takeGathered(): Gathered {
    const gathered = { chunks: this.#chunks, sizeBytes: this.#chunksBytes, position: this.#position }
    this.#position += gathered.sizeBytes
    this.#chunks = []
    this.#chunksBytes = 0
    return gathered
  }

  #startWrite(gathered: Gathered): void {
    this.#budget.take(gathered.sizeBytes)
    const writing = writeInThread(this.#file, gathered)
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => {
        this.#writing.delete(writing)
        this.#budget.give(gathered.sizeBytes)
        releaseBytes(gathered.chunks)
      })
    this.#writing.add(writing)
  }
}

// A write may take less than it was given: a nearly full disk does that before it says so.

async function writeInThread(file: FileHandle, { chunks, sizeBytes, position }: Gathered): Promise<void> {
  for (let rest = chunks, done = 0; ; rest = behind(chunks, done)) {
    done += (await file.writev(rest, position + done)).bytesWritten
    if (done === sizeBytes) return
  }
}

function writeNow(file: FileHandle, { chunks, sizeBytes, position }: Gathered): void {
  for (let rest = chunks, done = 0; ; rest = behind(chunks, done)) {
    done += writevSync(file.fd, rest, position + done)
    if (done === sizeBytes) return
  }
}

function behind(chunks: readonly Uint8Array[], doneBytes: number): Uint8Array[] {
  return [Buffer.concat(chunks).subarray(doneBytes)]
}

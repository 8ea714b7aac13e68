import { StorageFull } from './blob-store.ts'
import { storageError } from './storage-errors.ts'
import { volumeOf, type Volume } from './volume.ts'

const maxReservedBytes = 64 << 20
const reservedShare = 0.05
const lookEveryBytes = 16 << 20
const lookEveryMs = 1_000

/**
 * Reserves some of a disk for the database and for garbage collection. Without the reserve, a full disk could only be
 * emptied by hand.
 */
export class FreeSpace {
  readonly #look: () => Promise<Volume>
  #room = 0
  #lookedAt = Number.NEGATIVE_INFINITY
  #takenSince = 0
  #looking: Promise<void> | undefined

  constructor(folder: string, look: () => Promise<Volume> = () => volumeOf(folder)) {
    this.#look = look
  }

  /** Counts bytes that were written; the disk is looked at now and then, not every time. */
  take(bytes: number): void {
    this.#takenSince += bytes
  }

  /** @throws StorageFull when only the reserve is left, StorageUnavailable when the disk cannot be looked at */
  async assertRoom(): Promise<void> {
    const stale = performance.now() - this.#lookedAt > lookEveryMs || this.#takenSince > lookEveryBytes
    if (stale) await (this.#looking ??= this.#measure().finally(() => (this.#looking = undefined)))
    if (this.#room > this.#takenSince) return
    throw new StorageFull(
      'the disk is full: its last free space is reserved for the database and for deletions; delete artifacts or add space',
    )
  }

  async #measure(): Promise<void> {
    try {
      const { totalBytes, freeBytes } = await this.#look()
      this.#room = freeBytes - Math.min(maxReservedBytes, totalBytes * reservedShare)
    } catch (error) {
      throw storageError(error, 'look at the disk')
    }
    this.#lookedAt = performance.now()
    this.#takenSince = 0
  }
}

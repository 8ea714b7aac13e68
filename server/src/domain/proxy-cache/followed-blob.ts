import { setTimeout as pause } from 'node:timers/promises'
import type { Digest } from '#contract/digest.ts'
import type { StagedView } from '../../storage/blob-store.ts'
import { readableBytes, type GrowingBlob, type GrowingReader } from './growing-blob.ts'

/** The other process ended without storing the blob: died, failed, or lost it to a third. */
export class DownloadInterrupted extends Error {
  override readonly name = 'DownloadInterrupted'
}

export interface Followed {
  readonly digest: Digest
  readonly sizeBytes: number
  /** Undefined when nothing is staged any more. */
  readonly view: () => Promise<StagedView | undefined>
  /** How it stands by now: under way by the same process, stored, or neither. */
  readonly look: () => Promise<'running' | 'stored' | 'ended'>
}

const lookEveryMs = 250
const pollMs = 25

/** A blob that another process of this store downloads: read from the bytes that it has staged. */
export class FollowedBlob implements GrowingBlob {
  readonly #followed: Followed

  constructor(followed: Followed) {
    this.#followed = followed
  }

  get sizeBytes(): number {
    return this.#followed.sizeBytes
  }

  async hold(): Promise<GrowingReader> {
    return new FollowingReader(this.#followed, await this.#followed.view())
  }
}

class FollowingReader implements GrowingReader {
  readonly #followed: Followed
  readonly #view: StagedView | undefined
  #state: 'running' | 'stored' | 'ended' = 'running'
  #lookedAt = 0

  constructor(followed: Followed, view: StagedView | undefined) {
    this.#followed = followed
    this.#view = view
  }

  async read(start: number, maxBytes: number): Promise<Uint8Array> {
    const { digest, sizeBytes } = this.#followed
    const view = this.#view
    if (view === undefined) throw new DownloadInterrupted(`nothing of ${digest} is staged any more`)
    for (;;) {
      const end = readableBytes(await view.size(), sizeBytes, this.#state === 'stored')
      if (start < end) {
        const bytes = await view.read(start, Math.min(maxBytes, end - start))
        if (bytes.byteLength > 0) return bytes
        throw new DownloadInterrupted(`the staged bytes of ${digest} ended at ${start}`)
      }
      if (this.#state === 'ended') throw new DownloadInterrupted(`the download of ${digest} by another process ended`)
      await pause(pollMs)
      await this.#lookFromTimeToTime()
    }
  }

  async #lookFromTimeToTime(): Promise<void> {
    const now = performance.now()
    if (now - this.#lookedAt < lookEveryMs) return
    this.#lookedAt = now
    this.#state = await this.#followed.look()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#view?.[Symbol.asyncDispose]()
  }
}

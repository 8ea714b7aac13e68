import type { FileHandle } from 'node:fs/promises'
import type { UploadId } from './blob-store.ts'

/**
 * Files of uploads that stay open between the requests of a push, so that a small one opens its file once. Holds a
 * bounded number; the one longest unused is closed. A file that is taken out belongs to the taker.
 */
export class StagedFiles implements AsyncDisposable {
  readonly #capacity: number
  readonly #files = new Map<UploadId, FileHandle>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  take(upload: UploadId): FileHandle | undefined {
    const file = this.#files.get(upload)
    this.#files.delete(upload)
    return file
  }

  async keep(upload: UploadId, file: FileHandle): Promise<void> {
    this.#files.set(upload, file)
    if (this.#files.size <= this.#capacity) return
    for (const [oldest, oldestFile] of this.#files) {
      this.#files.delete(oldest)
      return await oldestFile.close()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const files = [...this.#files.values()]
    this.#files.clear()
    await Promise.all(files.map((file) => file.close()))
  }
}

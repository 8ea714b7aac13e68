import type { BlobStager, UploadId } from '../../storage/blob-store.ts'
import { DomainError } from '../errors.ts'
import type { UploadRow } from './upload-rows.ts'

/** Sees to it that one request at a time writes to an upload, whichever process it reaches. */
export class UploadWriters {
  readonly #store: Pick<BlobStager, 'claim'>
  readonly #shared: boolean
  /** Uploads that a request of this process is writing to now. */
  readonly #busy = new Set<UploadId>()

  /** `shared`: other processes write to the store too. */
  constructor(store: Pick<BlobStager, 'claim'>, { shared }: { readonly shared: boolean }) {
    this.#store = store
    this.#shared = shared
  }

  /**
   * `find` is asked again once nobody else can write: another process may have moved the offset, or ended the upload.
   * @throws DomainError TOO_MANY_REQUESTS when another request is at it
   */
  async exclusively<T>(id: UploadId, find: () => Promise<UploadRow>, work: (row: UploadRow) => Promise<T>): Promise<T> {
    if (this.#busy.has(id)) throw otherWriter()
    this.#busy.add(id)
    try {
      const row = await find()
      if (!this.#claims(this.#store)) return await work(row)
      await using claim = await this.#store.claim(id, row.offset)
      if (claim === undefined) throw otherWriter()
      return await work(await find())
    } finally {
      this.#busy.delete(id)
    }
  }

  /** Does `work` unless a request is writing to the upload. Returns whether it was done. */
  async unlessBusy(id: UploadId, work: () => Promise<void>): Promise<boolean> {
    if (this.#busy.has(id)) return false
    if (!this.#claims(this.#store)) {
      await work()
      return true
    }
    await using claim = await this.#store.claim(id, 0)
    if (claim === undefined) return false
    await work()
    return true
  }

  #claims(store: Pick<BlobStager, 'claim'>): store is Required<Pick<BlobStager, 'claim'>> {
    return this.#shared && store.claim !== undefined
  }
}

function otherWriter(): DomainError {
  return new DomainError('TOO_MANY_REQUESTS', 'another request is writing to this upload; wait for it to end', {
    retryAfterSeconds: 1,
  })
}

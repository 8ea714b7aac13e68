import { StagedBytesMissing, type UploadId } from '../blob-store.ts'
import { stagedKey, uploadedLocation } from '../layout.ts'
import type { Bucket } from './bucket.ts'
import { partBytes, wholeParts, type PartPlan } from './part-plan.ts'
import { isNoSuchUpload, s3Error } from './s3-errors.ts'

/** Longer ones are fetched again when they are needed. */
const cachedTailBytes = 32 * 1024

const tailPattern = /^tail\.(0|[1-9]\d{0,15})$/

interface Tail {
  /** Undefined: not cached. */
  readonly bytes: Uint8Array | undefined
  /** Written through this object, which has seen every later change: it begins with the bytes that come before it. */
  readonly own: boolean
  /**
   * The ETag of the object that this process wrote or has read, and so of the bytes that were hashed. Another process
   * may put another object in its place, by mistake or because a client wants it to. Its ETag differs.
   */
  etag: string | undefined
}

/**
 * The staged bytes of one upload: whole parts of a multipart upload at the blob's final key, and behind them a tail, an
 * object of its own, because S3 keeps no part smaller than 5 MiB before the last. The bucket has everything, so any
 * process can go on. The memory of this one only saves it the look-ups.
 */
export class StagedUpload {
  /** ETags of parts that are stored, by number - 1. */
  readonly etags: string[] = []
  /** The store's id of the multipart upload; undefined while no part was full. */
  multipart: string | undefined
  /** The parts were put together, because that is the only way to read them: so many bytes lie at the final key. */
  sealedBytes: number | undefined
  /** By the offset that each ends at. */
  readonly #tails = new Map<number, Tail>()

  /** Looked up in the bucket, where others may have written since the bytes were hashed. */
  readonly found: boolean
  readonly upload: UploadId
  readonly #bucket: Bucket
  readonly #plan: PartPlan

  constructor(upload: UploadId, bucket: Bucket, plan: PartPlan, found = false) {
    stagedKey(upload)
    this.found = found
    this.upload = upload
    this.#bucket = bucket
    this.#plan = plan
  }

  /** The staged bytes in the bucket, whichever process put them there. */
  static async find(upload: UploadId, bucket: Bucket, plan: PartPlan): Promise<StagedUpload> {
    const staged = new StagedUpload(upload, bucket, plan, true)
    const folder = `${stagedKey(upload)}/`
    for await (const { key } of bucket.list(folder, 'look for staged bytes')) {
      const name = key.slice(folder.length)
      const tail = tailPattern.exec(name)?.[1]
      if (tail !== undefined) staged.#tails.set(Number(tail), { bytes: undefined, own: false, etag: undefined })
      if (name === 'multipart') {
        const id = await bucket.get(key, 'look for staged bytes')
        if (id !== undefined) staged.multipart = new TextDecoder().decode(id.bytes)
      }
    }
    if (staged.multipart !== undefined) await staged.#findParts(staged.multipart)
    return staged
  }

  async #findParts(multipart: string): Promise<void> {
    try {
      const parts = await this.#bucket.listParts(uploadedLocation(this.upload), multipart)
      // A part of another size is the rest of an upload that ended: what counts ends before it.
      for (let number = 1; parts.get(number)?.size === partBytes(this.#plan, number); number++) {
        this.etags.push(parts.get(number)!.etag)
      }
    } catch (error) {
      if (!isNoSuchUpload(error)) throw s3Error(error, 'look for staged bytes')
      // Put together already: by a process that died before it could say so.
      this.sealedBytes = await this.#bucket.sizeOf(uploadedLocation(this.upload), 'look for staged bytes')
      this.multipart = undefined
    }
  }

  get isEmpty(): boolean {
    return this.multipart === undefined && this.#tails.size === 0 && this.sealedBytes === undefined
  }

  /** Whether the bytes before `offset` are known to lie in the bucket. */
  holds(offset: number): boolean {
    if (this.sealedBytes !== undefined) return this.sealedBytes === offset
    const whole = wholeParts(this.#plan, offset)
    return this.etags.length >= whole.count && (whole.bytes === offset || this.#tailFor(offset) !== undefined)
  }

  /** The bytes between the last whole part before `offset` and `offset`. @throws StagedBytesMissing */
  async tail(offset: number): Promise<Uint8Array> {
    const whole = wholeParts(this.#plan, offset)
    if (this.etags.length < whole.count) throw this.missing(offset)
    if (whole.bytes === offset) return new Uint8Array()
    const end = this.#tailFor(offset)
    if (end === undefined) throw this.missing(offset)
    const tail = this.#tails.get(end)!
    const bytes = tail.bytes ?? (await this.#readTail(end, tail))
    if (bytes === undefined || bytes.byteLength < offset - whole.bytes) throw this.missing(offset)
    return bytes.subarray(0, offset - whole.bytes)
  }

  async #readTail(end: number, tail: Tail): Promise<Uint8Array | undefined> {
    const read = await this.#bucket.get(this.#tailKey(end), 'read staged bytes')
    if (read === undefined) return undefined
    if (tail.etag !== undefined && read.etag !== tail.etag) return undefined
    tail.etag = read.etag
    return read.bytes
  }

  /** The object that is all the staged bytes before `offset`, when it is large enough to be copied where it lies. */
  wholeTail(offset: number): { readonly key: string; readonly etag: string } | undefined {
    const tail = this.#tails.get(offset)
    if (wholeParts(this.#plan, offset).count > 0 || tail?.etag === undefined || tail.bytes !== undefined)
      return undefined
    return { key: this.#tailKey(offset), etag: tail.etag }
  }

  async putTail(offset: number, bytes: Uint8Array): Promise<void> {
    const etag = await this.#bucket.put(this.#tailKey(offset), bytes, 'store the bytes received')
    // A copy: what is left of the part's buffer must not be kept with it.
    const remembered = bytes.byteLength <= cachedTailBytes ? bytes.slice() : undefined
    this.#tails.set(offset, { bytes: remembered, own: true, etag })
  }

  /** Stores one whole part, or the last one, whatever its size. */
  async putPart(partNumber: number, bytes: Uint8Array): Promise<void> {
    const key = uploadedLocation(this.upload)
    if (this.multipart === undefined) {
      const multipart = await this.#bucket.createMultipart(key, 'store the bytes received')
      try {
        const id = new TextEncoder().encode(multipart)
        await this.#bucket.put(`${stagedKey(this.upload)}/multipart`, id, 'store the bytes received')
      } catch (error) {
        await this.#bucket.abortMultipart(key, multipart).catch(() => undefined) // the first error says why
        throw error
      }
      this.multipart = multipart
    }
    try {
      this.etags[partNumber - 1] = await this.#bucket.uploadPart(key, this.multipart, partNumber, bytes)
    } catch (error) {
      if (isNoSuchUpload(error)) throw this.missing(partNumber)
      throw s3Error(error, 'store the bytes received')
    }
  }

  /** Forgets the parts behind `offset`: they are about to be written anew. */
  cutAt(offset: number): void {
    this.etags.length = Math.min(this.etags.length, wholeParts(this.#plan, offset).count)
  }

  /** Deletes the tails that end elsewhere than at one of `offsets`. */
  async deleteTailsBut(offsets: readonly number[]): Promise<void> {
    const gone = [...this.#tails.keys()].filter((end) => !offsets.includes(end))
    if (gone.length === 0) return
    await this.#bucket.delete(
      gone.map((end) => this.#tailKey(end)),
      'delete staged bytes',
    )
    for (const end of gone) this.#tails.delete(end)
  }

  /** Deletes everything but what lies at the final key. */
  async deleteStaged(): Promise<void> {
    const keys = [...this.#tails.keys()].map((end) => this.#tailKey(end))
    if (this.multipart !== undefined || this.sealedBytes !== undefined) keys.push(`${stagedKey(this.upload)}/multipart`)
    if (keys.length > 0) await this.#bucket.delete(keys, 'delete staged bytes')
    this.#tails.clear()
  }

  missing(wanted: number): StagedBytesMissing {
    return new StagedBytesMissing(`upload ${this.upload} does not have ${wanted} staged bytes`)
  }

  /** The end of the tail that the bytes before `offset` can be taken from. */
  #tailFor(offset: number): number | undefined {
    if (this.#tails.has(offset)) return offset
    const { count } = wholeParts(this.#plan, offset)
    const longer = [...this.#tails].filter(
      ([end, { own }]) => own && end > offset && wholeParts(this.#plan, end).count === count,
    )
    return longer.length === 0 ? undefined : Math.min(...longer.map(([end]) => end))
  }

  #tailKey(end: number): string {
    return `${stagedKey(this.upload)}/tail.${end}`
  }
}

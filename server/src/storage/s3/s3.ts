import type { Digest } from '#contract/digest.ts'
import { LruMap } from '../../runtime/lru-map.ts'
import {
  StagedBytesMissing,
  StorageUnavailable,
  type Adoption,
  type BlobBody,
  type BlobLocation,
  type BlobStore,
  type ForeignBytes,
  type StoredRange,
  type UploadId,
} from '../blob-store.ts'
import {
  beforeQuarantine,
  blobsKey,
  findAdoptedKey,
  findAdoptedLocation,
  findStagedUpload,
  findUploadedLocation,
  parseUploadedLocation,
  quarantineOf,
  uploadedLocation,
  uploadsKey,
} from '../layout.ts'
import type { Bucket } from './bucket.ts'
import { alikePlan, maxBytes, maxParts, partBytes, standardPlan, wholeParts, type PartPlan } from './part-plan.ts'
import { isInvalidPart, isNoSuchUpload, s3Error } from './s3-errors.ts'
import { StagedUpload } from './staged-upload.ts'

/** Uploads whose staged bytes this process knows without looking; a look costs a list and a few reads. */
const cachedUploads = 2_000

/**
 * The blob store in a bucket. Parts go straight to the blob's final key while they come in, so that finishing an upload
 * copies nothing but what lies behind its last whole part (less than 5 MiB).
 */
export function composeS3BlobStore(options: { readonly bucket: Bucket; readonly plan?: PartPlan }): BlobStore {
  return new S3BlobStore(
    options.bucket,
    options.plan ?? (options.bucket.capabilities.partsAlike ? alikePlan : standardPlan),
  )
}

class S3BlobStore implements BlobStore {
  readonly #bucket: Bucket
  readonly #root: Bucket
  readonly #plan: PartPlan
  readonly #known = new LruMap<UploadId, StagedUpload>(cachedUploads)

  readonly maxBytes: number

  constructor(bucket: Bucket, plan: PartPlan) {
    this.#bucket = bucket
    this.#root = bucket.root
    this.#plan = plan
    this.maxBytes = maxBytes(plan)
  }

  async sizeOf(location: BlobLocation): Promise<number | undefined> {
    const { bucket, key } = this.#placeOf(location)
    return await bucket.sizeOf(key, 'look for a blob')
  }

  async open(location: BlobLocation, range?: StoredRange): Promise<BlobBody | undefined> {
    const { bucket, key } = this.#placeOf(location)
    return await bucket.body(key, range, 'read a blob')
  }

  async presign(location: BlobLocation, lifetimeSeconds: number): Promise<string> {
    const { bucket, key } = this.#placeOf(location)
    return await bucket.presign(key, lifetimeSeconds)
  }

  async append(
    upload: UploadId,
    offset: number,
    bytes: AsyncIterable<Uint8Array>,
    observe: (chunk: Uint8Array) => void,
  ): Promise<number> {
    const staged = await this.#find(upload, offset)
    if (staged.sealedBytes !== undefined) throw staged.missing(offset)
    const writer = new PartWriter(staged, this.#plan, offset, await staged.tail(offset))
    // Not cached while it changes: the bucket is asked again after a failure.
    this.#known.delete(upload)
    staged.cutAt(offset)
    try {
      for await (const chunk of bytes) {
        observe(chunk)
        await writer.write(chunk)
      }
      await writer.end()
    } finally {
      await writer.settled()
    }
    // The one at `offset` stays: should the new offset get lost, the upload goes on from the old one.
    await staged.deleteTailsBut([offset, writer.position])
    this.#known.set(upload, staged)
    return writer.position
  }

  async readStaged(upload: UploadId, size: number): Promise<ReadableStream<Uint8Array>> {
    const staged = await this.#find(upload, size)
    if (wholeParts(this.#plan, size).count === 0 && staged.sealedBytes === undefined) {
      return new Blob([new Uint8Array(await staged.tail(size))]).stream()
    }
    // S3 does not read parts back before they are put together.
    await this.#seal(staged, size)
    const range = { start: 0, end: size - 1 }
    const stream = await this.#bucket.stream(uploadedLocation(upload), range, 'read staged bytes')
    if (stream === undefined) throw staged.missing(size)
    return stream
  }

  /**
   * Parts that were looked up may be another process's. Bytes that were read back since are pinned, and their reader
   * hashed them.
   */
  tookAll(upload: UploadId, size: number): boolean {
    const known = this.#known.get(upload)
    return known !== undefined && !known.found && known.holds(size)
  }

  async commit(upload: UploadId, _digest: Digest, size: number): Promise<BlobLocation> {
    const location = uploadedLocation(upload)
    const staged = await this.#find(upload, size)
    if (staged.sealedBytes !== undefined || wholeParts(this.#plan, size).count > 0) {
      await this.#seal(staged, size)
    } else {
      await this.#putWhole(staged, size, location)
    }
    this.#known.delete(upload)
    await staged.deleteStaged()
    return location
  }

  async discard(upload: UploadId, { neverCommitted = false } = {}): Promise<void> {
    const known = this.#known.get(upload)
    this.#known.delete(upload)
    const staged = known ?? (await StagedUpload.find(upload, this.#bucket, this.#plan))
    if (staged.multipart !== undefined) await this.#abort(staged, staged.multipart)
    // Else only what this process sealed to read it: what another sealed may be a blob by now.
    if (neverCommitted || known?.sealedBytes !== undefined) await this.delete([uploadedLocation(upload)])
    await staged.deleteStaged()
  }

  /** Bytes that stay with another registry are that registry's to delete. */
  async delete(locations: readonly BlobLocation[]): Promise<void> {
    const own = locations.map(beforeQuarantine).filter((location) => findAdoptedKey(location) === undefined)
    await this.#bucket.delete(own.map(parseUploadedLocation), 'delete blobs')
  }

  prepareAdoption(
    upload: UploadId,
    source: ForeignBytes,
    { size }: { readonly digest: Digest; readonly size: number },
    inPlace: boolean,
  ): Adoption | undefined {
    if (source.kind !== 'object' || source.endpoint !== this.#bucket.endpoint) return undefined
    if (inPlace) {
      const location = source.bucket === this.#bucket.name ? findAdoptedLocation(source.key) : undefined
      return location === undefined ? undefined : { location, carryOut: () => Promise.resolve(true) }
    }
    const location = uploadedLocation(upload)
    const carryOut = async () => {
      await this.#bucket.copyFrom({ ...source, size }, location, 'take over a blob')
      return true
    }
    return { location, carryOut }
  }

  quarantineOf(location: BlobLocation): BlobLocation {
    return quarantineOf(assertOurs(location))
  }

  /** The row keeps readers away. Moving bytes that may be unreadable would cost a copy. */
  async setAside(location: BlobLocation): Promise<void> {
    assertOurs(location)
  }

  async *walk(): AsyncIterable<{ location: BlobLocation; size: number; modifiedAt: number }> {
    for await (const { key, size, modifiedAt } of this.#bucket.list(`${blobsKey}/`, 'list blobs')) {
      const location = findUploadedLocation(key)
      if (location !== undefined) yield { location, size, modifiedAt }
    }
  }

  async *walkStaged(): AsyncIterable<{ upload: UploadId; modifiedAt: number }> {
    let last: { upload: UploadId; modifiedAt: number } | undefined
    // In the order of their keys, so what belongs to one upload comes together.
    for await (const { key, modifiedAt } of this.#bucket.list(`${uploadsKey}/`, 'list uploads')) {
      const upload = findStagedUpload(key.slice(0, key.lastIndexOf('/')))
      if (upload === undefined) continue
      if (last?.upload === upload) last.modifiedAt = Math.max(last.modifiedAt, modifiedAt)
      else {
        if (last !== undefined) yield last
        last = { upload, modifiedAt }
      }
    }
    if (last !== undefined) yield last
  }

  async probe(): Promise<void> {
    const key = `probe-${crypto.randomUUID()}`
    await this.#bucket.put(key, new Uint8Array(16), 'write to the blob store')
    await this.#bucket.delete([key], 'write to the blob store')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#bucket.dispose()
  }

  #placeOf(location: BlobLocation): { readonly bucket: Bucket; readonly key: string } {
    const adopted = findAdoptedKey(location)
    return adopted === undefined
      ? { bucket: this.#bucket, key: parseUploadedLocation(location) }
      : { bucket: this.#root, key: adopted }
  }

  /** The upload as it is in the bucket, looked up unless this process knows what lies before `offset`. */
  async #find(upload: UploadId, offset: number): Promise<StagedUpload> {
    const known = this.#known.get(upload)
    if (known?.holds(offset) === true) return known
    if (offset === 0) return new StagedUpload(upload, this.#bucket, this.#plan)
    const found = await StagedUpload.find(upload, this.#bucket, this.#plan)
    if (!found.holds(offset)) throw found.missing(offset)
    this.#known.set(upload, found)
    return found
  }

  /** A blob that is no longer than a tail: by the service itself where it can be told which object is meant. */
  async #putWhole(staged: StagedUpload, size: number, location: BlobLocation): Promise<void> {
    const doing = 'make a blob durable'
    const whole = this.#bucket.capabilities.conditionalCopies ? staged.wholeTail(size) : undefined
    if (whole === undefined) return void (await this.#bucket.put(location, await staged.tail(size), doing))
    if (!(await this.#bucket.copy(whole.key, location, whole.etag, doing))) throw staged.missing(size)
  }

  /** Puts the first `size` bytes together at the final key, unless another process has. */
  async #seal(staged: StagedUpload, size: number): Promise<void> {
    try {
      await this.#putTogether(staged, size)
    } catch (error) {
      this.#known.delete(staged.upload)
      if (!(error instanceof StagedBytesMissing)) throw error
      const found = await StagedUpload.find(staged.upload, this.#bucket, this.#plan)
      if (found.sealedBytes !== size) throw error
      staged.multipart = undefined
      staged.sealedBytes = size
    }
  }

  async #putTogether(staged: StagedUpload, size: number): Promise<void> {
    if (staged.sealedBytes === size) return
    const { count } = wholeParts(this.#plan, size)
    const tail = await staged.tail(size)
    if (staged.multipart === undefined) throw staged.missing(size)
    if (tail.byteLength > 0) await staged.putPart(count + 1, tail)
    const etags = staged.etags.slice(0, count + (tail.byteLength > 0 ? 1 : 0))
    try {
      await this.#bucket.completeMultipart(uploadedLocation(staged.upload), staged.multipart, etags)
    } catch (error) {
      if (isNoSuchUpload(error)) throw staged.missing(size)
      if (isInvalidPart(error)) {
        throw new StorageUnavailable('cannot make a blob durable: another process wrote a part of it', { cause: error })
      }
      throw s3Error(error, 'make a blob durable')
    }
    staged.multipart = undefined
    staged.sealedBytes = size
    this.#known.set(staged.upload, staged)
  }

  async #abort(staged: StagedUpload, multipart: string): Promise<void> {
    try {
      await this.#bucket.abortMultipart(uploadedLocation(staged.upload), multipart)
    } catch (error) {
      if (!isNoSuchUpload(error)) throw s3Error(error, 'forget an upload')
    }
  }
}

/** Cuts what comes in into parts; one is on its way to the store while the next is gathered. */
class PartWriter {
  position: number
  readonly #start: number
  readonly #staged: StagedUpload
  readonly #plan: PartPlan
  #partNumber: number
  #part: Buffer<ArrayBuffer>
  #filled: number
  #sending: Promise<void> = Promise.resolve()

  constructor(staged: StagedUpload, plan: PartPlan, offset: number, tail: Uint8Array) {
    this.#staged = staged
    this.#plan = plan
    this.#start = offset
    this.position = offset
    this.#partNumber = wholeParts(plan, offset).count + 1
    this.#part = Buffer.allocUnsafeSlow(Math.max(firstCapacity, tail.byteLength))
    this.#part.set(tail)
    this.#filled = tail.byteLength
  }

  async write(chunk: Uint8Array): Promise<void> {
    let from = 0
    while (from < chunk.byteLength) {
      const size = partBytes(this.#plan, this.#partNumber)
      const taken = Math.min(chunk.byteLength - from, size - this.#filled)
      this.#reserve(this.#filled + taken, size)
      this.#part.set(chunk.subarray(from, from + taken), this.#filled)
      this.#filled += taken
      from += taken
      if (this.#filled === size) await this.#send()
    }
    this.position += chunk.byteLength
  }

  /** Stores what lies behind the last whole part, so that any process can go on from here. */
  async end(): Promise<void> {
    await this.#sending
    if (this.#filled === 0 || this.position === this.#start) return
    await this.#staged.putTail(this.position, this.#part.subarray(0, this.#filled))
  }

  /** Waits until nothing is on its way any more, however it ends. */
  async settled(): Promise<void> {
    await this.#sending.catch(() => undefined) // the error has come out of `write` or `end`, or another came first
  }

  async #send(): Promise<void> {
    if (this.#partNumber > maxParts) throw new StorageUnavailable('cannot store a blob of so many parts')
    await this.#sending
    const part = this.#part.subarray(0, this.#filled)
    this.#sending = this.#staged.putPart(this.#partNumber, part)
    this.#sending.catch(() => undefined) // the code that awaits it next sees the error
    this.#partNumber++
    this.#part = Buffer.allocUnsafeSlow(firstCapacity)
    this.#filled = 0
  }

  /** Grows by doubling: most uploads are small. */
  #reserve(needed: number, max: number): void {
    if (needed <= this.#part.byteLength) return
    const grown = Buffer.allocUnsafeSlow(Math.min(max, Math.max(needed, this.#part.byteLength * 2)))
    grown.set(this.#part.subarray(0, this.#filled))
    this.#part = grown
  }
}

const firstCapacity = 64 * 1024

function assertOurs(location: BlobLocation): BlobLocation {
  return findAdoptedKey(location) === undefined ? parseUploadedLocation(location) : location
}

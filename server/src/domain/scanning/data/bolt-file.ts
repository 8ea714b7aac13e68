import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const magic = 0xed0cdaed
const formatVersion = 2
const branchPage = 1
const leafPage = 2
const bucketFlag = 1
const pageHeaderBytes = 16
const elementBytes = 16
/** A damaged file must not lead in circles: no honest tree is deeper. */
const maxDepth = 32
const maxPageBytes = 256 * 1024 * 1024
/** An import walks the tree twice; a file whose branches lead to the same page again and again is read far more often. */
const maxReads = 4

/** The file is not what it should be; the sentence says where. */
export class BoltFileDamaged extends Error {
  override readonly name = 'BoltFileDamaged'
}

export type BoltEntry =
  | { readonly key: string; readonly value: Buffer }
  | { readonly key: string; readonly bucket: BoltBucket }

/**
 * Reads a bbolt file (go.etcd.io/bbolt, format 2), which is what trivy-db is: a tree of pages with nested buckets. Only what is
 * asked for is read.
 */
export class BoltFile implements Disposable {
  readonly #descriptor: number
  readonly #size: number
  readonly #pageBytes: number
  #readBytes = 0
  readonly root: BoltBucket

  /** @throws BoltFileDamaged */
  constructor(path: string) {
    this.#descriptor = openSync(path, 'r')
    try {
      this.#size = fstatSync(this.#descriptor).size
      const newest = [this.#meta(0), ...pageSizes.map((size) => this.#meta(size))]
        .filter((meta) => meta !== undefined)
        .toSorted((one, other) => Number(other.transaction - one.transaction))[0]
      if (newest === undefined) throw new BoltFileDamaged('the file has no valid first page of a bbolt database')
      this.#pageBytes = newest.pageBytes
      this.root = new BoltBucket(this, { page: newest.root })
    } catch (error) {
      closeSync(this.#descriptor)
      throw error
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor)
  }

  /** The page with all its overflow pages. */
  page(number: bigint): Buffer {
    const start = Number(number) * this.#pageBytes
    const header = this.#read(start, pageHeaderBytes)
    const bytes = (header.readUInt32LE(12) + 1) * this.#pageBytes
    if (bytes > maxPageBytes) throw new BoltFileDamaged(`page ${number} says that it has ${bytes} bytes`)
    this.#readBytes += bytes
    if (this.#readBytes > maxReads * this.#size) throw new BoltFileDamaged('its pages lead to each other in circles')
    return this.#read(start, bytes)
  }

  #meta(at: number) {
    if (this.#size < at + 80) return undefined
    const page = this.#read(at, 80)
    const meta = page.subarray(pageHeaderBytes)
    if (meta.readUInt32LE(0) !== magic || meta.readUInt32LE(4) !== formatVersion) return undefined
    if (meta.readBigUInt64LE(56) !== fnv1a(meta.subarray(0, 56))) return undefined
    const pageBytes = meta.readUInt32LE(8)
    if (!pageSizes.includes(pageBytes)) return undefined
    return { pageBytes, root: meta.readBigUInt64LE(16), transaction: meta.readBigUInt64LE(48) }
  }

  #read(start: number, bytes: number): Buffer {
    if (start + bytes > this.#size) throw new BoltFileDamaged(`the file ends before byte ${start + bytes}`)
    const buffer = Buffer.allocUnsafe(bytes)
    let got = 0
    while (got < bytes) {
      const read = readSync(this.#descriptor, buffer, got, bytes - got, start + got)
      if (read === 0) throw new BoltFileDamaged(`the file ends at byte ${start + got}`)
      got += read
    }
    return buffer
  }
}

const pageSizes = [4096, 8192, 16_384, 32_768, 65_536, 1024, 2048, 512]

export class BoltBucket {
  readonly #file: BoltFile
  readonly #place: { readonly page: bigint } | { readonly inline: Buffer }

  constructor(file: BoltFile, place: { readonly page: bigint } | { readonly inline: Buffer }) {
    this.#file = file
    this.#place = place
  }

  /** Keys in their order. @throws BoltFileDamaged */
  *entries(): Generator<BoltEntry> {
    yield* 'page' in this.#place ? this.#pageEntries(this.#place.page, 0) : this.#leaf(this.#place.inline)
  }

  *#pageEntries(number: bigint, depth: number): Generator<BoltEntry> {
    if (depth > maxDepth) throw new BoltFileDamaged('the tree is too deep')
    const page = this.#file.page(number)
    const flags = page.readUInt16LE(8)
    if (flags === leafPage) yield* this.#leaf(page)
    else if (flags === branchPage) {
      for (let index = 0; index < page.readUInt16LE(10); index += 1) {
        yield* this.#pageEntries(page.readBigUInt64LE(elementAt(page, index) + 8), depth + 1)
      }
    } else throw new BoltFileDamaged(`page ${number} has flags ${flags}`)
  }

  *#leaf(page: Buffer): Generator<BoltEntry> {
    for (let index = 0; index < page.readUInt16LE(10); index += 1) {
      const at = elementAt(page, index)
      const keyStart = at + page.readUInt32LE(at + 4)
      const valueStart = keyStart + page.readUInt32LE(at + 8)
      const valueEnd = valueStart + page.readUInt32LE(at + 12)
      if (valueEnd > page.length) throw new BoltFileDamaged('an entry reaches beyond its page')
      const key = page.toString('utf8', keyStart, valueStart)
      const value = page.subarray(valueStart, valueEnd)
      yield (page.readUInt32LE(at) & bucketFlag) === 0 ? { key, value } : { key, bucket: this.#nested(value) }
    }
  }

  #nested(value: Buffer): BoltBucket {
    if (value.length < 16) throw new BoltFileDamaged('a bucket has no header')
    const page = value.readBigUInt64LE(0)
    return new BoltBucket(this.#file, page === 0n ? { inline: value.subarray(16) } : { page })
  }
}

function elementAt(page: Buffer, index: number): number {
  const at = pageHeaderBytes + index * elementBytes
  if (at + elementBytes > page.length) throw new BoltFileDamaged('a page has fewer elements than it says')
  return at
}

function fnv1a(bytes: Buffer): bigint {
  let hash = 0xcbf29ce484222325n
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash
}

import type { DetectionLimits } from './limits.ts'
import { damaged, tooLarge, Unreadable } from './verdict.ts'

const blockBytes = 512
/** Of pax records, and of names that come in an entry of their own. */
const maxNameEntryBytes = 1024 * 1024

export type TarEntryType = 'file' | 'hardlink' | 'symlink' | 'folder' | 'other'

export interface TarEntry {
  /** Within the tree: without `.`, `..` and leading slashes. */
  readonly path: string
  readonly size: number
  /** Where its bytes begin in the archive. */
  readonly offset: number
  readonly type: TarEntryType
  readonly executable: boolean
  /** Of links: as it stands there. */
  readonly target: string
}

/** Takes the bytes of one file, as they come. */
export interface EntrySink {
  /** `false` ends it: no more of this file is wanted. */
  write(bytes: Uint8Array): boolean
  end(): void
}

export type OnEntry = (entry: TarEntry) => EntrySink | undefined

/**
 * Reads tar (ustar, pax, GNU) from chunks that are pushed. It keeps at most one block or one long name, whatever the archive
 * says; bodies go to the sinks that `onEntry` gives, and all others are passed over.
 */
export class TarReader {
  readonly #onEntry: OnEntry
  readonly #limits: DetectionLimits
  #entries = 0
  #position = 0
  #offset = 0
  /** Bytes of a block, or of a name entry, that are being gathered. */
  #gathered: Uint8Array = new Uint8Array(blockBytes)
  #gatheredBytes = 0
  #wantedBytes = blockBytes
  #state: 'header' | 'names' | 'sparse' | 'body' | 'end' = 'header'
  #namesType = ''
  #pax: Pax = {}
  #sink: EntrySink | undefined
  #pending: TarEntry | undefined
  #bodyBytes = 0
  #paddingBytes = 0

  constructor(onEntry: OnEntry, limits: DetectionLimits) {
    this.#onEntry = onEntry
    this.#limits = limits
  }

  /** @throws Unreadable, and what the sinks throw */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && this.#state !== 'end';) {
      const next = this.#state === 'body' ? this.#passBody(chunk, at) : this.#gather(chunk, at)
      this.#position += next - at
      at = next
    }
  }

  /** Bytes from here on that nobody wants: whoever can seek need not read them. */
  get skippableBytes(): number {
    return this.#state === 'body' && this.#sink === undefined ? this.#bodyBytes + this.#paddingBytes : 0
  }

  /** Tells that all `skippableBytes` were passed over. */
  skip(): void {
    this.#position += this.skippableBytes
    this.#bodyBytes = 0
    this.#paddingBytes = 0
    this.#expect('header', blockBytes)
  }

  /** @throws Unreadable DAMAGED when the archive breaks off */
  end(): void {
    if (this.#state === 'end' || (this.#state === 'header' && this.#gatheredBytes === 0)) return
    throw damaged('it breaks off in the middle of a file')
  }

  #passBody(chunk: Uint8Array, at: number): number {
    const ofBody = Math.min(this.#bodyBytes, chunk.length - at)
    if (ofBody > 0) {
      if (this.#sink?.write(chunk.subarray(at, at + ofBody)) === false) this.#sink = undefined
      this.#bodyBytes -= ofBody
    }
    if (this.#bodyBytes > 0) return at + ofBody
    this.#sink?.end()
    this.#sink = undefined
    const ofPadding = Math.min(this.#paddingBytes, chunk.length - at - ofBody)
    this.#paddingBytes -= ofPadding
    if (this.#paddingBytes === 0) this.#expect('header', blockBytes)
    return at + ofBody + ofPadding
  }

  #gather(chunk: Uint8Array, at: number): number {
    const taken = Math.min(this.#wantedBytes - this.#gatheredBytes, chunk.length - at)
    this.#gathered.set(chunk.subarray(at, at + taken), this.#gatheredBytes)
    this.#gatheredBytes += taken
    // The bytes taken are counted by `push` after the block was looked at.
    this.#offset = this.#position + taken
    if (this.#gatheredBytes === this.#wantedBytes) this.#onGathered(this.#gathered.subarray(0, this.#wantedBytes))
    return at + taken
  }

  #expect(state: 'header' | 'names' | 'sparse', bytes: number): void {
    this.#state = state
    this.#gatheredBytes = 0
    this.#wantedBytes = bytes
    if (this.#gathered.length < bytes) this.#gathered = new Uint8Array(bytes)
    else if (state === 'header' && this.#gathered.length > blockBytes) this.#gathered = new Uint8Array(blockBytes)
  }

  #onGathered(bytes: Uint8Array): void {
    if (this.#state === 'header') this.#onHeader(bytes)
    else if (this.#state === 'sparse') {
      // GNU: the map of holes goes on in more blocks.
      if (bytes[504] === 0) this.#beginBody()
      else this.#expect('sparse', blockBytes)
    } else {
      this.#onNames(bytes)
      this.#expect('header', blockBytes)
    }
  }

  #onNames(padded: Uint8Array): void {
    const bytes = padded.subarray(0, this.#bodyBytes)
    if (this.#namesType === 'L') this.#pax = { ...this.#pax, path: untilNul(bytes) }
    else if (this.#namesType === 'K') this.#pax = { ...this.#pax, linkpath: untilNul(bytes) }
    else if (this.#namesType === 'x') this.#pax = { ...this.#pax, ...paxRecords(bytes) }
  }

  #onHeader(block: Uint8Array): void {
    if (isEmpty(block)) {
      this.#state = 'end'
      return
    }
    if (!hasChecksum(block)) throw damaged('it is no tar archive, or a header of it is damaged')
    if (++this.#entries > this.#limits.maxEntries) throw tooLarge(`it has more than ${this.#limits.maxEntries} entries`)
    const type = String.fromCharCode(block[156]!)
    const size = numberAt(block, 124, 12)
    if (type === 'x' || type === 'L' || type === 'K' || type === 'g') {
      if (size > maxNameEntryBytes) throw damaged(`the name of a file has more than ${maxNameEntryBytes} bytes`)
      this.#namesType = type
      this.#bodyBytes = size
      if (size > 0) this.#expect('names', padded(size))
      else this.#expect('header', blockBytes)
      return
    }
    this.#onFile(block, type, size)
  }

  #onFile(block: Uint8Array, type: string, headerSize: number): void {
    const pax = this.#pax
    this.#pax = {}
    const entryType = typeOf(type)
    const size = pax.size ?? headerSize
    // Links and folders have no bodies, whatever their size says; GNU tar writes the size of a link's target.
    const bodyBytes = entryType === 'file' || entryType === 'other' ? size : 0
    const entry: TarEntry = {
      path: pathWithin(pax.path ?? nameIn(block), this.#limits),
      size: bodyBytes,
      offset: 0,
      type: entryType,
      executable: (numberAt(block, 100, 8) & 0o111) !== 0,
      target: pax.linkpath ?? untilNul(block.subarray(157, 257)),
    }
    this.#pending = entry
    if (type === 'S' && block[482] !== 0) this.#expect('sparse', blockBytes)
    else this.#beginBody()
  }

  #beginBody(): void {
    const entry = { ...this.#pending!, offset: this.#offset }
    const bodyBytes = entry.size
    this.#pending = undefined
    this.#sink = this.#onEntry(entry)
    this.#bodyBytes = bodyBytes
    this.#paddingBytes = padded(bodyBytes) - bodyBytes
    if (bodyBytes > 0) {
      this.#state = 'body'
      return
    }
    this.#sink?.end()
    this.#sink = undefined
    this.#expect('header', blockBytes)
  }
}

interface Pax {
  path?: string
  linkpath?: string
  size?: number
}

const padded = (bytes: number): number => Math.ceil(bytes / blockBytes) * blockBytes

function typeOf(flag: string): TarEntryType {
  if (flag === '0' || flag === '\0' || flag === '7' || flag === 'S') return 'file'
  if (flag === '1') return 'hardlink'
  if (flag === '2') return 'symlink'
  if (flag === '5') return 'folder'
  return 'other'
}

function isEmpty(block: Uint8Array): boolean {
  return block[0] === 0 && block.every((byte) => byte === 0)
}

/** The sum of a header's bytes, its own field counted as spaces. Old programs added signed bytes. */
function hasChecksum(block: Uint8Array): boolean {
  let sum = 8 * 32
  let signed = sum
  for (let at = 0; at < blockBytes; at++) {
    if (at >= 148 && at < 156) continue
    const byte = block[at]!
    sum += byte
    signed += byte < 128 ? byte : byte - 256
  }
  const written = numberAt(block, 148, 8)
  return written === sum || written === signed
}

/** Octal digits, or binary when the first bit is set (GNU). */
function numberAt(block: Uint8Array, start: number, length: number): number {
  if ((block[start]! & 0x80) !== 0) {
    let value = block[start]! & 0x7f
    for (let at = start + 1; at < start + length; at++) value = value * 256 + block[at]!
    if (!Number.isSafeInteger(value)) throw damaged('a header of it is damaged')
    return value
  }
  let value = 0
  let digits = 0
  for (let at = start; at < start + length; at++) {
    const byte = block[at]!
    if (byte >= 0x30 && byte <= 0x37) {
      value = value * 8 + byte - 0x30
      digits++
    } else if (digits > 0) break
    else if (byte !== 0x20 && byte !== 0) throw damaged('a header of it is damaged')
  }
  return value
}

/** ustar has a second place for the folders before a name. */
function nameIn(block: Uint8Array): string {
  const name = untilNul(block.subarray(0, 100))
  const isUstar = latin1.decode(block.subarray(257, 263)) === 'ustar\0'
  const prefix = isUstar ? untilNul(block.subarray(345, 500)) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

/** Records `<length> <key>=<value>\n`; each says where the next one begins. */
function paxRecords(body: Uint8Array): Pax {
  const records: Pax = {}
  for (let start = 0; start < body.length;) {
    const space = body.indexOf(0x20, start)
    const length = space === -1 || space - start > 10 ? Number.NaN : Number(latin1.decode(body.subarray(start, space)))
    const end = start + length
    if (!Number.isInteger(length) || end <= space || end > body.length) throw damaged('a header of it is damaged')
    const equals = body.indexOf(0x3d, space)
    if (equals !== -1 && equals < end) {
      const key = latin1.decode(body.subarray(space + 1, equals))
      const value = () => utf8.decode(body.subarray(equals + 1, end - 1))
      // GNU's sparse files have their true name in a record of their own.
      if (key === 'path' || key === 'GNU.sparse.name') records.path = value()
      else if (key === 'linkpath') records.linkpath = value()
      else if (key === 'size') records.size = sizeOf(value())
    }
    start = end
  }
  return records
}

function sizeOf(text: string): number {
  const size = Number(text)
  if (!Number.isSafeInteger(size) || size < 0) throw damaged('a header of it is damaged')
  return size
}

/** A path that cannot leave the tree. @throws Unreadable TOO_DEEP */
export function pathWithin(name: string, limits: Pick<DetectionLimits, 'maxPathBytes' | 'maxPathDepth'>): string {
  if (name.length > limits.maxPathBytes)
    throw new Unreadable('TOO_DEEP', `a path has more than ${limits.maxPathBytes} bytes`)
  if (!needsCleaning.test(name)) return checkedDepth(name, limits)
  const parts: string[] = []
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..') parts.pop()
    else parts.push(part)
  }
  return checkedDepth(parts.join('/'), limits)
}

const needsCleaning = /^\/|\/\/|\/$|(?:^|\/)\.{1,2}(?:\/|$)/

function checkedDepth(path: string, { maxPathDepth }: Pick<DetectionLimits, 'maxPathDepth'>): string {
  let depth = 1
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) depth++
  if (depth > maxPathDepth) throw new Unreadable('TOO_DEEP', `a path has more than ${maxPathDepth} folders`)
  return path
}

const utf8 = new TextDecoder()
const latin1 = new TextDecoder('latin1')

function untilNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return utf8.decode(end === -1 ? bytes : bytes.subarray(0, end))
}

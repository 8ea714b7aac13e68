import { inflateRawSync } from 'node:zlib'
import { type FileContent, isWithin } from '../file-content.ts'
import type { DetectionLimits } from '../limits.ts'
import { damaged, tooLarge, Unreadable } from '../verdict.ts'

export interface ZipEntry {
  readonly name: string
  readonly compressedBytes: number
  readonly bytes: number
  readonly method: number
  readonly offset: number
}

export interface Zip {
  readonly entries: readonly ZipEntry[]
  /** @throws Unreadable: beyond `maxBytes`, damaged, encrypted or packed in a way that is not known */
  read(entry: ZipEntry, maxBytes: number): Uint8Array
}

const endSignature = 0x06054b50
const end64Signature = 0x06064b50
const locatorSignature = 0x07064b50
const entrySignature = 0x02014b50
const localSignature = 0x04034b50
const endBytes = 22
const maxCommentBytes = 65_535
const maxDirectoryBytes = 64 * 1024 * 1024

/**
 * Opens a zip by its directory, as every reader of jars does: what no entry of it names is not there. Programs with a zip at
 * their end are zips too. @throws Unreadable
 */
export function openZip(content: FileContent, limits: Pick<DetectionLimits, 'maxArchiveEntries'>): Zip {
  const end = findEnd(content)
  const { count, size, offset } = end
  if (count > limits.maxArchiveEntries) throw tooLarge(`it has more than ${limits.maxArchiveEntries} entries`)
  if (size > maxDirectoryBytes) throw tooLarge(`its directory has more than ${maxDirectoryBytes} bytes`)
  // What stands before the zip moves everything; the directory ends where its end begins.
  const moved = end.directoryEnd - size - offset
  if (moved < 0) throw damaged('its directory is damaged')
  const entries = readDirectory(content.read(offset + moved, size), count)
  return { entries, read: (entry, maxBytes) => readEntry(content, entry, moved, maxBytes) }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

interface ZipEnd {
  readonly count: number
  readonly size: number
  readonly offset: number
  readonly directoryEnd: number
}

function findEnd(content: FileContent): ZipEnd {
  const length = Math.min(content.size, endBytes + maxCommentBytes)
  const start = content.size - length
  const view = viewOf(content.read(start, length))
  for (let at = length - endBytes; at >= 0; at--) {
    if (view.getUint32(at, true) !== endSignature) continue
    const found = {
      count: view.getUint16(at + 10, true),
      size: view.getUint32(at + 12, true),
      offset: view.getUint32(at + 16, true),
      directoryEnd: start + at,
    }
    const is64 = found.count === 0xffff || found.size === 0xffffffff || found.offset === 0xffffffff
    return is64 ? (findEnd64(content, start + at) ?? found) : found
  }
  throw damaged('it is no zip')
}

function findEnd64(content: FileContent, endAt: number): ZipEnd | undefined {
  if (endAt < 20) return undefined
  const locator = viewOf(content.read(endAt - 20, 20))
  if (locator.getUint32(0, true) !== locatorSignature) return undefined
  const at = Number(locator.getBigUint64(8, true))
  if (!isWithin(at, 56, content.size)) throw damaged('its directory is damaged')
  const view = viewOf(content.read(at, 56))
  if (view.getUint32(0, true) !== end64Signature) throw damaged('its directory is damaged')
  return {
    count: Number(view.getBigUint64(32, true)),
    size: Number(view.getBigUint64(40, true)),
    offset: Number(view.getBigUint64(48, true)),
    directoryEnd: at,
  }
}

function readDirectory(bytes: Uint8Array, count: number): ZipEntry[] {
  const view = viewOf(bytes)
  const entries: ZipEntry[] = []
  for (let at = 0; entries.length < count;) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== entrySignature) throw damaged('its directory is damaged')
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((each) => view.getUint16(at + each, true)) as [
      number,
      number,
      number,
    ]
    const extraAt = at + 46 + nameBytes
    const end = extraAt + extraBytes + commentBytes
    if (end > bytes.length) throw damaged('its directory is damaged')
    const plain = {
      bytes: view.getUint32(at + 24, true),
      compressedBytes: view.getUint32(at + 20, true),
      offset: view.getUint32(at + 42, true),
    }
    entries.push({
      name: utf8.decode(bytes.subarray(at + 46, extraAt)),
      method: view.getUint16(at + 8, true) & 1 ? encrypted : view.getUint16(at + 10, true),
      ...sizes64(plain, view, extraAt, extraAt + extraBytes),
    })
    at = end
  }
  return entries
}

type Sizes = Pick<ZipEntry, 'bytes' | 'compressedBytes' | 'offset'>

/** Sizes that do not fit stand in a field of their own, in this order. */
function sizes64(plain: Sizes, view: DataView, start: number, end: number): Sizes {
  const sizes = { ...plain }
  for (let at = start; at + 4 <= end; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue
    let field = at + 4
    for (const key of ['bytes', 'compressedBytes', 'offset'] as const) {
      if (sizes[key] !== 0xffffffff || field + 8 > end) continue
      sizes[key] = Number(view.getBigUint64(field, true))
      field += 8
    }
    break
  }
  return sizes
}

const encrypted = -1

function readEntry(content: FileContent, entry: ZipEntry, moved: number, maxBytes: number): Uint8Array {
  if (entry.method === encrypted) throw new Unreadable('UNSUPPORTED', `${entry.name} is encrypted`)
  if (entry.bytes > maxBytes) throw tooLarge(`${entry.name} has more than ${maxBytes} bytes`)
  const at = entry.offset + moved
  if (!isWithin(at, 30, content.size)) throw damaged(`${entry.name} is not there`)
  const local = viewOf(content.read(at, 30))
  if (local.getUint32(0, true) !== localSignature) throw damaged(`${entry.name} is not there`)
  const start = at + 30 + local.getUint16(26, true) + local.getUint16(28, true)
  if (!isWithin(start, entry.compressedBytes, content.size)) throw damaged(`${entry.name} is not there`)
  const bytes = content.read(start, entry.compressedBytes)
  if (entry.method === 0) return bytes
  if (entry.method !== 8) throw new Unreadable('UNSUPPORTED', `${entry.name} is packed by method ${entry.method}`)
  try {
    // The directory may lie about the size: no more than it says comes out.
    return inflateRawSync(bytes, { maxOutputLength: Math.max(1, entry.bytes) })
  } catch (error) {
    throw damaged(`${entry.name} is damaged (${(error as Error).message.slice(0, 100)})`)
  }
}

const utf8 = new TextDecoder()

import { openSqliteBytes } from '../../../../runtime/sqlite-bytes.ts'
import { bytesOf, type FileContent, isWithin } from '../file-content.ts'
import { damaged, tooLarge, Unreadable } from '../verdict.ts'

const maxBytes = 512 * 1024 * 1024
const maxHeaderBytes = 64 * 1024 * 1024
const maxHeaders = 100_000

/** The headers of all installed packages, whichever of its three databases rpm keeps them in. @throws Unreadable */
export function* rpmHeadersOf(content: FileContent): Generator<Uint8Array, void> {
  if (content.size < 64) throw damaged('it is no database of rpm')
  const head = viewOf(content.read(0, 64))
  let count = 0
  for (const header of headersOf(content, head)) {
    if (++count > maxHeaders) throw tooLarge(`it has more than ${maxHeaders} packages`)
    yield header
  }
}

function headersOf(content: FileContent, head: DataView): Iterable<Uint8Array> {
  if (head.getUint32(0, false) === 0x53514c69) return sqliteHeaders(content)
  if (head.getUint32(0, true) === 0x506d7052) return ndbHeaders(content, head)
  for (const little of [true, false]) {
    if (head.getUint32(12, little) === 0x061561) return berkeleyHeaders(content, head, little)
  }
  throw new Unreadable('UNSUPPORTED', 'it is no database of rpm that is known: SQLite, NDB or Berkeley DB')
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function* sqliteHeaders(content: FileContent): Generator<Uint8Array, void> {
  const bytes = new Uint8Array(bytesOf(content, maxBytes))
  // rpm keeps a log beside it, which SQLite would look for; what the log has is in the file when a layer is made.
  bytes[18] = 1
  bytes[19] = 1
  using database = openSqliteBytes(bytes)
  for (const { blob } of database.iterate('select blob from Packages order by hnum', [])) {
    if (blob instanceof Uint8Array) yield blob
  }
}

const slotBytes = 16
const slotsOfPage = 256

/** SUSE: slots of 16 bytes say where each header is, in blocks of 16 bytes. */
function* ndbHeaders(content: FileContent, head: DataView): Generator<Uint8Array, void> {
  const pages = head.getUint32(12, true)
  const count = pages * slotsOfPage - 2
  const start = 32
  if (!isWithin(start, count * slotBytes, content.size)) throw damaged('its slots are not there')
  const slots = viewOf(content.read(start, count * slotBytes))
  for (let at = 0; at < count * slotBytes; at += slotBytes) {
    const index = slots.getUint32(at + 4, true)
    if (slots.getUint32(at, true) !== 0x746f6c53 || index === 0) continue
    const offset = slots.getUint32(at + 8, true) * 16
    if (!isWithin(offset, 16, content.size)) throw damaged('a header of it is not there')
    const blob = viewOf(content.read(offset, 16))
    const length = blob.getUint32(12, true)
    if (blob.getUint32(0, true) !== 0x53626c42 || blob.getUint32(4, true) !== index)
      throw damaged('a header of it is damaged')
    if (length > maxHeaderBytes) throw tooLarge(`a header of it has more than ${maxHeaderBytes} bytes`)
    yield content.read(offset + 16, length)
  }
}

const pageHeaderBytes = 26
const hashPages = new Set([2, 13])
const offPage = 3

/** Berkeley DB: pages of a hash, whose values lie in chains of other pages. */
function* berkeleyHeaders(content: FileContent, head: DataView, little: boolean): Generator<Uint8Array, void> {
  const pageBytes = head.getUint32(20, little)
  const lastPage = head.getUint32(32, little)
  if (pageBytes < 512 || pageBytes > 65_536 || (pageBytes & (pageBytes - 1)) !== 0)
    throw damaged('its pages have no size')
  if (content.read(24, 1)[0] !== 0) throw new Unreadable('UNSUPPORTED', 'it is encrypted')
  const pages = Math.min(lastPage, Math.floor(content.size / pageBytes) - 1)
  // A chain that goes in a circle ends: no page is read for values more often than there are pages.
  const budget = { pages: 2 * (pages + 1) }
  for (let number = 1; number <= pages; number++) {
    const page = content.read(number * pageBytes, pageBytes)
    if (!hashPages.has(page[25]!)) continue
    const view = viewOf(page)
    const entries = Math.min(view.getUint16(20, little), (pageBytes - pageHeaderBytes) / 2)
    // Keys and values take turns.
    for (let entry = 1; entry < entries; entry += 2) {
      const at = view.getUint16(pageHeaderBytes + 2 * entry, little)
      if (at + 12 > pageBytes || page[at] !== offPage) continue
      const chain = { first: view.getUint32(at + 4, little), bytes: view.getUint32(at + 8, little) }
      yield chainedValue(content, chain, { pageBytes, little, budget })
    }
  }
}

interface ChainReading {
  readonly pageBytes: number
  readonly little: boolean
  readonly budget: { pages: number }
}

function chainedValue(
  content: FileContent,
  { first, bytes }: { first: number; bytes: number },
  { pageBytes, little, budget }: ChainReading,
): Uint8Array {
  if (bytes > Math.min(maxHeaderBytes, content.size))
    throw tooLarge(`a header of it has more than ${maxHeaderBytes} bytes`)
  const value = new Uint8Array(bytes)
  let length = 0
  for (let number = first; number !== 0 && length < bytes;) {
    if (--budget.pages < 0) throw damaged('its pages go in a circle')
    if (!isWithin(number * pageBytes, pageBytes, content.size)) throw damaged('a page of it is not there')
    const page = content.read(number * pageBytes, pageBytes)
    const piece = page.subarray(pageHeaderBytes, pageHeaderBytes + bytes - length)
    value.set(piece, length)
    length += piece.length
    number = viewOf(page).getUint32(16, little)
  }
  if (length < bytes) throw damaged('a header of it breaks off')
  return value
}

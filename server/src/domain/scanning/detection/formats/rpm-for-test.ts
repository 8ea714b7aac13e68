import { Database } from 'bun:sqlite'

export interface TestRpm {
  readonly name: string
  readonly version: string
  readonly release: string
  readonly epoch?: number
  readonly sourceRpm?: string
  readonly vendor?: string
  readonly modularity?: string
  readonly files?: readonly string[]
}

/** A header as rpm's databases have it: an index of tags, and what they point to. */
export function rpmHeaderForTest({
  name,
  version,
  release,
  epoch,
  sourceRpm = '',
  vendor = 'Red Hat, Inc.',
  modularity = '',
  files = [],
}: TestRpm): Buffer {
  const entries: { tag: number; type: number; count: number; at: number }[] = []
  const store: Buffer[] = []
  const add = (tag: number, type: number, count: number, bytes: Buffer) => {
    entries.push({ tag, type, count, at: store.reduce((sum, each) => sum + each.length, 0) })
    store.push(bytes)
  }
  const texts = (values: readonly string[]) => Buffer.from(values.map((value) => `${value}\0`).join(''))
  const text = (tag: number, value: string) => value === '' || add(tag, 6, 1, texts([value]))
  const numbers = (tag: number, values: readonly number[]) => {
    const bytes = Buffer.alloc(4 * values.length)
    values.forEach((value, at) => bytes.writeUInt32BE(value, 4 * at))
    add(tag, 4, values.length, bytes)
  }
  text(1000, name)
  text(1001, version)
  text(1002, release)
  if (epoch !== undefined) numbers(1003, [epoch])
  text(1011, vendor)
  text(1014, 'MIT')
  text(1022, 'x86_64')
  text(1044, sourceRpm)
  text(5096, modularity)
  if (files.length > 0) {
    numbers(
      1116,
      files.map((_, at) => at),
    )
    add(1117, 8, files.length, texts(files.map((file) => file.slice(file.lastIndexOf('/') + 1))))
    add(1118, 8, files.length, texts(files.map((file) => file.slice(0, file.lastIndexOf('/') + 1))))
  }
  const index = Buffer.alloc(8 + 16 * entries.length)
  index.writeUInt32BE(entries.length, 0)
  index.writeUInt32BE(
    store.reduce((sum, each) => sum + each.length, 0),
    4,
  )
  entries.forEach(({ tag, type, count, at }, entry) =>
    [tag, type, at, count].forEach((value, field) => index.writeUInt32BE(value, 8 + 16 * entry + 4 * field)),
  )
  return Buffer.concat([index, ...store])
}

export function rpmSqliteForTest(headers: readonly Uint8Array[]): Uint8Array {
  using database = new Database(':memory:')
  database.run('create table Packages (hnum integer primary key autoincrement, blob blob not null)')
  for (const header of headers) database.run('insert into Packages (blob) values (?)', [header])
  const bytes = new Uint8Array(database.serialize())
  // As rpm leaves it: with a log beside it.
  bytes[18] = 2
  bytes[19] = 2
  return bytes
}

/** SUSE's: a page of slots, then blobs in blocks of 16 bytes. */
export function rpmNdbForTest(headers: readonly Uint8Array[]): Buffer {
  const slots = Buffer.alloc(4096)
  slots.writeUInt32LE(0x506d7052, 0)
  slots.writeUInt32LE(1, 12)
  const blobs: Buffer[] = []
  let at = slots.length
  headers.forEach((header, index) => {
    const slot = 32 + 16 * index
    ;[0x746f6c53, index + 1, at / 16, Math.ceil((header.length + 16) / 16)].forEach((value, field) =>
      slots.writeUInt32LE(value, slot + 4 * field),
    )
    const blob = Buffer.alloc(16 + Math.ceil(header.length / 16) * 16)
    ;[0x53626c42, index + 1, 0, header.length].forEach((value, field) => blob.writeUInt32LE(value, 4 * field))
    blob.set(header, 16)
    blobs.push(blob)
    at += blob.length
  })
  return Buffer.concat([slots, ...blobs])
}

const pageBytes = 4096

/** Berkeley DB: a page of a hash, whose values are chains of pages. */
export function rpmBerkeleyForTest(headers: readonly Uint8Array[]): Buffer {
  const meta = Buffer.alloc(pageBytes)
  meta.writeUInt32LE(0x061561, 12)
  meta.writeUInt32LE(pageBytes, 20)
  meta[25] = 8
  const hash = Buffer.alloc(pageBytes)
  hash[25] = 13
  hash.writeUInt16LE(2 * headers.length, 20)
  const chains: Buffer[] = []
  headers.forEach((header, index) => {
    const value = pageBytes - 12 * (index + 1)
    hash.writeUInt16LE(value, 26 + 2 * (2 * index + 1))
    hash[value] = 3
    hash.writeUInt32LE(2 + chains.length, value + 4)
    hash.writeUInt32LE(header.length, value + 8)
    const room = pageBytes - 26
    for (let start = 0; start < header.length; start += room) {
      const page = Buffer.alloc(pageBytes)
      page[25] = 7
      if (start + room < header.length) page.writeUInt32LE(3 + chains.length, 16)
      page.set(header.subarray(start, start + room), 26)
      chains.push(page)
    }
  })
  meta.writeUInt32LE(1 + chains.length, 32)
  return Buffer.concat([meta, hash, ...chains])
}

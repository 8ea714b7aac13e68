import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { open as openZip, type Entry, type ZipFile } from 'yauzl'
import { damaged, tooLarge } from '../detection/verdict.ts'
import { importLimits, maxDataFiles } from './import-limits.ts'

export async function headOf(path: string, bytes: number): Promise<Uint8Array> {
  await using file = await open(path, 'r')
  const head = new Uint8Array(bytes)
  const { bytesRead } = await file.read(head, 0, bytes, 0)
  return head.subarray(0, bytesRead)
}

/** The first bytes of a stream, and the stream with them. */
export async function peeked(
  chunks: AsyncIterable<Uint8Array>,
  bytes: number,
): Promise<{ readonly head: Uint8Array; readonly whole: AsyncIterable<Uint8Array> }> {
  const iterator = chunks[Symbol.asyncIterator]()
  const first: Uint8Array[] = []
  let known = 0
  while (known < bytes) {
    const { done, value } = await iterator.next()
    if (done === true) break
    first.push(value)
    known += value.length
  }
  return { head: Buffer.concat(first).subarray(0, bytes), whole: rejoined(first, iterator) }
}

async function* rejoined(first: Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* first.splice(0)
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}

/** The bytes up to the first end of a line, and the stream with them. Undefined: there is none within `maxBytes`. */
export async function firstLine(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ readonly first: string | undefined; readonly whole: AsyncIterable<Uint8Array> }> {
  const iterator = chunks[Symbol.asyncIterator]()
  const read: Uint8Array[] = []
  let length = 0
  let hasEnd = false
  while (!hasEnd && length <= maxBytes) {
    const { done, value } = await iterator.next()
    if (done === true) break
    read.push(value)
    length += value.length
    hasEnd = value.includes(newline)
  }
  const start = Buffer.concat(read)
  const first = start.toString('utf8', 0, hasEnd ? start.indexOf(newline) : length)
  return { first: !hasEnd && length > maxBytes ? undefined : first, whole: rejoined([start], iterator) }
}

const newline = 0x0a

/** @throws Unreadable for more than `maxBytes` */
export async function wholeOf(chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const read: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    length += chunk.length
    if (length > maxBytes) throw tooLarge(`a document has more than ${maxBytes} bytes`)
    read.push(chunk)
  }
  return Buffer.concat(read)
}

/** Lines without their ends. @throws Unreadable for one that is longer than `maxBytes`, and for bytes that are no text */
export async function* linesOf(bytes: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<string, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const decode = (chunk?: Uint8Array) => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true })
    } catch {
      throw damaged('it is not UTF-8 text')
    }
  }
  // Pieces of a line that is not whole: adding each to one text would copy a long line again and again.
  let pieces: string[] = []
  let length = 0
  for await (const chunk of bytes) {
    const [first = '', ...others] = decode(chunk).split('\n')
    pieces.push(first)
    length += first.length
    if (length > maxBytes) throw tooLarge(`a line has more than ${maxBytes} bytes`)
    for (const next of others) {
      yield withoutReturn(pieces.join(''))
      pieces = [next]
      length = next.length
    }
  }
  const rest = pieces.join('') + decode()
  if (rest !== '') yield withoutReturn(rest)
}

const withoutReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line)

export interface ZippedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

/** JSON files of a zip archive, one at a time. @throws Unreadable for an archive that is damaged or larger than is read */
export async function* zippedFiles(path: string, maxBytes: number): AsyncGenerator<ZippedFile, void> {
  const zip = await opened(path)
  let files = 0
  let total = 0
  try {
    for (;;) {
      const entry = await nextEntry(zip)
      if (entry === undefined) return
      if (++files > maxDataFiles) throw tooLarge(`the archive has more than ${maxDataFiles} files`)
      if (!entry.fileName.endsWith('.json')) continue
      total += entry.uncompressedSize
      if (entry.uncompressedSize > maxBytes) throw tooLarge(`a file of the archive has more than ${maxBytes} bytes`)
      if (total > importLimits.maxUncompressedBytes)
        throw tooLarge(`the archive has more than ${importLimits.maxUncompressedBytes} bytes uncompressed`)
      yield { name: entry.fileName, bytes: await contentOf(zip, entry) }
    }
  } finally {
    zip.close()
  }
}

const zipDamaged = (error: Error) => damaged(`its zip is damaged (${error.message.slice(0, 100)})`)

function opened(path: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    openZip(path, { lazyEntries: true, autoClose: false, validateEntrySizes: true }, (error, zip) =>
      error === null ? resolve(zip) : reject(zipDamaged(error)),
    )
  })
}

function nextEntry(zip: ZipFile): Promise<Entry | undefined> {
  return new Promise((resolve, reject) => {
    const done = (entry: Entry | undefined) => {
      zip.removeAllListeners()
      resolve(entry)
    }
    zip.once('entry', done)
    zip.once('end', () => done(undefined))
    zip.once('error', (error: Error) => reject(zipDamaged(error)))
    zip.readEntry()
  })
}

/** The library ends a file that is larger than it said. */
async function contentOf(zip: ZipFile, entry: Entry): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  try {
    const stream = await new Promise<Readable>((resolve, reject) => {
      zip.openReadStream(entry, (error, content) => (error === null ? resolve(content) : reject(error)))
    })
    for await (const chunk of stream) chunks.push(chunk as Uint8Array)
  } catch (error) {
    throw zipDamaged(error as Error)
  }
  return Buffer.concat(chunks)
}

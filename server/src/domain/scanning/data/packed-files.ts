import type { Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { open as openZip, type Entry, type ZipFile } from 'yauzl'

/** The bytes of a file whose name says how it was packed: `.gz`, `.tgz`, `.zst`, or not at all. */
export function decompressed(bytes: Readable, name: string): AsyncIterable<Uint8Array> {
  if (/\.t?gz$/i.test(name)) return piped(bytes, createGunzip())
  if (/\.zst$/i.test(name)) return piped(bytes, createZstdDecompress())
  return bytes
}

function piped(bytes: Readable, through: NodeJS.ReadWriteStream & Readable): Readable {
  bytes.on('error', (error) => through.destroy(error))
  return bytes.pipe(through)
}

/** Lines without their ends. @throws RangeError for one that is longer than `maxBytes` */
export async function* linesOf(bytes: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > maxBytes) throw new RangeError(`a line has more than ${maxBytes} bytes`)
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}

export interface ZippedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

/** JSON files of a zip archive, one at a time. @throws RangeError for one that is larger than `maxBytes`; Error for a damaged archive */
export async function* zippedFiles(path: string, maxBytes: number): AsyncGenerator<ZippedFile> {
  const zip = await opened(path)
  try {
    for (;;) {
      const entry = await nextEntry(zip)
      if (entry === undefined) return
      if (!entry.fileName.endsWith('.json')) continue
      if (entry.uncompressedSize > maxBytes) throw new RangeError(`${entry.fileName} has more than ${maxBytes} bytes`)
      yield { name: entry.fileName, bytes: await contentOf(zip, entry) }
    }
  } finally {
    zip.close()
  }
}

function opened(path: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    openZip(path, { lazyEntries: true, autoClose: false, validateEntrySizes: true }, (error, zip) =>
      error === null ? resolve(zip) : reject(error),
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
    zip.once('error', reject)
    zip.readEntry()
  })
}

/** The library ends a file that is larger than it said. */
async function contentOf(zip: ZipFile, entry: Entry): Promise<Uint8Array> {
  const stream = await new Promise<Readable>((resolve, reject) => {
    zip.openReadStream(entry, (error, content) => (error === null ? resolve(content) : reject(error)))
  })
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks)
}

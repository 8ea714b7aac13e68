import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, open, realpath, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { compressionOf, decompressed } from '../decompress.ts'
import type { DetectionLimits } from '../limits.ts'
import { pathWithin, TarReader } from '../tar-reader.ts'
import { damaged, tooLarge } from '../verdict.ts'

/** Files of a folder or of an archive, by their paths: where an image is kept. */
export interface FileTree extends AsyncDisposable {
  /** The whole of a small file; `undefined` where there is none. @throws Unreadable TOO_LARGE */
  read(path: string, maxBytes: number): Promise<Uint8Array | undefined>
  has(path: string): Promise<boolean>
  /** @throws Unreadable DAMAGED where there is none */
  open(path: string): AsyncIterable<Uint8Array>
}

const chunkBytes = 1024 * 1024

/** A folder on this machine. A link that leads out of it leads nowhere. */
export async function folderTree(folder: string): Promise<FileTree> {
  const root = await realpath(folder)
  const find = async (path: string) => {
    try {
      const real = await realpath(join(root, path))
      return real.startsWith(root + sep) && (await stat(real)).isFile() ? real : undefined
    } catch {
      return undefined
    }
  }
  return {
    has: async (path) => (await find(path)) !== undefined,
    async read(path, maxBytes) {
      const file = await find(path)
      if (file === undefined) return undefined
      return readRange(file, { offset: 0, size: (await stat(file)).size }, path, maxBytes)
    },
    async *open(path) {
      const file = await find(path)
      if (file === undefined) throw damaged(`${path} is not there`)
      yield* createReadStream(file, { highWaterMark: chunkBytes }) as AsyncIterable<Uint8Array>
    },
    async [Symbol.asyncDispose]() {},
  }
}

interface Range {
  readonly offset: number
  readonly size: number
}

/**
 * A tar archive on this machine. One that is compressed as a whole is first unpacked into a temporary file, since its layers
 * are asked for in an order that it does not have. @throws Unreadable
 */
export async function archiveTree(file: string, limits: DetectionLimits): Promise<FileTree> {
  const plain = await uncompressedFile(file, limits)
  try {
    const files = await indexOf(plain.file, limits)
    const find = (path: string) => files.get(pathWithin(path, limits))
    return {
      has: async (path) => find(path) !== undefined,
      async read(path, maxBytes) {
        const range = find(path)
        return range === undefined ? undefined : readRange(plain.file, range, path, maxBytes)
      },
      async *open(path) {
        const range = find(path)
        if (range === undefined) throw damaged(`${path} is not in the archive`)
        if (range.size === 0) return
        const { offset, size } = range
        yield* createReadStream(plain.file, {
          start: offset,
          end: offset + size - 1,
          highWaterMark: chunkBytes,
        }) as AsyncIterable<Uint8Array>
      },
      [Symbol.asyncDispose]: plain.remove,
    }
  } catch (error) {
    await plain.remove()
    throw error
  }
}

async function readRange(file: string, { offset, size }: Range, path: string, maxBytes: number): Promise<Uint8Array> {
  if (size > maxBytes) throw tooLarge(`${path} has more than ${maxBytes} bytes`)
  await using handle = await open(file, 'r')
  const bytes = new Uint8Array(size)
  const { bytesRead } = await handle.read(bytes, 0, size, offset)
  if (bytesRead !== size) throw damaged(`${path} is shorter than it says`)
  return bytes
}

async function uncompressedFile(file: string, limits: DetectionLimits) {
  const head = new Uint8Array(4)
  {
    await using handle = await open(file, 'r')
    await handle.read(head, 0, 4, 0)
  }
  if (compressionOf(head) === 'none') return { file, remove: async () => {} }
  const folder = await mkdtemp(join(tmpdir(), 'berth-image-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const unpacked = join(folder, 'image.tar')
    const bytes = decompressed(
      createReadStream(file, { highWaterMark: chunkBytes }) as AsyncIterable<Uint8Array>,
      limits,
    )
    await pipeline(Readable.from(bytes, { objectMode: false }), createWriteStream(unpacked))
    return { file: unpacked, remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Where the files of an archive are. Bodies are not read. */
async function indexOf(file: string, limits: DetectionLimits): Promise<ReadonlyMap<string, Range>> {
  const files = new Map<string, Range>()
  const links: [path: string, target: string][] = []
  const tar = new TarReader(({ path, offset, size, type, target }) => {
    if (type === 'file') files.set(path, { offset, size })
    // Old archives of Docker have a layer once, and links to it: relative to the link, or within the archive.
    else if (type === 'symlink') links.push([path, `${path.slice(0, path.lastIndexOf('/') + 1)}${target}`])
    else if (type === 'hardlink') links.push([path, target])
    return undefined
  }, limits)
  await using handle = await open(file, 'r')
  const { size } = await handle.stat()
  const buffer = new Uint8Array(64 * 1024)
  for (let at = 0; at < size;) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - at), at)
    if (bytesRead === 0) break
    tar.push(buffer.subarray(0, bytesRead))
    at += bytesRead
    if (tar.skippableBytes > buffer.length) {
      at += tar.skippableBytes
      tar.skip()
    }
    if (at > size) throw damaged('it breaks off in the middle of a file')
  }
  tar.end()
  for (const [path, target] of links) {
    const range = files.get(pathWithin(target, limits))
    if (range !== undefined && !files.has(path)) files.set(path, range)
  }
  return files
}

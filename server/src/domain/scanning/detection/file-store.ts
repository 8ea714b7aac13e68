import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contentOf, type FileContent, isWithin } from './file-content.ts'
import { damaged } from './verdict.ts'

/** Takes the bytes of one file as they come by, and gives them back in any order. */
export interface FileStore extends Disposable {
  write(bytes: Uint8Array): void
  content(): FileContent
}

/** In memory, or for a large file on the disk: a program of half a gigabyte is read at a few places only. */
export const storeFor = (size: number, maxBytesInMemory: number): FileStore =>
  size > maxBytesInMemory ? diskStore(size) : memoryStore(size)

function memoryStore(size: number): FileStore {
  const bytes = new Uint8Array(size)
  let length = 0
  return {
    write(piece) {
      bytes.set(piece, length)
      length += piece.length
    },
    content: () => contentOf(bytes),
    [Symbol.dispose]() {},
  }
}

function diskStore(size: number): FileStore {
  const folder = mkdtempSync(join(tmpdir(), 'berth-scan-'))
  const file = openSync(join(folder, 'file'), 'wx+', 0o600)
  // It has no name from here on: whatever happens to this process, nothing of it stays.
  rmSync(folder, { recursive: true })
  let isOpen = true
  return {
    write(piece) {
      for (let at = 0; at < piece.length;) at += writeSync(file, piece, at)
    },
    content: () => ({
      size,
      read(offset, length) {
        if (!isWithin(offset, length, size)) throw damaged('it is shorter than it says')
        const bytes = new Uint8Array(length)
        for (let at = 0; at < length;) {
          const count = readSync(file, bytes, at, length - at, offset + at)
          if (count === 0) throw damaged('it is shorter than it says')
          at += count
        }
        return bytes
      },
    }),
    [Symbol.dispose]() {
      if (isOpen) closeSync(file)
      isOpen = false
    },
  }
}

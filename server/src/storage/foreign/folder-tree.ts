import { createReadStream } from 'node:fs'
import { opendir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ForeignBytes } from '../blob-store.ts'
import { errorCodeOf, storageError } from '../storage-errors.ts'
import type { ForeignTree, TreeEntry } from './foreign-tree.ts'

const readSizeBytes = 1 << 18

/** Absent, or with a file where a folder was looked for. */
const isAbsent = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(errorCodeOf(error) ?? '')

export class FolderTree implements ForeignTree {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  async *list(folder: string): AsyncGenerator<TreeEntry> {
    const found = await opendir(join(this.#root, folder)).catch((error: unknown) => {
      if (isAbsent(error)) return undefined
      throw storageError(error, `list ${folder}`)
    })
    if (found === undefined) return
    for await (const entry of found) yield { name: entry.name, isFolder: entry.isDirectory() }
  }

  async sizeOf(path: string): Promise<number | undefined> {
    try {
      const found = await stat(join(this.#root, path))
      return found.isFile() ? found.size : undefined
    } catch (error) {
      if (isAbsent(error)) return undefined
      throw storageError(error, `look for ${path}`)
    }
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(join(this.#root, path))
    } catch (error) {
      if (isAbsent(error)) return undefined
      throw storageError(error, `read ${path}`)
    }
  }

  async open(path: string): Promise<AsyncIterable<Uint8Array>> {
    return createReadStream(join(this.#root, path), { highWaterMark: readSizeBytes })
  }

  placeOf(path: string): ForeignBytes {
    return { kind: 'file', path: join(this.#root, path) }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

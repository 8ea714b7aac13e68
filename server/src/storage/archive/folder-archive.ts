import { chmod, mkdir, open, opendir, rename, stat, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { readFileHandle } from '../../runtime/file-body.ts'
import { cloneFile } from '../clone-file.ts'
import { isMissing, storageError } from '../storage-errors.ts'
import { assertArchiveKey, type Archive } from './archive.ts'

/** The folder of files that are not whole yet. */
const unfinished = 'unfinished'
/** Password hashes and signing keys are among it. */
const folderMode = 0o700
const fileMode = 0o600

/** An archive in a folder, which is created when the first file is written. */
export function openFolderArchive(folder: string): Archive {
  return new FolderArchive(resolve(folder))
}

class FolderArchive implements Archive {
  readonly name: string
  readonly #durable = new Set<string>()

  constructor(root: string) {
    this.name = root
  }

  async sizeOf(key: string): Promise<number | undefined> {
    try {
      return (await stat(this.pathOf(key))).size
    } catch (error) {
      if (isMissing(error)) return undefined
      throw storageError(error, `look for ${key}`)
    }
  }

  async read(key: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const size = await this.sizeOf(key)
    return size === undefined ? undefined : this.#bytes(key, size)
  }

  /** Opens the file at the first read, so that an unread stream need not be closed. */
  async *#bytes(key: string, size: number): AsyncGenerator<Uint8Array> {
    try {
      yield* readFileHandle(await open(this.pathOf(key), 'r'), size)
    } catch (error) {
      throw storageError(error, `read ${key}`)
    }
  }

  async write(key: string, bytes: AsyncIterable<Uint8Array>): Promise<number> {
    return await this.#writeAside(key, async (aside) => {
      const file = await open(aside, 'wx', fileMode)
      try {
        let size = 0
        for await (const chunk of bytes) {
          await file.writeFile(chunk)
          size += chunk.byteLength
        }
        await file.sync()
        return size
      } finally {
        await file.close()
      }
    })
  }

  async writeFile(
    key: string,
    path: string,
    verify: (bytes: AsyncIterable<Uint8Array>) => Promise<void>,
  ): Promise<number> {
    return await this.#writeAside(key, async (aside) => {
      // Never a second name of the same file: damage to the blob would be damage to its backup.
      await cloneFile(path, aside, { hardLink: false })
      await chmod(aside, fileMode)
      const { size } = await stat(aside)
      await verify(readFileHandle(await open(aside, 'r'), size))
      const file = await open(aside, 'r')
      try {
        await file.sync()
      } finally {
        await file.close()
      }
      return size
    })
  }

  pathOf(key: string): string {
    assertArchiveKey(key)
    return join(this.name, key)
  }

  async *list(below: string): AsyncGenerator<{ key: string; size: number; modifiedAt: number }> {
    const folder = await opendir(this.pathOf(below.slice(0, -1))).catch((error: unknown) => {
      if (isMissing(error)) return undefined
      throw storageError(error, `list ${below}`)
    })
    if (folder === undefined) return
    for await (const entry of folder) {
      const key = `${below}${entry.name}`
      if (entry.isDirectory()) yield* this.list(`${key}/`)
      else {
        const { size, mtimeMs } = await stat(this.pathOf(key))
        yield { key, size, modifiedAt: Math.floor(mtimeMs) }
      }
    }
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      await unlink(this.pathOf(key)).catch((error: unknown) => {
        if (!isMissing(error)) throw storageError(error, `delete ${key}`)
      })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #writeAside(key: string, write: (aside: string) => Promise<number>): Promise<number> {
    const target = this.pathOf(key)
    const aside = join(this.name, unfinished, crypto.randomUUID())
    await this.#ensureFolder(dirname(aside))
    await this.#ensureFolder(dirname(target))
    try {
      const size = await write(aside)
      await rename(aside, target)
      await syncFolder(dirname(target))
      return size
    } catch (error) {
      await unlink(aside).catch(() => undefined) // the first error says why
      throw storageError(error, `write ${key}`)
    }
  }

  /** Creates the folder and makes its name durable. */
  async #ensureFolder(folder: string): Promise<void> {
    if (this.#durable.has(folder)) return
    try {
      const made = await mkdir(folder, { recursive: true, mode: folderMode })
      for (let each = folder; made !== undefined && each.length >= made.length; each = dirname(each)) {
        await syncFolder(dirname(each))
      }
    } catch (error) {
      throw storageError(error, `create ${folder}`)
    }
    this.#durable.add(folder)
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

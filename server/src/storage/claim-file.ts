import { stat, type FileHandle } from 'node:fs/promises'
import { lockFile } from '../runtime/file-lock.ts'
import { isMissing } from './storage-errors.ts'

/**
 * Locks the file at `path` until the claim is disposed of. Undefined when another process holds it, or has moved it
 * away between the opening and the lock: a file that became a blob must not be written to.
 */
export async function claimFile(path: string, open: () => Promise<FileHandle>): Promise<AsyncDisposable | undefined> {
  const file = await open()
  let claimed = false
  try {
    claimed = lockFile(file.fd) && (await isAt(file, path))
  } finally {
    if (!claimed) await file.close()
  }
  return claimed ? { [Symbol.asyncDispose]: () => file.close() } : undefined
}

async function isAt(file: FileHandle, path: string): Promise<boolean> {
  const own = await file.stat()
  try {
    return (await stat(path)).ino === own.ino
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

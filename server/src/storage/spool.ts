import { randomUUID } from 'node:crypto'
import { open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { StagedView } from './blob-store.ts'
import { viewFile } from './file-view.ts'
import { storageError } from './storage-errors.ts'

/** Bytes that wait beside a store which does not show what is being staged. */
export interface Spool extends StagedView {
  write(bytes: Uint8Array): Promise<void>
}

/** A file without a name in `folder`: it goes with the process. */
export async function openSpool(folder: string): Promise<Spool> {
  const path = join(folder, `berth-spool-${randomUUID()}`)
  try {
    const file = await open(path, 'wx+', 0o600)
    await unlink(path)
    const view = viewFile(file)
    let position = 0
    return {
      ...view,
      async write(bytes) {
        try {
          await file.writev([bytes], position)
          position += bytes.byteLength
        } catch (error) {
          throw storageError(error, 'keep the bytes received')
        }
      },
    }
  } catch (error) {
    throw storageError(error, 'keep the bytes received')
  }
}

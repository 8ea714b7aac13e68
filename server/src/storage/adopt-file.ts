import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobLocation } from './blob-store.ts'
import { shareFile } from './clone-file.ts'
import type { DurableFolders } from './durable-folders.ts'
import { folderOf } from './layout.ts'
import type { Limiter } from './limiter.ts'
import { storageError } from './storage-errors.ts'

/**
 * Makes the bytes of a file ours, durably and without moving them; the file stays. The file must not change any more.
 * False when the file system cannot do it.
 */
export async function adoptFile(
  path: string,
  to: { readonly root: string; readonly location: BlobLocation },
  { folders, syncs }: { readonly folders: DurableFolders; readonly syncs: Limiter },
): Promise<boolean> {
  const folder = folderOf(to.location)
  const own = join(to.root, to.location)
  try {
    // The program that wrote the file may not have synced it.
    await syncFile(path, syncs)
    await folders.ensure(folder)
    const how = await shareFile(path, own, { hardLink: true })
    if (how === undefined) return false
    // The mode of one that has two names stays: it is the other registry's file, too.
    if (how === 'cloned') await syncFile(own, syncs, 0o440)
    await syncs.run(() => folders.sync(folder))
    return true
  } catch (error) {
    throw storageError(error, 'take over a blob')
  }
}

async function syncFile(path: string, syncs: Limiter, mode?: number): Promise<void> {
  const file = await open(path, 'r')
  try {
    if (mode !== undefined) await file.chmod(mode)
    await syncs.run(() => file.sync())
  } finally {
    await file.close()
  }
}

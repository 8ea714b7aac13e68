import { algorithmOf, encodedOf } from '#contract/digest.ts'
import type { Archive } from '../../storage/archive/archive.ts'
import { backupOfKey, backupsKey, blobKey, getBackup, listBackupIds } from './backup-format.ts'
import { blobsOf, type BlobInTable } from './copy-blobs.ts'

/**
 * Deletes the oldest backups but `keep`, what was left of backups that were never finished, and then the blobs that no
 * backup needs. Returns the ids of the finished ones. Nothing else may write to the archive meanwhile.
 */
export async function pruneBackups(options: { readonly archive: Archive; readonly keep: number }): Promise<string[]> {
  const { archive, keep } = options
  const finished = await listBackupIds(archive)
  const kept = new Set(finished.slice(0, keep))
  const gone: string[] = []
  for await (const { key } of archive.list(backupsKey)) {
    const id = backupOfKey(key)
    if (id !== undefined && !kept.has(id)) gone.push(key)
  }
  // The manifest first: a backup that lost some of its files must not look finished.
  await archive.delete(gone.filter((key) => key.endsWith('/backup.json')))
  await archive.delete(gone)
  if (gone.length > 0) await deleteUnneeded(archive, [...kept])
  return finished.slice(keep)
}

/** Backups list their blobs by digest, so one folder of the archive after the other is compared with all of them. */
async function deleteUnneeded(archive: Archive, ids: readonly string[]): Promise<void> {
  const needed: BlobsInOrder[] = []
  for (const id of ids) needed.push(new BlobsInOrder(blobsOf(archive, (await getBackup(archive, id)).tables)))
  try {
    for (const folder of blobFolders()) {
      const keys = new Set<string>()
      for (const blobs of needed) await blobs.takeBelow(folder, keys)
      const unneeded: string[] = []
      for await (const { key } of archive.list(folder)) if (!keys.has(key)) unneeded.push(key)
      await archive.delete(unneeded)
    }
  } finally {
    for (const blobs of needed) await blobs.close()
  }
}

function* blobFolders(): Generator<string> {
  for (const algorithm of ['sha256', 'sha512']) {
    for (let first = 0; first < 256; first++) yield `blobs/${algorithm}/${first.toString(16).padStart(2, '0')}/`
  }
}

/** Gives the blobs of a backup folder by folder. */
class BlobsInOrder {
  readonly #blobs: AsyncGenerator<BlobInTable>
  #next: string | undefined
  #last = ''

  constructor(blobs: AsyncGenerator<BlobInTable>) {
    this.#blobs = blobs
  }

  async takeBelow(folder: string, keys: Set<string>): Promise<void> {
    for (;;) {
      this.#next ??= await this.#take()
      if (this.#next?.startsWith(folder) !== true) return
      keys.add(this.#next)
      this.#next = undefined
    }
  }

  async #take(): Promise<string | undefined> {
    const { value } = await this.#blobs.next()
    if (value === undefined) return undefined
    const order = `${algorithmOf(value.digest)} ${encodedOf(value.digest)}`
    // Out of order some blobs would be taken for unneeded.
    if (order < this.#last) throw new Error('a backup does not list its blobs by digest: nothing was deleted')
    this.#last = order
    return blobKey(value.digest)
  }

  async close(): Promise<void> {
    await this.#blobs.return(undefined)
  }
}

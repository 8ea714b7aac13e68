import type { Digest } from '#contract/digest.ts'
import type { Archive } from '../../storage/archive/archive.ts'
import type { OnBlob } from './blob-progress.ts'
import { blobKey, getBackup, type Backup } from './backup-format.ts'
import { blobsOf, copiesAtOnce } from './copy-blobs.ts'
import { forEachAtOnce } from '../../runtime/for-each-at-once.ts'
import { assertTableFile } from './table-files.ts'
import { assertBytes, BytesDiffer } from './verified-bytes.ts'

export interface VerifiedBackup {
  readonly backup: Backup
  /** Blobs whose bytes were read and are right. */
  readonly blobs: number
  readonly bytes: number
  readonly damaged: readonly { readonly digest: Digest; readonly reason: string }[]
}

/** Reads everything that the backup needs. @throws DomainError when its tables cannot be read */
export async function verifyBackup(options: {
  readonly archive: Archive
  readonly backupId?: string | undefined
  readonly onVerified?: OnBlob
}): Promise<VerifiedBackup> {
  const { archive, onVerified } = options
  const backup = await getBackup(archive, options.backupId)
  for (const table of backup.tables) await assertTableFile(archive, table)
  const damaged = backup.blobs.damaged.map(({ digest, reason }) => ({ digest, reason }))
  const lost = new Set(damaged.map(({ digest }) => digest))
  let blobs = 0
  let bytes = 0
  await forEachAtOnce(blobsOf(archive, backup.tables), copiesAtOnce, async (blob) => {
    if (lost.has(blob.digest)) return
    try {
      const stored = await archive.read(blobKey(blob.digest))
      if (stored === undefined) throw new BytesDiffer('the archive does not have it')
      await assertBytes(stored, blob)
    } catch (error) {
      if (!(error instanceof BytesDiffer)) throw error
      damaged.push({ digest: blob.digest, reason: error.message })
      return
    }
    blobs++
    bytes += blob.size
    onVerified?.({ count: blobs, total: backup.blobs.count, bytes, totalBytes: backup.blobs.bytes })
  })
  return { backup, blobs, bytes, damaged }
}

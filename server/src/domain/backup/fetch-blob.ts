import { createHash } from 'node:crypto'
import type { Digest } from '#contract/digest.ts'
import type { BlobLocation, BlobStager, UploadId } from '../../storage/blob-store.ts'
import type { Archive } from '../../storage/archive/archive.ts'
import { blobKey } from './backup-format.ts'
import { assertBytes, BytesDiffer, verifiedBytes, type ExpectedBytes } from './verified-bytes.ts'

/**
 * Brings a blob from the archive to the store, verified, and makes it durable there under the id of `upload`. Done again
 * after an interruption it ends in the same place.
 * @throws BytesDiffer when the archive does not have the right bytes
 */
export async function fetchBlob(
  options: { readonly archive: Archive; readonly store: BlobStager },
  upload: UploadId,
  blob: ExpectedBytes,
): Promise<BlobLocation> {
  const { archive, store } = options
  const key = blobKey(blob.digest)
  const found = await archive.sizeOf(key)
  if (found === undefined) throw new BytesDiffer('the archive does not have it')
  if (found !== blob.size) throw new BytesDiffer(`${found} bytes instead of ${blob.size}`)
  const path = archive.pathOf?.(key)
  try {
    if (path !== undefined && store.stageFile !== undefined && found > 0) {
      await store.stageFile(upload, path)
      await assertBytes(await store.readStaged(upload, found), blob)
    } else {
      const bytes = await archive.read(key)
      if (bytes === undefined) throw new BytesDiffer('the archive does not have it')
      await store.append(upload, 0, verifiedBytes(bytes, blob), () => undefined)
    }
    return await store.commit(upload, blob.digest, blob.size)
  } catch (error) {
    if (error instanceof BytesDiffer) await store.discard(upload)
    throw error
  }
}

/** The same each time, so that the next run takes up the bytes of an interrupted restore. */
export function uploadOf(backupId: string, digest: Digest): UploadId {
  const hex = createHash('sha256').update(`${backupId} ${digest}`).digest('hex')
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)]
  return parts.join('-') as UploadId
}

import type { Config } from '../config/config.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { composeFilesystemBlobStore } from '../storage/filesystem.ts'
import type { S3Call } from '../storage/s3/s3-client.ts'
import { isServedByMany } from './processes.ts'

/** @param onCall hears of every call to a bucket */
export async function composeBlobStore(config: Config, onCall?: (call: S3Call) => void): Promise<BlobStore> {
  const { storage } = config
  if (storage.kind === 'filesystem') {
    return await composeFilesystemBlobStore({ folder: storage.folder, shared: isServedByMany(config) })
  }
  // Loaded on demand: AWS's client takes a tenth of a second to load.
  const [{ openBucket }, { composeS3BlobStore }] = await Promise.all([
    import('../storage/s3/s3-client.ts'),
    import('../storage/s3/s3.ts'),
  ])
  return composeS3BlobStore({ bucket: openBucket(storage, onCall) })
}

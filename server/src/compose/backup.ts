import { join, resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import { DomainError } from '../domain/errors.ts'
import type { Archive } from '../storage/archive/archive.ts'
import { openFolderArchive } from '../storage/archive/folder-archive.ts'

const bucketAddress = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/

/**
 * The archive at an address: a folder, or `s3://bucket/prefix`, reached as the settings say.
 * @throws DomainError BAD_REQUEST when it is no address, or lies where the registry keeps its own
 */
export async function openArchive(config: Config, address: string): Promise<Archive> {
  if (!/^[a-z0-9+]+:\/\//i.test(address)) return openFolderArchive(assertApart(config, resolve(address)))
  const [, name, below = ''] = bucketAddress.exec(address) ?? []
  if (name === undefined) {
    throw new DomainError('BAD_REQUEST', `${address} is neither a folder nor s3://bucket/prefix`)
  }
  const prefix = below === '' || below.endsWith('/') ? below : `${below}/`
  const { storage } = config
  if (storage.kind === 's3' && storage.bucket === name && storage.prefix === prefix) {
    throw new DomainError('BAD_REQUEST', `${address} is where the registry keeps its blobs: choose another prefix`)
  }
  const [{ openBucket }, { openS3Archive }] = await Promise.all([
    import('../storage/s3/s3-client.ts'),
    import('../storage/archive/s3-archive.ts'),
  ])
  const bucket = openBucket({ ...config.backup.s3, bucket: name, prefix })
  return openS3Archive({ bucket, name: address })
}

/** A folder inside the store would be taken for part of it, and vanish with it. */
function assertApart({ storage }: Config, folder: string): string {
  if (storage.kind !== 'filesystem' || !join(folder, '/').startsWith(join(storage.folder, '/'))) return folder
  throw new DomainError('BAD_REQUEST', `${folder} lies in the blob store of the registry: choose another folder`)
}

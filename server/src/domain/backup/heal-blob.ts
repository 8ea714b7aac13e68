import { randomUUID } from 'node:crypto'
import type { Digest } from '#contract/digest.ts'
import type { Database } from '../../database/database.ts'
import type { BlobStore, UploadId } from '../../storage/blob-store.ts'
import type { Archive } from '../../storage/archive/archive.ts'
import type { Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import { placeBlob } from '../content/blob-rows.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { assertArchive } from './backup-format.ts'
import { fetchBlob } from './fetch-blob.ts'
import { BytesDiffer } from './verified-bytes.ts'

/**
 * Gives a blob of the running registry the bytes that an archive has of it, whatever backup they came with.
 * @throws DomainError BLOB_UNKNOWN when the registry has no such blob, BAD_REQUEST when the archive has no good bytes
 */
export async function healBlob(
  options: {
    readonly database: Database
    readonly store: BlobStore
    readonly archive: Archive
    readonly clock: Clock
    readonly events: Events
    readonly actor: Actor
  },
  digest: Digest,
): Promise<{ size: number }> {
  const { database, store, archive, clock, events, actor } = options
  await assertArchive(archive)
  const known = await database.read.selectFrom('blob').select('size').where('digest', '=', digest).executeTakeFirst()
  if (known === undefined) throw new DomainError('BLOB_UNKNOWN', `this registry knows no blob ${digest}`)
  const blob = { digest, size: known.size }
  const location = await fetchBlob(options, randomUUID() as UploadId, blob).catch((error: unknown) => {
    if (!(error instanceof BytesDiffer)) throw error
    throw new DomainError('BAD_REQUEST', `${archive.name} has no good bytes of ${digest}: ${error.message}`)
  })
  const placed = await database.write(async (tx) => {
    const still = await tx.selectFrom('blob').select('digest').where('digest', '=', digest).executeTakeFirst()
    if (still === undefined) return false
    await placeBlob(tx, { ...blob, location }, clock.now())
    await events.record(tx, actor, { type: 'heal_blob', digest })
    return true
  })
  if (placed) return { size: known.size }
  await store.delete([location])
  throw new DomainError('BLOB_UNKNOWN', `${digest} was deleted from the registry meanwhile`)
}

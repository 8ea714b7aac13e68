import type { Digest, DigestAlgorithm } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { BlobBody, StoredRange, UploadId } from '../../storage/blob-store.ts'
import type { Admission, Bringing, Reading } from '../access/admission.ts'
import type { Actor } from '../access/actor.ts'
import type { Chunk } from './chunk.ts'
import type { Upload } from './uploads.ts'

/**
 * The roles that `/v2` calls for blobs. Each role has few methods and no class behind it, so that something else can stand in front
 * of one: a reader that fetches from another registry what this one does not have yet.
 */

/** A blob that a repository offers, from the store or from wherever its reader has it. */
export interface ReadableBlob {
  readonly digest: Digest
  readonly sizeBytes: number
  /** Whether its link might go before a client that saw it now has pushed a manifest with it. */
  needsLease(): boolean
  /** Where the client finds the bytes itself, for some minutes; undefined when it gets them from us. */
  redirect(): Promise<string | undefined>
  open(range?: StoredRange): Promise<BlobBody>
}

export interface BlobReader {
  /** @throws DomainError BLOB_UNKNOWN when the repository does not offer the digest */
  getBlob(admission: Admission<Reading>, digest: Digest): Promise<ReadableBlob>
}

/** Which repository may read a blob that is here already. */
export interface BlobLinks {
  /** @throws DomainError BLOB_UNKNOWN when garbage collection was faster */
  keepForPush(admission: Admission<'push'>, digest: Digest): Promise<void>
  /** False when the source does not link it. */
  mountBlob(admission: Admission<Bringing>, digest: Digest, source: Admission<Reading>): Promise<boolean>
  /** Repositories that the actor might read the digest through; the gates decide about each. */
  listMountSources(actor: Actor, digest: Digest): Promise<readonly RepositoryName[]>
  deleteBlob(admission: Admission<'delete'>, digest: Digest): Promise<void>
}

/** Blobs on their way in, chunk by chunk. */
export interface UploadSessions {
  createUpload(admission: Admission<'push'>, algorithm?: DigestAlgorithm): Promise<Upload>
  getUpload(admission: Admission<'push'>, id: UploadId): Promise<Upload>
  appendToUpload(
    admission: Admission<'push'>,
    id: UploadId,
    bytes: AsyncIterable<Uint8Array>,
    chunk?: Chunk,
  ): Promise<Upload>
  finishUpload(
    admission: Admission<'push'>,
    id: UploadId,
    digest: Digest,
    last?: { readonly bytes: AsyncIterable<Uint8Array>; readonly chunk?: Chunk },
  ): Promise<StoredBlob>
  cancelUpload(admission: Admission<'push'>, id: UploadId): Promise<void>
}

export interface StoredBlob {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
}

/** Blobs that come whole. */
export interface BlobTaker {
  uploadAtOnce(admission: Admission<Bringing>, digest: Digest, bytes: AsyncIterable<Uint8Array>): Promise<StoredBlob>
}

import type { Digest } from '#contract/digest.ts'
import type { Cloned } from './clone-file.ts'

/**
 * Where the bytes of a committed blob lie: an opaque key, chosen by the store at commit and never
 * given to a later upload again. It is kept in the blob's row, so a late physical delete can never
 * hit the bytes of a re-push of the same digest (architecture, invariant 7).
 */
export type BlobLocation = string & { readonly __brand: 'BlobLocation' }

/** Names one upload session's staged bytes. A UUID made by us, never taken from a client unparsed. */
export type UploadId = string & { readonly __brand: 'UploadId' }

/** Byte positions, both inclusive, already clipped to the size of the blob. */
export interface StoredRange {
  readonly start: number
  readonly end: number
}

/** A body that a response can carry without a copy in between: a file slice or a stream. */
export type BlobBody = Blob | ReadableStream<Uint8Array>

export interface BlobReader {
  /** The size in bytes, or undefined when no bytes lie there. */
  sizeOf(location: BlobLocation): Promise<number | undefined>
  /** The bytes, or undefined when none lie there. Does not verify the digest: the scrub does. */
  open(location: BlobLocation, range?: StoredRange): Promise<BlobBody | undefined>
  /**
   * A URL that gives the bytes to its holder for `lifetimeSeconds`; only in stores that clients can reach themselves.
   * It says nothing about whether bytes lie there.
   */
  presign?(location: BlobLocation, lifetimeSeconds: number): Promise<string>
  /** The file with the bytes, in stores that lie in a file system. Says nothing about whether there is one. */
  pathOf?(location: BlobLocation): string
}

export interface BlobStager {
  /** The largest blob that the medium can hold; no limit when left out. */
  readonly maxBytes?: number
  /**
   * Appends to the staged bytes of `upload` at `offset`; bytes staged beyond `offset` (left by an
   * append that was never acknowledged) are dropped first. Creates the staged file when offset is 0.
   * `observe` sees every chunk once, in order, before it is written (hashing, limits); what it
   * throws aborts the append and is rethrown unchanged. Returns the new offset. Bytes are not yet durable.
   * A chunk belongs to the store once it was yielded: its memory may be gone as soon as `observe` has returned.
   * At most one append, read or commit of one upload at a time.
   * @throws StagedBytesMissing when fewer than `offset` bytes are staged
   * @throws StorageFull, StorageUnavailable
   */
  append(
    upload: UploadId,
    offset: number,
    bytes: AsyncIterable<Uint8Array>,
    observe: (chunk: Uint8Array) => void,
  ): Promise<number>
  /**
   * Stages the bytes of a local file as if they had been appended to a new upload, sharing them with it where the file
   * system can; only in stores that lie in a file system. The caller reads them back to verify them. Returns how many
   * there are, and how they came here.
   * @throws StorageFull, StorageUnavailable
   */
  stageFile?(upload: UploadId, path: string): Promise<{ readonly size: number; readonly how: Cloned }>
  /**
   * Reads the first `size` staged bytes back: to hash them when another process received them.
   * @throws StagedBytesMissing when fewer are staged
   */
  readStaged(upload: UploadId, size: number): Promise<ReadableStream<Uint8Array>>
  /**
   * A look at staged bytes while an append writes them, from any process that shares the medium; undefined when there are none.
   * Only in stores that lie in a file system. The view stays what it is when the upload is committed or discarded.
   */
  viewStaged?(upload: UploadId): Promise<StagedView | undefined>
  /**
   * Makes exactly `size` staged bytes durable under a location of their own: fsync → rename → fsync
   * of the folder. The caller has verified that they have `digest`. The staged bytes are gone after it;
   * when it fails, they are still there unless the failure came after the rename or the disk would not take them: then
   * trying again ends in StagedBytesMissing. A size of 0 needs no append.
   * @throws StagedBytesMissing, StorageFull, StorageUnavailable
   */
  commit(upload: UploadId, digest: Digest, size: number): Promise<BlobLocation>
  /**
   * Forgets staged bytes; no error when there are none. `neverCommitted`: the caller has made sure that no row points
   * to bytes of this upload, and none ever will. Then the results of a commit go too, where they can be found.
   */
  discard(upload: UploadId, options?: { readonly neverCommitted?: boolean }): Promise<void>
  /**
   * Whether the first `size` staged bytes are exactly those that this process took, so that a digest taken on their way
   * in is theirs. Only in stores that several processes write to at once. When it is false, the bytes are read back.
   */
  tookAll?(upload: UploadId, size: number): boolean
  /**
   * Keeps other processes from claiming the upload until the claim is disposed of or this process dies; undefined when
   * another has it. `offset`: as many bytes are staged as far as the caller knows; with 0 there may be none. Only in
   * stores where two writers could mix their bytes.
   * @throws StagedBytesMissing when nothing is staged although `offset` is not 0
   */
  claim?(upload: UploadId, offset: number): Promise<AsyncDisposable | undefined>
}

/** Bytes that are being staged. */
export interface StagedView extends AsyncDisposable {
  /** How many there are by now. */
  size(): Promise<number>
  /** Those from `start`, as many as there are, `maxBytes` at the most. */
  read(start: number, maxBytes: number): Promise<Uint8Array>
}

export interface BlobSweeper {
  /** Deletes bytes, durably when it returns; a location where nothing lies is no error. */
  delete(locations: readonly BlobLocation[]): Promise<void>
  /** Every committed location with its size, for offline verification only: never on a request's path. */
  walk(): AsyncIterable<{ location: BlobLocation; size: number; modifiedAt: number }>
  /** Every staged upload, so that those without a row can be discarded. */
  walkStaged(): AsyncIterable<{ upload: UploadId; modifiedAt: number }>
}

/** Bytes that another program stored, on a medium that the store may be able to reach itself. */
export type ForeignBytes =
  | { readonly kind: 'file'; readonly path: string }
  | {
      readonly kind: 'object'
      /** Undefined: AWS. */
      readonly endpoint: string | undefined
      readonly bucket: string
      readonly key: string
    }

/** How bytes are taken over that did not come through the program. */
export interface Adoption {
  /** Known beforehand, so that a crash in between leaves no bytes that nobody knows of. */
  readonly location: BlobLocation
  /** Makes them durable there; false when this medium cannot do it without the program copying them. */
  carryOut(): Promise<boolean>
}

export interface BlobAdopter {
  /**
   * Prepares to take over bytes without reading them: by a second name for the same bytes, by a copy that the medium
   * makes, or, when `inPlace` says so and it can, by pointing to where they lie. The caller has verified that they have
   * `digest` and nobody changes them any more. Undefined when the store cannot reach them.
   */
  prepareAdoption?(
    upload: UploadId,
    source: ForeignBytes,
    blob: { readonly digest: Digest; readonly size: number },
    inPlace: boolean,
  ): Adoption | undefined
}

export interface BlobGiver {
  /**
   * Puts the bytes at `path` without reading them: by a copy that shares its blocks, or by a second name when `link`
   * says so. False when the medium cannot; nothing lies there then.
   */
  giveTo?(location: BlobLocation, path: string, link: boolean): Promise<boolean>
}

/** Takes bytes that are not what their digest says out of everybody's reach. */
export interface BlobQuarantine {
  /** The location that the blob's row gets first: from then on these bytes are not served. */
  quarantineOf(location: BlobLocation): BlobLocation
  /** Moves the bytes of a location there; no error when they are there already, or nowhere. `delete` deletes them. */
  setAside(location: BlobLocation): Promise<void>
}

/** Answers "can bytes be written now?" for readiness; throws StorageUnavailable or StorageFull. */
export interface BlobStoreProbe {
  probe(): Promise<void>
}

export type BlobStore = BlobReader &
  BlobStager &
  BlobSweeper &
  BlobAdopter &
  BlobGiver &
  BlobQuarantine &
  BlobStoreProbe &
  AsyncDisposable

/** Fewer bytes are staged than the upload's row says: the session cannot go on. */
export class StagedBytesMissing extends Error {
  override readonly name = 'StagedBytesMissing'
}
/** The medium is full (ENOSPC, EDQUOT): writes fail, reads go on. */
export class StorageFull extends Error {
  override readonly name = 'StorageFull'
}
/** The medium cannot be used now (EIO, EROFS, EACCES, unreachable): try again later. */
export class StorageUnavailable extends Error {
  override readonly name = 'StorageUnavailable'
}

import { algorithmOf, encodedOf, type Digest, type DigestAlgorithm } from '#contract/digest.ts'
import type { Database, Writer } from '../../database/database.ts'
import { faultPoint } from '../../runtime/fault-points.ts'
import { createHasher, createSavableHasher, hashStream, type Hasher } from '../../runtime/hasher.ts'
import { LruMap } from '../../runtime/lru-map.ts'
import { StagedBytesMissing, type BlobStager, type BlobSweeper, type UploadId } from '../../storage/blob-store.ts'
import type { Admission, Bringing, Reading } from '../access/admission.ts'
import { actorKey } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { writeAdmitted } from '../policies/write-admitted.ts'
import { announcingExcess } from '../quotas/room.ts'
import { placeBlob, type PlacedBlob } from './blob-rows.ts'
import { assertContinues, ChunkCounter, type Chunk } from './chunk.ts'
import { acknowledgeAgain } from './finished-uploads.ts'
import { linkBlob } from './links.ts'
import { mountBlob } from './mount.ts'
import { passContent } from './pass-content.ts'
import { ensureRepository, findRepositoryId, type RepositoryKey } from '../projects/repositories.ts'
import { digestIn, digestStateOf, hasherBehind } from './upload-digest.ts'
import { assertUploadsLeft } from './upload-limits.ts'
import { deleteUpload, findUpload, insertUpload, moveOffset, type UploadRow } from './upload-rows.ts'
import { UploadWriters } from './upload-writers.ts'

export interface Upload {
  readonly id: UploadId
  /** Bytes acknowledged so far. */
  readonly offset: number
}

/** A digest in progress, in the memory of the process that took the last bytes. */
interface RunningDigest {
  readonly hasher: Hasher
  readonly offset: number
}

export interface UploadsOptions {
  database: Database
  store: BlobStager & BlobSweeper
  clock: Clock
  events: Events
  newId: () => string
  leaseMs: number
  expireAfterMs: number
  maxPerActor: number
  /** Bytes one blob may have; 0: no limit. */
  maxBytes: number
  /** Other processes go on with uploads that began here: they find the digest so far in the upload's row. */
  shared?: boolean
}

/** Digests in progress that this process keeps. Uploads go on and end at other processes, which tell nobody. */
const cachedDigests = 10_000

/** Blobs on their way in: create → append … → finish, or cancel, or expire (distribution-spec v1.1, pushing blobs). */
export class Uploads {
  readonly #options: UploadsOptions
  readonly #digests = new LruMap<UploadId, RunningDigest>(cachedDigests)
  readonly #writers: UploadWriters

  constructor(options: UploadsOptions) {
    this.#options = options
    this.#writers = new UploadWriters(options.store, { shared: options.shared === true })
  }

  /** @throws DomainError TOO_MANY_REQUESTS when the actor has too many open sessions */
  async createUpload(admission: Admission<Bringing>, algorithm: DigestAlgorithm = 'sha256'): Promise<Upload> {
    const { database, clock, newId, expireAfterMs, maxPerActor } = this.#options
    const now = clock.now()
    const id = newId() as UploadId
    const actor = actorKey(admission.actor)
    await writeAdmitted(
      database,
      admission,
      async (tx) => {
        await assertUploadsLeft(database, tx, actor, maxPerActor)
        const repositoryId = await ensureRepository(tx, repositoryOf(admission), now)
        await insertUpload.run(tx, {
          id,
          repository_id: repositoryId,
          actor,
          offset: 0,
          algorithm,
          created_at: now,
          expires_at: now + expireAfterMs,
        })
      },
      'relaxed',
    )
    return { id, offset: 0 }
  }

  /** @throws DomainError UPLOAD_UNKNOWN for everybody but the actor who created it, in the repository it was created for */
  async getUpload(admission: Admission<Bringing>, id: UploadId): Promise<Upload> {
    const row = await this.#get(admission, id)
    return { id, offset: row.offset }
  }

  /**
   * Appends `bytes`. `expectedStart` is the first byte's position as the client sees it (Content-Range);
   * undefined appends at the end.
   * @throws DomainError UPLOAD_OFFSET_WRONG (detail.offset: where to go on), UPLOAD_UNKNOWN, SIZE_INVALID
   */
  async appendToUpload(
    admission: Admission<Bringing>,
    id: UploadId,
    bytes: AsyncIterable<Uint8Array>,
    chunk?: Chunk,
  ): Promise<Upload> {
    return await this.#exclusively(admission, id, async (row) => {
      const offset = await this.#append(row, bytes, chunk)
      await this.#moveOffset(admission, row, offset)
      return { id, offset }
    })
  }

  /**
   * Takes the last bytes, if any, verifies the whole against `digest`, and makes it readable through the
   * repository. A wrong digest ends the session: its bytes are of no use to anybody. Asked again, as after a lost answer,
   * it answers the same.
   * @throws DomainError DIGEST_MISMATCH, UPLOAD_OFFSET_WRONG, UPLOAD_UNKNOWN, SIZE_INVALID, and of the gates
   */
  async finishUpload(
    admission: Admission<Bringing>,
    id: UploadId,
    digest: Digest,
    last?: { bytes: AsyncIterable<Uint8Array>; chunk?: Chunk },
  ): Promise<{ digest: Digest; size: number }> {
    try {
      return await this.#finish(admission, id, digest, last)
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'UPLOAD_UNKNOWN') throw error
      const finished = await acknowledgeAgain(this.#options, admission, { id, digest })
      if (finished === undefined) throw error
      return finished
    }
  }

  async #finish(
    admission: Admission<Bringing>,
    id: UploadId,
    digest: Digest,
    last: { bytes: AsyncIterable<Uint8Array>; chunk?: Chunk } | undefined,
  ): Promise<{ digest: Digest; size: number }> {
    return await this.#exclusively(admission, id, async (row) => {
      const size = last === undefined ? row.offset : await this.#append(row, last.bytes, last.chunk, digest)
      const encoded = await this.#digestOf(row, size, algorithmOf(digest))
      if (encoded !== encodedOf(digest)) {
        await this.#forget(id)
        throw new DomainError(
          'DIGEST_MISMATCH',
          `the ${size} bytes received do not have the digest ${digest}; start the upload again`,
          { detail: { digest, sizeBytes: size } },
        )
      }
      await this.#passContent(admission, id, { digest, size })
      const location = await this.#mapStagingErrors(id, () => this.#options.store.commit(id, digest, size))
      this.#digests.delete(id)
      await this.#commitRow(admission, row, { digest, size, location })
      return { digest, size }
    })
  }

  /**
   * One request's whole blob (POST with digest). Same promises as create + finish.
   */
  async uploadAtOnce(
    admission: Admission<Bringing>,
    digest: Digest,
    bytes: AsyncIterable<Uint8Array>,
  ): Promise<{ digest: Digest; size: number }> {
    const upload = await this.createUpload(admission, algorithmOf(digest))
    try {
      return await this.finishUpload(admission, upload.id, digest, { bytes })
    } catch (error) {
      // Nobody knows this session's id: nothing can go on from here.
      await this.#forget(upload.id)
      throw error
    }
  }

  async cancelUpload(admission: Admission<Bringing>, id: UploadId): Promise<void> {
    await this.#exclusively(admission, id, async () => await this.#forget(id))
  }

  /** As `mountBlob` of mount.ts: what begins an upload may find that none is needed. */
  async mountBlob(admission: Admission<Bringing>, digest: Digest, source: Admission<Reading>): Promise<boolean> {
    return await mountBlob(this.#options, admission, digest, source)
  }

  /** Ends sessions past their time; at most `limit` of them. Returns how many. */
  async expireUploads(limit: number): Promise<number> {
    const { database, clock } = this.#options
    const expired = await database.read
      .selectFrom('upload')
      .select('id')
      .where('expires_at', '<=', clock.now())
      .orderBy('expires_at')
      .limit(limit)
      .execute()
    let ended = 0
    for (const { id } of expired) {
      const upload = id as UploadId
      if (await this.#writers.unlessBusy(upload, () => this.#forget(upload))) ended++
    }
    return ended
  }

  /** Writes bytes behind those that are there, and returns the new offset. */
  async #append(
    row: UploadRow,
    bytes: AsyncIterable<Uint8Array>,
    chunk: Chunk | undefined,
    finalDigest?: Digest,
  ): Promise<number> {
    assertContinues(row, chunk)
    const id = row.id as UploadId
    // A first append that is the last one too is hashed with the algorithm of its digest.
    if (row.offset === 0 && finalDigest !== undefined) row.algorithm = algorithmOf(finalDigest)
    const hasher = this.#takeHasher(row, { isLast: finalDigest !== undefined, isRanged: chunk !== undefined })
    const counter = new ChunkCounter(row.offset, chunk, this.#maxBytes())
    const offset = await this.#mapStagingErrors(id, () =>
      this.#options.store.append(id, row.offset, bytes, (piece) => {
        counter.count(piece.byteLength)
        hasher?.update(piece)
      }),
    )
    counter.assertWhole()
    if (hasher !== undefined) this.#digests.set(id, { hasher, offset })
    return offset
  }

  /**
   * The digest of the bytes so far, to go on with: of this process, or as the process that took the last bytes left it
   * in the row; undefined when neither has it. A hasher that sees bytes which are then not acknowledged is lost.
   */
  #takeHasher(row: UploadRow, body: { readonly isLast: boolean; readonly isRanged: boolean }): Hasher | undefined {
    const running = this.#digests.get(row.id as UploadId)
    this.#digests.delete(row.id as UploadId)
    if (row.offset > 0) return running?.offset === row.offset ? running.hasher : hasherBehind(row)
    if (this.#options.shared !== true || body.isLast) return createHasher(row.algorithm)
    // A Content-Range announces more chunks, which may meet another process.
    return createSavableHasher(row.algorithm, { always: body.isRanged })
  }

  /** @throws DomainError UPLOAD_UNKNOWN when another request moved it, or it ended */
  async #moveOffset(admission: Admission<Bringing>, { id, offset: from }: UploadRow, to: number): Promise<void> {
    const { database, clock, expireAfterMs } = this.#options
    const running = this.#digests.get(id as UploadId)
    const digestState = running?.offset === to ? digestStateOf(running.hasher, to) : null
    const move = async (tx: Writer) => {
      const expiresAt = clock.now() + expireAfterMs
      const moved = await moveOffset.run(tx, { id, from, to, expiresAt, digestState })
      if (moved === 0) throw uploadUnknown()
    }
    await writeAdmitted(database, admission, move, 'relaxed')
  }

  #maxBytes(): number {
    const { maxBytes, store } = this.#options
    return Math.min(maxBytes > 0 ? maxBytes : Infinity, store.maxBytes ?? Infinity)
  }

  async #digestOf(row: UploadRow, size: number, algorithm: DigestAlgorithm): Promise<string> {
    const id = row.id as UploadId
    if (size === 0) return createHasher(algorithm).digestHex()
    const running = this.#digests.get(id)
    const isOurs = this.#options.store.tookAll?.(id, size) ?? true
    if (isOurs && row.algorithm === algorithm) {
      if (running?.offset === size) return running.hasher.digestHex()
      const left = row.offset === size ? digestIn(row) : undefined
      if (left !== undefined) return left
    }
    return await this.#mapStagingErrors(
      id,
      async () => await hashStream(await this.#options.store.readStaged(id, size), algorithm),
    )
  }

  /** The last step of a blob's push: from here on it is there. */
  async #commitRow(admission: Admission<Bringing>, row: UploadRow, blob: PlacedBlob): Promise<void> {
    const { digest, location } = blob
    const { database, clock, events, leaseMs, store } = this.#options
    faultPoint('upload-before-row')
    try {
      await writeAdmitted(database, admission, async (tx) => {
        const now = clock.now()
        if ((await deleteUpload.run(tx, { id: row.id })) === 0) throw uploadUnknown()
        const healed = await placeBlob(tx, blob, now)
        if (healed) await events.record(tx, admission.actor, { type: 'heal_blob', digest })
        const link = { repositoryId: row.repository_id, digest, protectedUntil: now + leaseMs, now }
        await linkBlob(tx, link, { uploadId: row.id, uploadedBy: row.actor })
      })
    } catch (error) {
      // Only a refusal of ours proves that no row points to the bytes; after a lost connection one may.
      if (error instanceof DomainError) {
        await store.delete([location])
        await this.#forget(row.id as UploadId)
      }
      throw error
    }
    faultPoint('upload-after-row')
  }

  /** A blob that is refused is dropped before it is stored. @throws DomainError QUOTA_EXCEEDED */
  async #passContent(
    admission: Admission<Bringing>,
    id: UploadId,
    { digest, size }: { digest: Digest; size: number },
  ): Promise<void> {
    try {
      await announcingExcess(this.#options, admission, async () =>
        passContent(this.#options.database.read, admission, digest, size),
      )
    } catch (error) {
      if (error instanceof DomainError) await this.#forget(id)
      throw error
    }
  }

  async #get(admission: Admission<Bringing>, id: UploadId): Promise<UploadRow> {
    const { database } = this.#options
    const row = await findUpload.first(database.read, { id })
    if (row === undefined || row.actor !== actorKey(admission.actor)) throw uploadUnknown()
    const repositoryId = admission.repositoryId ?? (await findRepositoryId(database.read, repositoryOf(admission)))
    if (row.repository_id !== repositoryId) throw uploadUnknown()
    return row
  }

  async #forget(id: UploadId): Promise<void> {
    this.#digests.delete(id)
    const ended = await this.#options.database.write((tx) => deleteUpload.run(tx, { id }), 'relaxed')
    // Whoever deletes the row decides: had it become a blob, the row would have been gone.
    await this.#options.store.discard(id, { neverCommitted: ended === 1 })
  }

  async #exclusively<T>(
    admission: Admission<Bringing>,
    id: UploadId,
    work: (row: UploadRow) => Promise<T>,
  ): Promise<T> {
    return await this.#writers.exclusively(id, () => this.#get(admission, id), work)
  }

  async #mapStagingErrors<T>(id: UploadId, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof StagedBytesMissing)) throw error
      await this.#forget(id)
      throw new DomainError('UPLOAD_UNKNOWN', 'the bytes of this upload were lost; start the upload again', {
        cause: error,
      })
    }
  }
}

function repositoryOf(admission: Admission): RepositoryKey {
  return { projectId: admission.projectId, name: admission.repositoryName }
}

function uploadUnknown(): DomainError {
  return new DomainError('UPLOAD_UNKNOWN', 'no such upload in this repository; start a new one')
}

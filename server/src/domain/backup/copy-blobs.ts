import { parseDigest, type Digest } from '#contract/digest.ts'
import type { Database } from '../../database/database.ts'
import type { BlobLocation, BlobReader } from '../../storage/blob-store.ts'
import { isQuarantined } from '../../storage/layout.ts'
import type { Archive } from '../../storage/archive/archive.ts'
import type { BlobProgress } from './blob-progress.ts'
import { blobFolder, blobKey, blobTable, type BackupTable } from './backup-format.ts'
import { faultPoint } from '../../runtime/fault-points.ts'
import { forEachAtOnce } from '../../runtime/for-each-at-once.ts'
import { readTableFile } from './table-files.ts'
import { assertBytes, BytesDiffer, streamOf, verifiedBytes, type ExpectedBytes } from './verified-bytes.ts'

export interface CopyOutcome {
  /** Blobs that the backup has. */
  readonly count: number
  readonly bytes: number
  /** Those that the archive lacked. */
  readonly newBlobs: number
  readonly newBytes: number
  readonly damaged: { readonly digest: Digest; readonly size: number; readonly reason: string }[]
}

export type OnCopied = (progress: BlobProgress & { readonly newBytes: number }) => void

export interface CopyBlobsOptions {
  readonly database: Database
  readonly store: BlobReader
  readonly archive: Archive
  readonly tables: readonly BackupTable[]
  readonly assertHeld: () => void
  readonly onCopied?: OnCopied
  readonly signal?: AbortSignal | undefined
}

export interface BlobInTable extends ExpectedBytes {
  readonly location: BlobLocation
}

/** Each reads from one place and writes to the other; more would only wait for the same disks. */
export const copiesAtOnce = 4

/** The blobs of a backup, in the order of their digests. */
export async function* blobsOf(archive: Archive, tables: readonly BackupTable[]): AsyncGenerator<BlobInTable> {
  const table = tables.find(({ name }) => name === blobTable)
  if (table === undefined) return
  const [digest, size, location] = ['digest', 'size', 'location'].map((column) =>
    table.columns.findIndex(({ name }) => name === column),
  ) as [number, number, number]
  for await (const piece of readTableFile(archive, table)) {
    for (const row of piece) {
      yield {
        digest: parseDigest(String(row[digest])),
        size: Number(row[size]),
        location: String(row[location]) as BlobLocation,
      }
    }
  }
}

/** Brings the blobs that the tables name and the archive lacks to the archive, each verified on its way. */
export async function copyBlobs(options: CopyBlobsOptions): Promise<CopyOutcome> {
  const { archive, tables, assertHeld, onCopied, signal } = options
  const total = tables.find(({ name }) => name === blobTable)?.file?.lines ?? 0
  const outcome = { count: 0, bytes: 0, newBlobs: 0, newBytes: 0, damaged: [] as CopyOutcome['damaged'] }
  const known = new KnownBlobs(archive)
  await forEachAtOnce(blobsOf(archive, tables), copiesAtOnce, async (blob) => {
    signal?.throwIfAborted()
    const { digest, size } = blob
    if ((await known.sizeOf(digest)) !== size) {
      assertHeld()
      try {
        await copyBlob(options, blob)
      } catch (error) {
        if (!(error instanceof BytesDiffer)) throw error
        outcome.damaged.push({ digest, size, reason: error.message })
        return
      }
      outcome.newBlobs++
      outcome.newBytes += size
      faultPoint('backup-after-blob')
    }
    outcome.count++
    outcome.bytes += size
    onCopied?.({ count: outcome.count, total, bytes: outcome.bytes, newBytes: outcome.newBytes })
  })
  // Asked also after a long copy: bytes that were read after the hold had gone may be missing.
  if (outcome.damaged.length > 0) assertHeld()
  return outcome
}

/** @throws BytesDiffer when the store does not have the right bytes */
async function copyBlob(options: CopyBlobsOptions, blob: BlobInTable): Promise<void> {
  try {
    await copyFrom(options, blob, blob.location)
  } catch (error) {
    if (!(error instanceof BytesDiffer)) throw error
    // A push may have healed it since.
    const now = await options.database.read
      .selectFrom('blob')
      .select('location')
      .where('digest', '=', blob.digest)
      .executeTakeFirst()
    if (now === undefined || now.location === blob.location) throw error
    await copyFrom(options, blob, now.location as BlobLocation)
  }
}

async function copyFrom(
  { store, archive, signal }: CopyBlobsOptions,
  blob: ExpectedBytes,
  location: BlobLocation,
): Promise<void> {
  // The scrub has put them aside: they are wrong, and no reader opens them.
  if (isQuarantined(location)) throw new BytesDiffer('the bytes are damaged and in quarantine')
  const key = blobKey(blob.digest)
  const body = await store.open(location)
  if (body === undefined) throw new BytesDiffer('the bytes are missing')
  const path = store.pathOf?.(location)
  if (path !== undefined && archive.writeFile !== undefined) {
    await archive.writeFile(key, path, (bytes) => assertBytes(bytes, blob, signal))
  } else await archive.write(key, verifiedBytes(streamOf(body), blob, signal))
}

/** The blobs of the archive, looked up a folder at a time, because blobs come in the order of their digests. */
class KnownBlobs {
  readonly #archive: Archive
  #folder = ''
  #sizes: Promise<ReadonlyMap<string, number>> = Promise.resolve(new Map())

  constructor(archive: Archive) {
    this.#archive = archive
  }

  async sizeOf(digest: Digest): Promise<number | undefined> {
    const folder = blobFolder(digest)
    if (folder !== this.#folder) {
      this.#folder = folder
      this.#sizes = this.#list(folder)
    }
    return (await this.#sizes).get(blobKey(digest))
  }

  async #list(folder: string): Promise<ReadonlyMap<string, number>> {
    const sizes = new Map<string, number>()
    for await (const { key, size } of this.#archive.list(folder)) sizes.set(key, size)
    return sizes
  }
}

import type { Digest } from '#contract/digest.ts'
import type { Database } from '../../database/database.ts'
import type { BlobBody, StoredRange } from '../../storage/blob-store.ts'
import type { Admission, Reading } from '../access/admission.ts'
import { blobUnknown } from '../content/blobs.ts'
import type { BlobReader, ReadableBlob } from '../content/roles.ts'
import { DomainError } from '../errors.ts'
import type { Admit } from '../policies/admit.ts'
import type { BlobFills } from './blob-fills.ts'
import { understood } from './completions.ts'
import { DownloadInterrupted } from './followed-blob.ts'
import { streamOf } from './growing-blob.ts'
import type { ProxyMeter } from './proxy-meter.ts'
import type { CachedRepository, ProxyProjects } from './proxy-projects.ts'
import { UpstreamFailure } from './upstream.ts'
import { refusalOf, type Upstreams } from './upstreams.ts'

export interface CachedBlobsOptions {
  readonly database: Database
  readonly admit: Admit
  /** What is here. */
  readonly inner: BlobReader
  readonly projects: ProxyProjects
  readonly upstreams: Upstreams
  readonly fills: BlobFills
  readonly meter: ProxyMeter
}

const statDeadlineMs = 15_000

/** Blobs of proxy projects: those that are here, and else from upstream, kept on their way. */
export class CachedBlobs implements BlobReader {
  readonly #options: CachedBlobsOptions

  constructor(options: CachedBlobsOptions) {
    this.#options = options
  }

  async getBlob(admission: Admission<Reading>, digest: Digest): Promise<ReadableBlob> {
    const { inner, projects, meter } = this.#options
    const repository = await projects.findRepository(admission)
    if (repository === undefined) return await inner.getBlob(admission, digest)
    const here = await unlessUnknown(() => inner.getBlob(admission, digest))
    if (here !== undefined) return counted(here, (bytes) => meter.served(repository.project, 'blob', 'hit', bytes))
    const sizeBytes = await this.#sizeOf(repository, digest)
    return {
      digest,
      sizeBytes,
      needsLease: () => false,
      redirect: async () => undefined,
      open: async (range) => {
        meter.served(repository.project, 'blob', 'miss', bytesOf(range, sizeBytes))
        return await this.#open(admission as Admission<'pull'>, repository, digest, sizeBytes, range)
      },
    }
  }

  async #open(
    admission: Admission<'pull'>,
    repository: CachedRepository,
    digest: Digest,
    sizeBytes: number,
    range: StoredRange | undefined,
  ): Promise<BlobBody> {
    const { fills, admit, inner } = this.#options
    const blob = await refusing(repository, digest, () => fills.open(repository, digest, sizeBytes))
    if (blob === 'stored') {
      // Its repository may have been made since this request began.
      const now = await admit(admission.actor, 'pull', repository.name)
      return await (await inner.getBlob(now, digest)).open(range)
    }
    if (blob.sizeBytes !== sizeBytes) throw blobUnknown(digest)
    return await streamOf(blob, range, async (start, end, cause) => {
      if (!(cause instanceof DownloadInterrupted)) throw cause
      const rest = await this.#open(admission, repository, digest, sizeBytes, { start, end: end - 1 })
      return rest instanceof ReadableStream ? rest : (rest.stream() as ReadableStream<Uint8Array>)
    })
  }

  /** As a manifest that is here says; else as upstream does. @throws DomainError BLOB_UNKNOWN, UPSTREAM_… */
  async #sizeOf(repository: CachedRepository, digest: Digest): Promise<number> {
    const { upstreams } = this.#options
    const known = await this.#findInWaiting(repository, digest)
    if (known !== undefined) return known
    const size = await refusing(repository, digest, () =>
      upstreams.ask(
        repository.project,
        (upstream, signal) => upstream.statBlob(repository.upstreamName, digest, signal),
        { deadlineMs: statDeadlineMs },
      ),
    )
    if (size !== undefined) return size
    this.#options.meter.served(repository.project, 'blob', 'absent', 0)
    throw blobUnknown(digest)
  }

  async #findInWaiting({ name }: CachedRepository, digest: Digest): Promise<number | undefined> {
    const rows = await this.#options.database.read
      .selectFrom('proxy_manifest')
      .select(['bytes', 'media_type'])
      .where('repository', '=', name)
      .orderBy('fetched_at', 'desc')
      .limit(20)
      .execute()
    for (const { bytes, media_type: mediaType } of rows) {
      const manifest = understood({ bytes, mediaType })
      const found = [manifest?.config, ...(manifest?.layers ?? [])].find((each) => each?.digest === digest)
      if (found?.size !== undefined) return found.size
    }
    return undefined
  }
}

const bytesOf = (range: StoredRange | undefined, sizeBytes: number): number =>
  range === undefined ? sizeBytes : range.end - range.start + 1

function counted(blob: ReadableBlob, count: (bytes: number) => void): ReadableBlob {
  return {
    ...blob,
    open: async (range) => {
      count(bytesOf(range, blob.sizeBytes))
      return await blob.open(range)
    },
  }
}

async function refusing<T>(
  { project, upstreamName }: CachedRepository,
  digest: Digest,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof UpstreamFailure ? refusalOf(error, project, `${upstreamName}@${digest}`) : error
  }
}

async function unlessUnknown<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DomainError && error.code === 'BLOB_UNKNOWN') return undefined
    throw error
  }
}

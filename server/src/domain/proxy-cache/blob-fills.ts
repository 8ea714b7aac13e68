import { setTimeout as pause } from 'node:timers/promises'
import type { Digest } from '#contract/digest.ts'
import type { Database } from '../../database/database.ts'
import { blobUnknown } from '../content/blobs.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import { LruMap } from '../../runtime/lru-map.ts'
import { BlobDownload, type DownloadServices } from './blob-download.ts'
import { renewEveryMs, type FillLease } from './fill-leases.ts'
import type { CacheRoom } from './cache-room.ts'
import { DownloadInterrupted, FollowedBlob } from './followed-blob.ts'
import type { GrowingBlob } from './growing-blob.ts'
import { cacheActor, type CachedRepository } from './proxy-projects.ts'
import { SingleFlight } from './single-flight.ts'
import { SpeedLimit } from './speed-limit.ts'

export interface BlobFillsOptions extends DownloadServices {
  readonly database: Database
  readonly clock: Clock
  readonly room: Pick<CacheRoom, 'makeFor'>
}

/** Of a project that says nothing: upstreams take it ill, and more does not make a link faster. */
const standardDownloads = 32
/** So long a download waits for its turn. */
const maxQueuedMs = 10 * 60_000
const lookAgainMs = 100
const absentForMs = 10_000
const rememberedAbsences = 4_096

/** Downloads of blobs: one of each, for everybody who waits for it, in all processes. */
export class BlobFills implements AsyncDisposable {
  readonly #options: BlobFillsOptions
  readonly #running = new Map<string, BlobDownload>()
  readonly #claims = new SingleFlight<GrowingBlob | 'stored'>()
  readonly #speeds = new Map<number, SpeedLimit>()
  readonly #absent = new LruMap<string, number>(rememberedAbsences)
  #stopped = false

  constructor(options: BlobFillsOptions) {
    this.#options = options
  }

  /** The blob as it comes; `stored` when it is here by now. @throws UpstreamFailure, DomainError BLOB_UNKNOWN and others */
  async open(
    repository: CachedRepository,
    digest: Digest,
    sizeBytes: number | undefined,
  ): Promise<GrowingBlob | 'stored'> {
    const key = `${repository.name} ${digest}`
    const running = this.#running.get(key)
    if (running !== undefined) return await whenOpened(running)
    if ((this.#absent.get(key) ?? 0) > this.#options.clock.now()) throw blobUnknown(digest)
    return await this.#claims.do(key, () => this.#begin(key, repository, digest, sizeBytes))
  }

  /** Returns when the blob is stored. @throws as `open` does */
  async ensure(repository: CachedRepository, digest: Digest, sizeBytes: number | undefined): Promise<void> {
    for (;;) {
      const blob = await this.open(repository, digest, sizeBytes)
      if (blob === 'stored') return
      if (blob instanceof BlobDownload) return await blob.finished
      if (await isWhole(blob)) return
    }
  }

  /** Downloads under way in this process. */
  get size(): number {
    return this.#running.size
  }

  async #begin(
    key: string,
    repository: CachedRepository,
    digest: Digest,
    sizeBytes: number | undefined,
  ): Promise<GrowingBlob | 'stored'> {
    const { leases, clock } = this.#options
    const until = clock.now() + maxQueuedMs
    for (;;) {
      if (await this.#isStored(repository, digest)) return 'stored'
      const running = this.#running.get(key)
      if (running !== undefined) return await whenOpened(running)
      const claim = await leases.claim(repository, digest, maxDownloadsOf(repository))
      if (claim.kind === 'ours') {
        if (claim.left !== undefined) await this.#discard(repository, claim.left)
        if (sizeBytes !== undefined) await this.#options.room.makeFor(repository.project, sizeBytes)
        return await whenOpened(this.#download(key, repository, digest, sizeBytes))
      }
      if (claim.kind === 'held') {
        const followed = this.#follow(repository, digest, claim.lease)
        if (followed !== undefined) return followed
      } else if (clock.now() > until) {
        throw new DomainError(
          'UPSTREAM_LIMITED',
          'all downloads that this project may have at once are busy; try again',
          {
            retryAfterSeconds: 30,
          },
        )
      }
      await pause(lookAgainMs)
    }
  }

  #download(key: string, repository: CachedRepository, digest: Digest, sizeBytes: number | undefined): BlobDownload {
    const { clock, leases } = this.#options
    const { project, name } = repository
    const speed = this.#speedOf(repository)
    const download = new BlobDownload(this.#options, { repository, digest, sizeBytes, speed })
    this.#running.set(key, download)
    const renewal = setInterval(() => {
      leases.renew(repository, digest).then(
        (ofProject) => {
          if (ofProject === undefined) download.stop(new Error(`another process downloads ${digest} of ${name} now`))
          else speed.set(speedOf(repository), this.#ownOf(project.id) / Math.max(1, ofProject))
        },
        // The next renewal says whether the lease is ours still.
        () => {},
      )
    }, renewEveryMs)
    const end = () => {
      clearInterval(renewal)
      this.#running.delete(key)
    }
    download.finished.then(end, (error: unknown) => {
      end()
      if (error instanceof DomainError && error.code === 'BLOB_UNKNOWN')
        this.#absent.set(key, clock.now() + absentForMs)
    })
    if (this.#stopped) download.stop(new Error('the registry shuts down'))
    return download
  }

  /** Undefined where it cannot be read yet, or not from here. */
  #follow(repository: CachedRepository, digest: Digest, lease: FillLease): FollowedBlob | undefined {
    const { viewStaged, leases } = this.#options
    const { uploadId, sizeBytes, holder } = lease
    if (viewStaged === undefined || uploadId === undefined || sizeBytes === undefined) return undefined
    const look = async () => {
      const now = await leases.find(repository.name, digest)
      if (now?.holder === holder && now.uploadId === uploadId) return 'running'
      return (await this.#isStored(repository, digest)) ? 'stored' : 'ended'
    }
    return new FollowedBlob({ digest, sizeBytes, view: () => viewStaged(uploadId), look })
  }

  async #isStored({ name, project }: CachedRepository, digest: Digest): Promise<boolean> {
    const row = await this.#options.database.read
      .selectFrom('repository_blob')
      .innerJoin('repository', 'repository.id', 'repository_blob.repository_id')
      .select('repository_blob.digest')
      .where('repository.project_id', '=', project.id)
      .where('repository.name', '=', name)
      .where('repository_blob.digest', '=', digest)
      .executeTakeFirst()
    return row !== undefined
  }

  /** Bytes of a process that died. */
  async #discard({ name }: CachedRepository, upload: Parameters<DownloadServices['uploads']['cancelUpload']>[1]) {
    const { admit, uploads } = this.#options
    try {
      await uploads.cancelUpload(await admit(cacheActor, 'fill', name), upload)
    } catch (error) {
      // They ended by themselves, or are looked after when their session ends.
      if (!(error instanceof DomainError)) throw error
    }
  }

  #speedOf(repository: CachedRepository): SpeedLimit {
    const { id } = repository.project
    let speed = this.#speeds.get(id)
    if (speed === undefined) {
      speed = new SpeedLimit()
      this.#speeds.set(id, speed)
    }
    speed.set(speedOf(repository), 1)
    return speed
  }

  #ownOf(projectId: number): number {
    return [...this.#running.values()].filter((download) => download.projectId === projectId).length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    const downloads = [...this.#running.values()]
    for (const download of downloads) download.stop(new Error('the registry shuts down'))
    await Promise.allSettled(downloads.map(({ finished }) => finished))
  }
}

async function whenOpened(download: BlobDownload): Promise<GrowingBlob | 'stored'> {
  await download.opened()
  if (download.knownBytes !== undefined) return download
  await download.finished
  return 'stored'
}

/** Waits for the last byte; false when the other process ended without storing it. */
async function isWhole(blob: GrowingBlob): Promise<boolean> {
  await using reader = await blob.hold()
  try {
    if (blob.sizeBytes > 0) await reader.read(blob.sizeBytes - 1, 1)
    return true
  } catch (error) {
    if (error instanceof DownloadInterrupted) return false
    throw error
  }
}

function maxDownloadsOf({ project }: CachedRepository): number {
  const asked = Number(project.metadata.max_upstream_conn ?? 0)
  return asked > 0 ? asked : standardDownloads
}

const speedOf = ({ project }: CachedRepository): number => Number(project.metadata.proxy_speed_kb ?? -1)

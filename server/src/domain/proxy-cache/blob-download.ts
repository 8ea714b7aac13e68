import { algorithmOf, type Digest } from '#contract/digest.ts'
import type { StagedView, UploadId } from '../../storage/blob-store.ts'
import type { Spool } from '../../storage/spool.ts'
import type { Admission } from '../access/admission.ts'
import { blobUnknown } from '../content/blobs.ts'
import type { Uploads } from '../content/uploads.ts'
import { DomainError } from '../errors.ts'
import type { Admit } from '../policies/admit.ts'
import type { FillLeases } from './fill-leases.ts'
import { readableBytes, type GrowingBlob, type GrowingReader } from './growing-blob.ts'
import type { ProxyMeter } from './proxy-meter.ts'
import { cacheActor, type CachedRepository } from './proxy-projects.ts'
import type { SpeedLimit } from './speed-limit.ts'
import { UpstreamFailure, type UpstreamBlob } from './upstream.ts'
import type { Upstreams } from './upstreams.ts'

export interface DownloadServices {
  readonly admit: Admit
  readonly uploads: Pick<Uploads, 'createUpload' | 'finishUpload' | 'cancelUpload'>
  /** Looks at staged bytes; left out where the store does not show them. */
  readonly viewStaged: ((upload: UploadId) => Promise<StagedView | undefined>) | undefined
  readonly openSpool: () => Promise<Spool>
  readonly upstreams: Upstreams
  readonly leases: FillLeases
  readonly meter: ProxyMeter
}

export interface DownloadOrder {
  readonly repository: CachedRepository
  readonly digest: Digest
  /** As a manifest has it. */
  readonly sizeBytes: number | undefined
  readonly speed: SpeedLimit
}

/** Blobs up to this size are kept in memory while they come. */
const smallBytes = 1024 * 1024

type State = { readonly kind: 'running' } | { readonly kind: 'verified' } | { readonly kind: 'failed'; error: unknown }

/**
 * One download of a blob, by this process: from upstream into the store, at its own speed. Those that wait for the blob read behind it,
 * each at theirs. It goes on when all of them have gone.
 */
export class BlobDownload implements GrowingBlob {
  readonly #services: DownloadServices
  readonly #order: DownloadOrder
  readonly #stop = new AbortController()
  readonly #opened = Promise.withResolvers<void>()
  /** Resolves when it is stored, or known to stay out of the store; rejects when it failed. */
  readonly finished: Promise<void>
  #size: number | undefined
  #state: State = { kind: 'running' }
  #available = 0
  #memory: Uint8Array | undefined
  #view: StagedView | undefined
  #holders = 1
  #changed = Promise.withResolvers<void>()

  constructor(services: DownloadServices, order: DownloadOrder) {
    this.#services = services
    this.#order = order
    this.#opened.promise.catch(() => {})
    this.finished = this.#run()
    this.finished.catch(() => {})
  }

  /** Returns when its size is known, or everything. @throws UpstreamFailure, DomainError BLOB_UNKNOWN and others */
  async opened(): Promise<void> {
    await this.#opened.promise
  }

  /** Undefined where upstream does not say and it has not ended. */
  get knownBytes(): number | undefined {
    return this.#size
  }

  get projectId(): number {
    return this.#order.repository.project.id
  }

  get sizeBytes(): number {
    return this.#size ?? 0
  }

  /** Ends it: the process shuts down, or another one has it now. */
  stop(reason: Error): void {
    this.#stop.abort(reason)
  }

  async hold(): Promise<GrowingReader> {
    this.#holders += 1
    let isHeld = true
    return {
      read: (start, maxBytes) => this.#read(start, maxBytes),
      [Symbol.asyncDispose]: async () => {
        if (isHeld) await this.#letGo()
        isHeld = false
      },
    }
  }

  async #read(start: number, maxBytes: number): Promise<Uint8Array> {
    for (;;) {
      if (this.#state.kind === 'failed') throw this.#state.error
      const end = readableBytes(this.#available, this.sizeBytes, this.#state.kind === 'verified')
      if (start < end) {
        const wanted = Math.min(maxBytes, end - start)
        if (this.#memory !== undefined) return this.#memory.slice(start, start + wanted)
        const bytes = await this.#view!.read(start, wanted)
        if (bytes.byteLength === 0) throw new Error(`the staged bytes of ${this.#order.digest} ended at ${start}`)
        return bytes
      }
      await this.#changed.promise
    }
  }

  async #run(): Promise<void> {
    const { leases } = this.#services
    const { repository, digest } = this.#order
    try {
      // Another process may begin before those that wait here hear of it.
      await this.#download().finally(() => leases.release(repository.name, digest))
      this.#become({ kind: 'verified' })
    } catch (error) {
      this.#opened.reject(error)
      this.#become({ kind: 'failed', error })
      throw error
    } finally {
      this.#opened.resolve()
      await this.#letGo()
    }
  }

  async #download(): Promise<void> {
    const { admit, upstreams } = this.#services
    const { repository, digest, sizeBytes } = this.#order
    const { project, upstreamName } = repository
    const admission = await admit(cacheActor, 'fill', repository.name)
    const began = performance.now()
    const blob = await upstreams.ask(
      project,
      (upstream, signal) => upstream.openBlob(upstreamName, digest, { sizeBytes, signal }),
      { signal: this.#stop.signal },
    )
    if (blob === undefined) throw blobUnknown(digest)
    this.#size = blob.sizeBytes ?? sizeBytes
    await this.#store(admission, blob)
    this.#services.meter.fetched(project, this.#available, performance.now() - began)
    this.#size = this.#available
  }

  async #store(admission: Admission<'fill'>, blob: UpstreamBlob): Promise<void> {
    const { uploads, leases, upstreams } = this.#services
    const { repository, digest } = this.#order
    const { id } = await uploads.createUpload(admission, algorithmOf(digest))
    try {
      await leases.describe(repository.name, digest, id, this.#size)
      if (this.#size !== undefined && this.#size <= smallBytes) this.#memory = new Uint8Array(this.#size)
      if (this.#size !== undefined) this.#opened.resolve()
      await uploads.finishUpload(admission, id, digest, { bytes: this.#passingOn(id, blob.bytes) })
    } catch (error) {
      if (error instanceof UpstreamFailure) upstreams.failed(repository.project, error)
      // The digest was right, and the project has no room: those that wait get it, and nothing stays.
      if (error instanceof DomainError && error.code === 'QUOTA_EXCEEDED') return
      await cancelled(() => uploads.cancelUpload(admission, id))
      throw error
    }
  }

  /** Lets everybody see the bytes that the store has taken. */
  async *#passingOn(upload: UploadId, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { viewStaged } = this.#services
    const spool = this.#memory === undefined && viewStaged === undefined ? await this.#services.openSpool() : undefined
    this.#view = spool
    for await (const piece of bytes) {
      this.#stop.signal.throwIfAborted()
      const { byteLength } = piece
      await this.#order.speed.take(byteLength, this.#stop.signal)
      // The store may give the memory of a piece away as soon as it has it.
      if (this.#memory !== undefined) this.#memory.set(piece, this.#available)
      await spool?.write(piece)
      yield piece
      if (this.#memory === undefined) this.#view ??= await viewStaged?.(upload)
      this.#available += byteLength
      this.#notify()
    }
  }

  #become(state: State): void {
    this.#state = state
    this.#notify()
  }

  #notify(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  async #letGo(): Promise<void> {
    this.#holders -= 1
    if (this.#holders === 0) await this.#view?.[Symbol.asyncDispose]()
  }
}

/** Its session may have ended with what failed. */
async function cancelled(cancel: () => Promise<void>): Promise<void> {
  try {
    await cancel()
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'UPLOAD_UNKNOWN') throw error
  }
}

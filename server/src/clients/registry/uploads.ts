import type { Digest } from '#contract/digest.ts'
import { ChunkSource, type OpenBytes } from '../../runtime/chunk-source.ts'
import type { HttpAnswer } from './exchange.ts'
import type { CallOptions } from './manifests.ts'
import { repositoryPath } from './names.ts'
import { retrying, type RetryBudget } from './retry-budget.ts'
import { RegistryFailure } from './registry-failure.ts'
import type { RegistrySession } from './registry-session.ts'
import { finishingUrl, uploadPlaceOf, type UploadPlace } from './upload-place.ts'

export interface PushedBlob {
  readonly digest: Digest
  readonly sizeBytes: number
  /** Called again, from another position, when the upload is gone on with. */
  readonly open: OpenBytes
  /** A repository of the same registry that has it, perhaps. */
  readonly mountFrom?: string | undefined
}

export type PushOutcome = 'mounted' | 'pushed'

/** An upload that another run left behind, as text that can be kept. */
export interface UploadMark {
  readonly url: string
  readonly offset: number
}

export interface PushOptions extends CallOptions {
  /** Where an earlier run had come to; a registry that does not know it any more begins anew. */
  readonly resume?: UploadMark | undefined
  /** Told where the upload stands, after its beginning and after each chunk. */
  readonly onMark?: (mark: UploadMark) => Promise<void>
}

/** Blobs on their way to another registry. */
export class RemoteUploads {
  readonly #session: RegistrySession

  constructor(session: RegistrySession) {
    this.#session = session
  }

  /**
   * Brings a blob into a repository: mounted where the registry has it elsewhere, else in chunks, each of which is gone
   * on with where it broke off. The registry compares the digest before it takes the blob.
   * @throws RegistryFailure
   */
  async push(repository: string, blob: PushedBlob, options: PushOptions = {}): Promise<PushOutcome> {
    const push = new BlobPush(this.#session, repository, blob, options)
    return await push.run()
  }
}

/** An upload that the registry forgot: it begins anew. */
const lost: ReadonlySet<number> = new Set([404, 416])

class BlobPush {
  readonly #session: RegistrySession
  readonly #uploadsPath: string
  readonly #scopes: readonly string[]
  readonly #blob: PushedBlob
  readonly #signal: AbortSignal | undefined
  readonly #options: PushOptions
  readonly #source: ChunkSource
  readonly #budget: RetryBudget

  constructor(session: RegistrySession, repository: string, blob: PushedBlob, options: PushOptions) {
    const { mountFrom } = blob
    const { signal } = options
    this.#options = options
    this.#session = session
    this.#blob = blob
    this.#signal = signal
    this.#uploadsPath = `/${repositoryPath(repository)}/blobs/uploads/`
    this.#scopes = [
      `repository:${repository}:pull,push`,
      ...(mountFrom === undefined ? [] : [`repository:${repositoryPath(mountFrom)}:pull`]),
    ]
    this.#source = new ChunkSource(blob.open)
    this.#budget = session.retryBudget(signal)
  }

  async run(): Promise<PushOutcome> {
    const { mountFrom } = this.#blob
    try {
      const left = await this.#findLeft()
      let offset = left?.offset ?? 0
      let start = left ?? (await this.#begin(mountFrom))
      for (;;) {
        if (start === 'mounted') return 'mounted'
        const outcome = await this.#sendAll(start, offset)
        if (outcome === 'pushed') return 'pushed'
        start = await this.#begin(undefined)
        offset = 0
      }
    } finally {
      await this.#source.close()
    }
  }

  /** A registry that cannot mount begins an upload instead (distribution-spec v1.1 §mounting-a-blob-from-another-repository). */
  async #begin(mountFrom: string | undefined): Promise<UploadPlace | 'mounted'> {
    const query =
      mountFrom === undefined ? '' : `?${new URLSearchParams({ mount: this.#blob.digest, from: mountFrom })}`
    const answer = await this.#call('POST', `${this.#uploadsPath}${query}`, [201, 202])
    if (answer.status === 201 && mountFrom !== undefined) return 'mounted'
    return this.#placeOf(answer)
  }

  /** What an earlier run left; undefined when there is nothing to go on with, also because the registry forgot it. */
  async #findLeft(): Promise<(UploadPlace & { readonly offset: number }) | undefined> {
    const { resume } = this.#options
    if (resume === undefined || !URL.canParse(resume.url)) return undefined
    const url = new URL(resume.url)
    // Kept for as long as the registry had this address: one that moved is another one.
    if (url.host !== this.#session.host) return undefined
    const answer = await this.#call('GET', url, [200, 202, 204, 400, 404, 405])
    if (answer.status >= 400) return undefined
    const place = this.#placeOf(answer)
    const offset = place.offset ?? 0
    return offset > this.#blob.sizeBytes ? undefined : { ...place, offset }
  }

  /** Sends what is left, chunk by chunk, and ends the upload. `lost` when the registry does not know it any more. */
  async #sendAll(begun: UploadPlace, from: number): Promise<'pushed' | 'lost'> {
    const { sizeBytes, digest } = this.#blob
    let place = begun
    let offset = from
    await this.#tell(place, offset)
    while (offset < sizeBytes) {
      const sent = await this.#sendChunk(place, offset)
      if (sent === 'lost') return 'lost'
      if (sent.offset > offset) this.#budget.progressed()
      ;({ place, offset } = sent)
      await this.#tell(place, offset)
    }
    const answer = await this.#call('PUT', finishingUrl(place, digest), [200, 201, 202, 204, 404, 416])
    if (!lost.has(answer.status)) return 'pushed'
    await this.#budget.orThrow(this.#lostUpload())
    return 'lost'
  }

  async #tell({ url }: UploadPlace, offset: number): Promise<void> {
    await this.#options.onMark?.({ url: url.href, offset })
  }

  async #sendChunk(place: UploadPlace, offset: number): Promise<{ place: UploadPlace; offset: number } | 'lost'> {
    const { sizeBytes } = this.#blob
    const length = Math.min(this.#chunkBytes(place), sizeBytes - offset)
    const isWhole = length === sizeBytes
    await this.#source.seek(offset)
    try {
      const answer = await this.#session.callOnce(
        {
          method: 'PATCH',
          to: place.url,
          scopes: this.#scopes,
          headers: {
            'content-type': 'application/octet-stream',
            'content-length': String(length),
            // In one piece, as docker pushes: some know nothing of ranges.
            ...(isWhole ? {} : { 'content-range': `${offset}-${offset + length - 1}` }),
          },
          body: this.#exactly(length),
          signal: this.#signal,
        },
        [200, 201, 202, 204],
      )
      const next = this.#placeOf(answer)
      return { place: next, offset: this.#offsetAfter(next, offset, length) }
    } catch (error) {
      return await this.#findOut(place, error)
    }
  }

  /** A chunk that failed: asks how much of it came. */
  async #findOut(place: UploadPlace, error: unknown): Promise<{ place: UploadPlace; offset: number } | 'lost'> {
    const isUnknown = error instanceof RegistryFailure && lost.has(error.status ?? 0)
    const isStale = error instanceof RegistryFailure && error.status === 401
    await this.#budget.orThrow(isUnknown || isStale ? this.#lostUpload(error) : error)
    const answer = await this.#call('GET', place.url, [200, 202, 204, 400, 404, 405])
    if (answer.status >= 400) return 'lost'
    const known = this.#placeOf(answer)
    if (known.offset === undefined || known.offset > this.#blob.sizeBytes) return 'lost'
    return { place: known, offset: known.offset }
  }

  #offsetAfter({ offset: said }: UploadPlace, before: number, length: number): number {
    if (said === undefined) return before + length
    if (said > before && said <= before + length) return said
    const message = `${this.#session.host} took bytes that were not sent: it has ${said} after ${before + length}`
    throw new RegistryFailure('INVALID_ANSWER', message)
  }

  #chunkBytes({ minChunkBytes }: UploadPlace): number {
    const { chunkBytes, maxChunkBytes } = this.#session.uploads
    return Math.min(Math.max(chunkBytes, minChunkBytes), maxChunkBytes)
  }

  /** @throws RegistryFailure when the source has fewer bytes than it said */
  async *#exactly(length: number): AsyncGenerator<Uint8Array> {
    let given = 0
    for await (const piece of this.#source.take(length)) {
      given += piece.byteLength
      yield piece
    }
    if (given < length) {
      const { digest, sizeBytes } = this.#blob
      throw new RegistryFailure('DIGEST_MISMATCH', `the source of ${digest} has fewer than ${sizeBytes} bytes`)
    }
  }

  async #call(method: 'GET' | 'POST' | 'PUT', to: string | URL, expected: readonly number[]): Promise<HttpAnswer> {
    const call = {
      method,
      to,
      scopes: this.#scopes,
      signal: this.#signal,
      ...(method === 'GET' ? {} : { body: nothing }),
    }
    // Of the push's own budget, so that a registry which fails now and then cannot keep it busy for ever.
    const answer = await retrying(this.#budget, async () => await this.#session.callOnce(call, expected))
    answer.body.discard()
    return answer
  }

  #placeOf(answer: HttpAnswer): UploadPlace {
    answer.body.discard()
    return uploadPlaceOf(answer, `/v2${this.#uploadsPath}`)
  }

  #lostUpload(cause?: unknown): RegistryFailure {
    return new RegistryFailure('CUT', `${this.#session.host} lost the upload of ${this.#blob.digest}`, { cause })
  }
}

const nothing = new Uint8Array(0)

import type { Digest } from '#contract/digest.ts'
import type { HttpAnswer } from './exchange.ts'
import { headerOf, type CallOptions } from './manifests.ts'
import { repositoryPath } from './names.ts'
import { RegistryFailure } from './registry-failure.ts'
import type { RegistrySession } from './registry-session.ts'
import { resumedBlob, type OpenedPart } from './resumed-blob.ts'

export interface RemoteBlob {
  /** Undefined when the registry does not say. */
  readonly sizeBytes: number | undefined
  /** Read once. Ends with a failure when it was not what it should be. */
  readonly bytes: ReadableStream<Uint8Array>
}

export interface OpenOptions extends CallOptions {
  /** The size that a manifest gives it: no more is taken. */
  readonly sizeBytes?: number | undefined
  /** Both ends inclusive. A part cannot be compared with the digest. */
  readonly range?: { readonly start: number; readonly end: number } | undefined
}

/** Blobs of another registry. */
export class RemoteBlobs {
  readonly #session: RegistrySession

  constructor(session: RegistrySession) {
    this.#session = session
  }

  /** Its size; undefined when the repository does not have it. @throws RegistryFailure */
  async stat(repository: string, digest: Digest, { signal }: CallOptions = {}): Promise<number | undefined> {
    const call = { method: 'HEAD', to: pathOf(repository, digest), scopes: scopesOf(repository), signal } as const
    const answer = await this.#session.call(call, [200, 404, 405])
    answer.body.discard()
    if (answer.status === 404) return undefined
    if (answer.status === 200 && answer.body.announced !== undefined) return answer.body.announced
    const first = await this.#askFrom(repository, digest, { start: 0, end: 0 }, signal)
    first?.body.discard()
    if (first === undefined) return undefined
    const total = /\/(\d{1,15})$/.exec(headerOf(first, 'content-range') ?? '')?.[1]
    const size = total === undefined ? first.body.announced : Number(total)
    if (size === undefined)
      throw new RegistryFailure('INVALID_ANSWER', `${this.#session.host} says no size of ${digest}`)
    return size
  }

  /**
   * Its bytes, gone on with where an answer breaks off, and compared with the digest at the end. Undefined when the
   * repository does not have it.
   * @throws RegistryFailure; the stream fails with CUT, DIGEST_MISMATCH, TOO_LARGE, TIMED_OUT and others
   */
  async open(
    repository: string,
    digest: Digest,
    { sizeBytes, range, signal }: OpenOptions = {},
  ): Promise<RemoteBlob | undefined> {
    const open = async (start: number): Promise<OpenedPart | undefined> => {
      const isWhole = start === 0 && range === undefined
      const asked = isWhole ? undefined : { start, end: range?.end }
      const answer = await this.#askFrom(repository, digest, asked, signal)
      return answer === undefined ? undefined : partOf(answer, start)
    }
    const first = await open(range?.start ?? 0)
    if (first === undefined) return undefined
    if (sizeBytes !== undefined && first.sizeBytes !== undefined && first.sizeBytes !== sizeBytes) {
      first.body.discard()
      throw new RegistryFailure(
        'DIGEST_MISMATCH',
        `${digest} has ${first.sizeBytes} bytes at ${this.#session.host}, where a manifest says ${sizeBytes}`,
      )
    }
    const from = range?.start ?? 0
    const whole = first.sizeBytes ?? sizeBytes
    const until = range === undefined ? undefined : range.end + 1
    const end = whole === undefined || until === undefined ? whole : Math.min(whole, until)
    const bytes = resumedBlob(first, {
      ...{ host: this.#session.host, from, end, until },
      digest: range === undefined ? digest : undefined,
      budget: this.#session.retryBudget(signal),
      reopen: open,
    })
    return { sizeBytes: end === undefined ? undefined : end - from, bytes }
  }

  /** Takes it out of the repository; false when it is not there. @throws RegistryFailure UNSUPPORTED and others */
  async delete(repository: string, digest: Digest, { signal }: CallOptions = {}): Promise<boolean> {
    const scopes = [`repository:${repository}:delete`, ...scopesOf(repository)]
    const call = { method: 'DELETE', to: pathOf(repository, digest), scopes, signal } as const
    const answer = await this.#session.call(call, [200, 202, 204, 404])
    answer.body.discard()
    return answer.status !== 404
  }

  async #askFrom(
    repository: string,
    digest: Digest,
    range: { readonly start: number; readonly end: number | undefined } | undefined,
    signal: AbortSignal | undefined,
  ): Promise<HttpAnswer | undefined> {
    const headers = range === undefined ? {} : { range: `bytes=${range.start}-${range.end ?? ''}` }
    const call = {
      method: 'GET',
      to: pathOf(repository, digest),
      scopes: scopesOf(repository),
      headers,
      signal,
    } as const
    const answer = await this.#session.call(call, [200, 206, 404])
    if (answer.status !== 404) return answer
    answer.body.discard()
    return undefined
  }
}

const pathOf = (repository: string, digest: Digest): string => `/${repositoryPath(repository)}/blobs/${digest}`
const scopesOf = (repository: string): readonly string[] => [`repository:${repository}:pull`]

/** Where an answer begins, and how large the whole is. A registry that ignores Range begins at the beginning. */
function partOf(answer: HttpAnswer, wanted: number): OpenedPart {
  const { body } = answer
  if (answer.status === 200) return { body, start: 0, sizeBytes: body.announced }
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(headerOf(answer, 'content-range') ?? '')
  const start = match === null ? undefined : Number(match[1])
  if (start !== wanted) {
    body.discard()
    throw new RegistryFailure('INVALID_ANSWER', `${answer.url.host} answered another part than it was asked for`)
  }
  return { body, start, sizeBytes: match?.[3] === '*' ? undefined : Number(match?.[3]) }
}

import { budgets, parseForeignJson } from '#contract/budget.ts'
import { ContractError } from '#contract/contract-error.ts'
import { findDigest, algorithmOf, encodedOf, type Digest } from '#contract/digest.ts'
import { mediaTypes } from '#contract/media-types.ts'
import type { HttpAnswer } from './exchange.ts'
import { headerOf, type CallOptions, type RemoteManifests } from './manifests.ts'
import { repositoryPath } from './names.ts'
import { nextQuery } from './paging.ts'
import { RegistryFailure } from './registry-failure.ts'
import type { RegistryCall, RegistrySession } from './registry-session.ts'

/** A descriptor of a referrer, as the registry has it. */
export interface RemoteReferrer {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

interface Page {
  readonly body: unknown
  readonly answer: HttpAnswer
}

const pageSize = 1_000

/** Lists of another registry. Pages, their bytes and the entries of all of them together are bounded. */
export class RemoteLists {
  readonly #session: RegistrySession
  readonly #manifests: RemoteManifests

  constructor(session: RegistrySession, manifests: RemoteManifests) {
    this.#session = session
    this.#manifests = manifests
  }

  /** Texts as they come: whoever uses one as a name parses it. @throws RegistryFailure */
  async *walkRepositories({ signal }: CallOptions = {}): AsyncGenerator<string> {
    yield* this.#walkTexts('/_catalog', ['registry:catalog:*'], 'repositories', signal)
  }

  /** Nothing when the repository is unknown. @throws RegistryFailure */
  async *walkTags(repository: string, { signal }: CallOptions = {}): AsyncGenerator<string> {
    const to = `/${repositoryPath(repository)}/tags/list`
    yield* this.#walkTexts(to, [`repository:${repository}:pull`], 'tags', signal)
  }

  /**
   * Manifests that refer to another one: by the registry's own list, or by the tag that clients kept for it before there was one
   * (distribution-spec v1.1 §listing-referrers, §referrers-tag-schema).
   * @throws RegistryFailure
   */
  async *walkReferrers(
    repository: string,
    subject: Digest,
    { artifactType, signal }: CallOptions & { readonly artifactType?: string } = {},
  ): AsyncGenerator<RemoteReferrer> {
    const isWanted = (one: RemoteReferrer) => artifactType === undefined || one.artifactType === artifactType
    const query = artifactType === undefined ? '' : `?${new URLSearchParams({ artifactType })}`
    const call: RegistryCall = {
      method: 'GET',
      to: `/${repositoryPath(repository)}/referrers/${subject}${query}`,
      scopes: [`repository:${repository}:pull`],
      headers: { accept: mediaTypes.ociIndex },
      signal,
    }
    let isFirst = true
    const counter = new EntryCounter(this.#session)
    for await (const { body, answer } of this.#pages(call, [200, 400, 404, 405, 501])) {
      const isList = answer.status === 200 && (headerOf(answer, 'content-type') ?? '').startsWith(mediaTypes.ociIndex)
      if (!isList && isFirst) {
        for (const one of await this.#byFallbackTag(repository, subject, signal)) if (isWanted(one)) yield one
        return
      }
      isFirst = false
      for (const one of referrersOf(body)) {
        counter.count()
        if (isWanted(one)) yield one
      }
    }
  }

  async #byFallbackTag(repository: string, subject: Digest, signal: AbortSignal | undefined) {
    const tag = `${algorithmOf(subject)}-${encodedOf(subject)}`.slice(0, 128)
    const found = await this.#manifests.find(repository, tag, { signal })
    return found === undefined ? [] : referrersOf(parseJson(found.bytes, this.#session.host))
  }

  async *#walkTexts(
    to: string,
    scopes: readonly string[],
    key: 'tags' | 'repositories',
    signal: AbortSignal | undefined,
  ): AsyncGenerator<string> {
    const call: RegistryCall = { method: 'GET', to: `${to}?n=${pageSize}`, scopes, signal }
    const counter = new EntryCounter(this.#session)
    for await (const { body } of this.#pages(call, [200, 404])) {
      const items = (body as Record<string, unknown> | undefined)?.[key] ?? []
      if (!Array.isArray(items)) throw this.#invalid(`${to} has no list of ${key}`)
      for (const item of items as unknown[]) {
        counter.count()
        if (typeof item === 'string') yield item
      }
    }
  }

  /** Page after page, as Link says. Another status than 200 is one page without a body. */
  async *#pages(call: RegistryCall, expected: readonly number[]): AsyncGenerator<Page> {
    const { pages: maxPages, pageBytes } = this.#session.limits
    const path = String(call.to).split('?')[0]!
    const seen = new Set<string>()
    let to = String(call.to)
    for (let pages = 0; ; pages++) {
      if (pages === maxPages) {
        throw new RegistryFailure('TOO_LARGE', `${this.#session.host} lists more than ${maxPages} pages of ${path}`)
      }
      seen.add(to)
      const answer = await this.#session.call({ ...call, to }, expected)
      if (answer.status !== 200) {
        answer.body.discard()
        yield { body: undefined, answer }
        return
      }
      const bytes = await answer.body.readAll(pageBytes, `a page of ${path}`)
      yield { body: parseJson(bytes, this.#session.host), answer }
      const query = nextQuery(headerOf(answer, 'link'))
      if (query === undefined) return
      to = `${path}${query}`
      if (seen.has(to)) throw this.#invalid(`${path} leads in a circle`)
    }
  }

  #invalid(what: string): RegistryFailure {
    return new RegistryFailure('INVALID_ANSWER', `${this.#session.host}: ${what}`)
  }
}

class EntryCounter {
  readonly #session: RegistrySession
  #entries = 0

  constructor(session: RegistrySession) {
    this.#session = session
  }

  /** @throws RegistryFailure TOO_LARGE */
  count(): void {
    const { host, limits } = this.#session
    if (++this.#entries <= limits.entries) return
    throw new RegistryFailure('TOO_LARGE', `${host} lists more than ${limits.entries} entries`)
  }
}

function parseJson(bytes: Uint8Array, host: string): unknown {
  try {
    return parseForeignJson(bytes, budgets.remoteList)
  } catch (cause) {
    if (!(cause instanceof ContractError)) throw cause
    throw new RegistryFailure('INVALID_ANSWER', `${host} answered a list that is not taken: ${cause.message}`, {
      cause,
    })
  }
}

/** Those that have what a descriptor must have. */
function referrersOf(index: unknown): RemoteReferrer[] {
  const manifests = (index as { manifests?: unknown } | null | undefined)?.manifests
  if (!Array.isArray(manifests)) return []
  return (manifests as unknown[]).filter((entry): entry is RemoteReferrer => {
    if (typeof entry !== 'object' || entry === null) return false
    const { mediaType, digest, size } = entry as Record<string, unknown>
    return (
      typeof mediaType === 'string' &&
      typeof digest === 'string' &&
      findDigest(digest) !== undefined &&
      typeof size === 'number'
    )
  })
}

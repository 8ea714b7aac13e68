import type { Digest } from '#contract/digest.ts'
import type { Descriptor } from '#contract/manifest.ts'
import { parseTagName, type TagName } from '#contract/reference.ts'
import { ContractError } from '#contract/contract-error.ts'
import { LruMap } from '../../runtime/lru-map.ts'
import type { Admission } from '../access/admission.ts'
import type { ReferrersPage, ReferrersQuery } from '../artifacts/referrers.ts'
import type { ReferrerLister, TagLister } from '../artifacts/roles.ts'
import type { TagPage } from '../artifacts/tags.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import { noteWarning } from '../request-origin.ts'
import type { ProxyMeter } from './proxy-meter.ts'
import type { CachedRepository, ProxyProjects } from './proxy-projects.ts'
import { SingleFlight } from './single-flight.ts'
import { UpstreamFailure } from './upstream.ts'
import type { Upstreams } from './upstreams.ts'

export interface CachedListsOptions {
  readonly inner: TagLister & ReferrerLister
  readonly projects: ProxyProjects
  readonly upstreams: Upstreams
  readonly meter: ProxyMeter
  readonly clock: Clock
}

const deadlineMs = 10_000
/** Pages of one list come from one answer of upstream. */
const rememberedForMs = 30_000
const rememberedLists = 64
/** More tags than any repository that people pull from by hand. */
const maxTags = 100_000
const maxReferrers = 5_000

interface Remembered {
  readonly tags: readonly TagName[]
  readonly until: number
}

/** Lists of proxy projects: what is here and what upstream has. What upstream cannot say just now is left out, with a warning. */
export class CachedLists implements TagLister, ReferrerLister {
  readonly #options: CachedListsOptions
  readonly #flights = new SingleFlight<readonly TagName[] | undefined>()
  readonly #remembered = new LruMap<string, Remembered>(rememberedLists)

  constructor(options: CachedListsOptions) {
    this.#options = options
  }

  async listTags(admission: Admission<'pull'>, page: { size: number; last: string | undefined }): Promise<TagPage> {
    const { inner, projects, meter } = this.#options
    const repository = await projects.findRepository(admission)
    if (repository === undefined) return await inner.listTags(admission, page)
    const upstream = await this.#tagsOf(repository)
    meter.served(repository.project, 'tags', upstream === undefined ? 'stale' : 'miss', 0)
    if (upstream === undefined) return await inner.listTags(admission, page)
    const own = await this.#ownTags(admission)
    if (upstream.length === 0 && own.length === 0) return await inner.listTags(admission, page)
    const all = [...new Set([...upstream, ...own])].sort()
    const { last, size } = page
    const from = last === undefined ? 0 : all.findIndex((tag) => tag > last)
    const tags = from < 0 ? [] : all.slice(from, from + size)
    const isMore = from >= 0 && size > 0 && from + size < all.length
    return { tags, next: isMore ? tags.at(-1) : undefined }
  }

  async listReferrers(admission: Admission<'pull'>, subject: Digest, query: ReferrersQuery): Promise<ReferrersPage> {
    const { inner, projects, meter } = this.#options
    const repository = await projects.findRepository(admission)
    if (repository?.project.metadata.proxy_referrer_api !== 'true')
      return await inner.listReferrers(admission, subject, query)
    const upstream = await this.#referrersOf(repository, subject, query.artifactType)
    meter.served(repository.project, 'referrers', upstream === undefined ? 'stale' : 'miss', 0)
    if (upstream === undefined) return await inner.listReferrers(admission, subject, query)
    const own = await this.#ownReferrers(admission, subject, query)
    const all = new Map([...own, ...upstream].map((each) => [each.digest, each]))
    return pageOf(
      [...all.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1)),
      query,
    )
  }

  async #tagsOf(repository: CachedRepository): Promise<readonly TagName[] | undefined> {
    const { clock, upstreams } = this.#options
    const { name, project, upstreamName } = repository
    const known = this.#remembered.get(name)
    if (known !== undefined && known.until > clock.now()) return known.tags
    return await this.#flights.do(name, async () => {
      const tags = await this.#orNone(repository, () =>
        upstreams.ask(
          project,
          async (upstream, signal) => {
            const found: TagName[] = []
            for await (const tag of upstream.walkTags(upstreamName, signal)) {
              const parsed = tagNameIn(tag)
              if (parsed !== undefined) found.push(parsed)
              if (found.length >= maxTags) break
            }
            return found
          },
          { deadlineMs },
        ),
      )
      if (tags !== undefined) this.#remembered.set(name, { tags, until: clock.now() + rememberedForMs })
      return tags
    })
  }

  async #referrersOf(repository: CachedRepository, subject: Digest, artifactType: string | undefined) {
    const { upstreams } = this.#options
    return await this.#orNone(repository, () =>
      upstreams.ask(
        repository.project,
        async (upstream, signal) => {
          const found: Descriptor[] = []
          for await (const one of upstream.walkReferrers(repository.upstreamName, subject, { artifactType, signal })) {
            found.push(one)
            if (found.length >= maxReferrers) break
          }
          return found
        },
        { deadlineMs },
      ),
    )
  }

  async #orNone<T>({ project, upstreamName }: CachedRepository, work: () => Promise<T>): Promise<T | undefined> {
    if (this.#options.upstreams.isResting(project.registryId)) {
      noteWarning(`${project.registryName} could not be asked; only what is cached of ${upstreamName} is listed`)
      return undefined
    }
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error
      noteWarning(`${project.registryName} could not be asked; only what is cached of ${upstreamName} is listed`)
      return undefined
    }
  }

  async #ownTags(admission: Admission<'pull'>): Promise<readonly TagName[]> {
    const tags: TagName[] = []
    let last: string | undefined
    try {
      do {
        const page = await this.#options.inner.listTags(admission, { size: 10_000, last })
        tags.push(...page.tags)
        last = page.next
      } while (last !== undefined && tags.length < maxTags)
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'REPOSITORY_UNKNOWN') throw error
    }
    return tags
  }

  async #ownReferrers(admission: Admission<'pull'>, subject: Digest, query: ReferrersQuery): Promise<Descriptor[]> {
    const own: Descriptor[] = []
    let last: string | undefined
    do {
      const page = await this.#options.inner.listReferrers(admission, subject, { ...query, size: 1_000, last })
      own.push(...page.descriptors)
      last = page.next
    } while (last !== undefined && own.length < maxReferrers)
    return own
  }
}

function tagNameIn(text: string): TagName | undefined {
  try {
    return parseTagName(text)
  } catch (error) {
    if (error instanceof ContractError) return undefined
    throw error
  }
}

/** In the order of their digests, as the registry's own list is. */
function pageOf(all: readonly Descriptor[], { size, maxBytes, last }: ReferrersQuery): ReferrersPage {
  const rest = last === undefined ? all : all.filter(({ digest }) => digest > last)
  const shown: Descriptor[] = []
  let bytes = 0
  for (const one of rest.slice(0, size)) {
    bytes += JSON.stringify(one).length
    if (shown.length > 0 && bytes > maxBytes) break
    shown.push(one)
  }
  return { descriptors: shown, next: shown.length < rest.length ? shown.at(-1)?.digest : undefined }
}

import { ContractError } from '#contract/contract-error.ts'
import type { Digest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import type { Reference, TagName } from '#contract/reference.ts'
import type { Database } from '../../database/database.ts'
import { LruMap } from '../../runtime/lru-map.ts'
import type { Admission, Reading } from '../access/admission.ts'
import type { ManifestReader, ManifestStat, ServedManifest } from '../artifacts/roles.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Admit } from '../policies/admit.ts'
import { freshnessOf } from '../projects/proxy-settings.ts'
import { noteStale } from '../request-origin.ts'
import type { CacheRoom } from './cache-room.ts'
import type { Completions } from './completions.ts'
import { findTag, findWaiting, forgetTag, keepWaiting, noteTag, type KnownTag } from './known-manifests.ts'
import type { CacheOutcome, ProxyMeter } from './proxy-meter.ts'
import type { CachedRepository, ProxyProjects } from './proxy-projects.ts'
import { SingleFlight } from './single-flight.ts'
import { UpstreamFailure, type UpstreamManifest, type UpstreamManifestStat } from './upstream.ts'
import { refusalOf, type Upstreams } from './upstreams.ts'

export interface CachedManifestsOptions {
  readonly database: Database
  readonly clock: Clock
  readonly admit: Admit
  /** What is here. */
  readonly inner: ManifestReader
  readonly projects: ProxyProjects
  readonly upstreams: Upstreams
  readonly completions: Completions
  readonly meter: ProxyMeter
  readonly room: Pick<CacheRoom, 'hit'>
}

/** With a copy at hand nobody waits long for an answer that may only say the same. */
const deadlineWithCopyMs = 3_000
const deadlineMs = 30_000
/** So long nobody asks again for what upstream does not have. */
const absentForMs = 10_000
const rememberedAbsences = 4_096

interface Front {
  readonly admission: Admission<'pull'>
  readonly repository: CachedRepository
}

/** What a tag names just now. */
interface Resolved {
  readonly digest: Digest
  readonly outcome: CacheOutcome
  /** What upstream said of it a moment ago, when that is all there is. */
  readonly stat?: UpstreamManifestStat
}

/**
 * Manifests of proxy projects: what is here and fresh, and else what upstream has, kept on its way. Whatever goes wrong upstream,
 * a copy that is here is served.
 */
export class CachedManifests implements ManifestReader {
  readonly #options: CachedManifestsOptions
  readonly #stats = new SingleFlight<UpstreamManifestStat | undefined>()
  readonly #fetches = new SingleFlight<UpstreamManifest | undefined>()
  readonly #absent = new LruMap<string, number>(rememberedAbsences)

  constructor(options: CachedManifestsOptions) {
    this.#options = options
  }

  async statManifest(admission: Admission<Reading>, reference: Reference): Promise<ManifestStat> {
    const repository = await this.#options.projects.findRepository(admission)
    if (repository === undefined) return await this.#options.inner.statManifest(admission, reference)
    const front = { admission: admission as Admission<'pull'>, repository }
    const digest = reference.kind === 'digest' ? reference.digest : undefined
    const resolved = digest === undefined ? await this.#resolve(front, tagIn(reference)) : undefined
    const wanted = digest ?? resolved!.digest
    const here = await this.#findHere(front, wanted, tagIn(reference))
    if (here !== undefined) {
      this.#count(front, resolved?.outcome ?? 'hit', 0)
      return { digest: here.digest, mediaType: here.mediaType, sizeBytes: here.bytes.byteLength }
    }
    const stat = resolved?.stat ?? (await this.#stat(front, wanted, deadlineMs))
    if (stat === undefined) throw this.#unknown(front, wanted)
    this.#count(front, 'miss', 0)
    if (stat.mediaType !== undefined && stat.sizeBytes !== undefined) {
      return { digest: stat.digest, mediaType: stat.mediaType, sizeBytes: stat.sizeBytes }
    }
    // An answer to HEAD that lacks what ours must have: the manifest itself has it.
    const { mediaType, bytes } = await this.#fetch(front, wanted)
    return { digest: wanted, mediaType, sizeBytes: bytes.byteLength }
  }

  async getManifest(admission: Admission<Reading>, reference: Reference): Promise<ServedManifest> {
    const repository = await this.#options.projects.findRepository(admission)
    if (repository === undefined) return await this.#options.inner.getManifest(admission, reference)
    const front = { admission: admission as Admission<'pull'>, repository }
    const tag = tagIn(reference)
    const resolved = reference.kind === 'digest' ? undefined : await this.#resolve(front, tag)
    const digest = reference.kind === 'digest' ? reference.digest : resolved!.digest
    const here = await this.#findHere(front, digest, tag)
    if (here !== undefined) {
      this.#count(front, resolved?.outcome ?? 'hit', here.bytes.byteLength)
      if (here.artifactId !== undefined) this.#options.room.hit(here.artifactId)
      return here
    }
    const fetched = await this.#fetch(front, digest)
    this.#count(front, 'miss', fetched.bytes.byteLength)
    // A policy that looks at content looks at all of it, also the first time.
    if (repository.project.isGoverned) await this.#options.completions.complete(repository, digest)
    const stored = await this.#findHere(front, digest, tag)
    if (stored !== undefined) return stored
    // What cannot be stored cannot be judged: Docker's schema 1.
    if (repository.project.isGoverned) throw unjudged(repository, digest)
    return { ...fetched, artifactId: undefined, tagId: undefined }
  }

  /** @throws DomainError MANIFEST_UNKNOWN, UPSTREAM_… when there is no copy either */
  async #resolve(front: Front, tag: TagName | undefined): Promise<Resolved> {
    const { database, clock, upstreams } = this.#options
    const { repository } = front
    const { project, name } = repository
    const known = await findTag(database.read, name, tag!)
    if (known !== undefined && clock.now() - known.checkedAt < freshnessOf(project.metadata, tag!))
      return { digest: known.digest, outcome: 'hit' }
    const copy = known !== undefined && (await this.#isHere(front, known.digest)) ? known : undefined
    if (copy !== undefined && upstreams.isResting(project.registryId)) return this.#stale(front, copy)
    let stat: UpstreamManifestStat | undefined
    try {
      stat = await this.#stat(front, tag!, copy === undefined ? deadlineMs : deadlineWithCopyMs)
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error
      if (copy === undefined) throw refusalOf(error, project, `${repository.upstreamName}:${tag!}`)
      return this.#stale(front, copy)
    }
    if (stat === undefined) return await this.#gone(front, tag!, copy)
    const checked: KnownTag = { digest: stat.digest, checkedAt: clock.now() }
    await database.write((tx) => noteTag(tx, repository, tag!, checked), 'relaxed')
    return { digest: stat.digest, outcome: stat.digest === copy?.digest ? 'confirmed' : 'miss', stat }
  }

  /** Upstream has the tag no longer, and a copy is here or not. */
  async #gone(front: Front, tag: TagName, copy: KnownTag | undefined): Promise<Resolved> {
    const { database } = this.#options
    const { project, name } = front.repository
    if (copy !== undefined && project.metadata.proxy_cache_local_on_not_found === 'true')
      return this.#stale(front, copy)
    await database.write((tx) => forgetTag(tx, name, tag), 'relaxed')
    throw this.#unknown(front, tag)
  }

  #stale({ repository }: Front, { digest, checkedAt }: KnownTag): Resolved {
    const ageMs = Math.max(0, this.#options.clock.now() - checkedAt)
    noteStale(ageMs, repository.project.registryName)
    return { digest, outcome: 'stale' }
  }

  async #stat(front: Front, reference: string, deadline: number): Promise<UpstreamManifestStat | undefined> {
    const { upstreams } = this.#options
    const { project, name, upstreamName } = front.repository
    const key = `${name} ${reference}`
    this.#assertNotAbsent(front, key, reference)
    const stat = await this.#stats.do(`${key} ${deadline}`, () =>
      upstreams.ask(project, (upstream, signal) => upstream.statManifest(upstreamName, reference, signal), {
        deadlineMs: deadline,
      }),
    )
    if (stat === undefined) this.#absent.set(key, this.#options.clock.now() + absentForMs)
    return stat
  }

  /** From upstream, and kept. @throws DomainError MANIFEST_UNKNOWN, UPSTREAM_… */
  async #fetch(front: Front, digest: Digest): Promise<UpstreamManifest & { readonly mediaType: string }> {
    const { upstreams } = this.#options
    const { project, name, upstreamName } = front.repository
    const key = `${name} ${digest}`
    this.#assertNotAbsent(front, key, digest)
    let found: UpstreamManifest | undefined
    try {
      found = await this.#fetches.do(key, async () => {
        const manifest = await upstreams.ask(
          project,
          (upstream, signal) => upstream.findManifest(upstreamName, digest, signal),
          { deadlineMs },
        )
        if (manifest !== undefined) await this.#keep(front, manifest)
        return manifest
      })
    } catch (error) {
      if (error instanceof UpstreamFailure) throw refusalOf(error, project, `${upstreamName}@${digest}`)
      throw error
    }
    if (found === undefined) {
      this.#absent.set(key, this.#options.clock.now() + absentForMs)
      throw this.#unknown(front, digest)
    }
    return { ...found, mediaType: mediaTypeOf(found) }
  }

  async #keep({ repository }: Front, found: UpstreamManifest): Promise<void> {
    const { database, clock, completions } = this.#options
    const waiting = { digest: found.digest, bytes: found.bytes, mediaType: mediaTypeOf(found) }
    await database.write((tx) => keepWaiting(tx, repository, waiting, clock.now()))
    await completions.begin(repository, found.digest)
  }

  /** The manifest as it is stored, or as it waits for its blobs. */
  async #findHere(front: Front, digest: Digest, tag: TagName | undefined): Promise<ServedManifest | undefined> {
    const { database, inner, admit, completions } = this.#options
    const { repository } = front
    // Its repository may have been made by this very request.
    const admission = await admit(front.admission.actor, 'pull', repository.name)
    if (tag !== undefined) {
      const named = await unlessUnknown(() => inner.getManifest(admission, { kind: 'tag', tag }))
      if (named?.digest === digest) return named
    }
    const stored = await unlessUnknown(() => inner.getManifest(admission, { kind: 'digest', digest }))
    if (stored !== undefined) {
      if (tag !== undefined) await completions.retag(repository, stored, tag)
      return stored
    }
    if (repository.project.isGoverned) {
      await completions.complete(repository, digest)
      return await unlessUnknown(() => inner.getManifest(admission, { kind: 'digest', digest }))
    }
    const waiting = await findWaiting(database.read, repository.name, digest)
    return waiting === undefined ? undefined : { ...waiting, artifactId: undefined, tagId: undefined }
  }

  async #isHere({ admission, repository }: Front, digest: Digest): Promise<boolean> {
    const { database } = this.#options
    const { repositoryId } = admission
    const stored =
      repositoryId === undefined
        ? undefined
        : await database.read
            .selectFrom('artifact')
            .select('id')
            .where('repository_id', '=', repositoryId)
            .where('digest', '=', digest)
            .executeTakeFirst()
    return stored !== undefined || (await findWaiting(database.read, repository.name, digest)) !== undefined
  }

  #assertNotAbsent(front: Front, key: string, reference: string): void {
    const until = this.#absent.get(key) ?? 0
    if (until > this.#options.clock.now()) throw this.#unknown(front, reference)
  }

  #unknown({ repository }: Front, reference: string): DomainError {
    const { name, project } = repository
    this.#options.meter.served(project, 'manifest', 'absent', 0)
    return new DomainError(
      'MANIFEST_UNKNOWN',
      `${name} has no manifest ${reference}: ${project.registryName} does not have it`,
      { detail: { name, reference } },
    )
  }

  #count({ repository }: Front, outcome: CacheOutcome, bytes: number): void {
    this.#options.meter.served(repository.project, 'manifest', outcome, bytes)
  }
}

const tagIn = (reference: Reference): TagName | undefined => (reference.kind === 'tag' ? reference.tag : undefined)

async function unlessUnknown<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DomainError && error.code === 'MANIFEST_UNKNOWN') return undefined
    throw error
  }
}

function unjudged({ name }: CachedRepository, digest: Digest): DomainError {
  const message = `${name}@${digest} is a manifest that no policy can judge, and a policy governs this project`
  return new DomainError('POLICY_VIOLATION', message)
}

/** What upstream says, or the manifest itself. @throws ContractError MANIFEST_INVALID when neither says it */
function mediaTypeOf({ mediaType, bytes }: UpstreamManifest): string {
  try {
    return parseManifest(bytes, mediaType).mediaType
  } catch (error) {
    if (mediaType === undefined || !(error instanceof ContractError)) throw error
    // Docker's schema 1, which is served and not understood.
    return mediaType
  }
}

import { findDigest, type Digest } from '#contract/digest.ts'
import { subjectNamedBy } from '#contract/derived-tags.ts'
import type { HarborClient } from '../harbor-client.ts'
import { artifactsPath } from '../harbor-paths.ts'
import { RegistryPeer, type PeerArtifact, type PeerFilters, type PeerOptions } from './registry-peer.ts'

interface HarborArtifact {
  readonly digest: string
  readonly tags?: readonly { readonly name: string }[] | null
  readonly labels?: readonly { readonly name: string }[] | null
  readonly accessories?: readonly { readonly digest: string }[] | null
}

interface HarborProject {
  readonly name: string
  readonly registry_id?: number | null
  readonly metadata?: { readonly public?: string } | null
}

export interface HarborPeerOptions extends PeerOptions {
  readonly api: HarborClient
  /** Projects that a pattern is about; undefined when it may be any. */
  readonly specificProjects: (pattern: string) => readonly string[] | undefined
}

const maxEntries = 1_000_000

/** A Harbor, or a Berth: bytes over its `/v2`, lists and projects over its API. */
export class HarborPeer extends RegistryPeer {
  readonly #api: HarborClient
  readonly #specificProjects: HarborPeerOptions['specificProjects']
  readonly #projects = new Map<string, Promise<HarborProject | undefined>>()

  constructor(options: HarborPeerOptions) {
    super(options)
    this.#api = options.api
    this.#specificProjects = options.specificProjects
  }

  override async *walkRepositories(filters: PeerFilters): AsyncGenerator<string> {
    const projects = filters.namePatterns.map(this.#specificProjects).find((each) => each !== undefined)
    let entries = 0
    for await (const project of projects ?? this.#walkProjects()) {
      const path = `/projects/${encodeURIComponent(project)}/repositories`
      for await (const item of this.#api.walk(path, { signal: this.signal })) {
        if (++entries > maxEntries) throw new Error(`the other registry lists more than ${maxEntries} repositories`)
        const name = String((item as { name?: unknown } | null)?.name)
        // A list of one project has no business with another one.
        if (name.startsWith(`${project}/`) && filters.wantsRepository(name)) yield name
      }
    }
  }

  override async *walkArtifacts(repository: string): AsyncGenerator<PeerArtifact> {
    for await (const { digest, tags, labels, accessories } of this.#artifactsOf(repository)) {
      const names = tags.filter((tag) => subjectNamedBy(tag) === undefined)
      if (names.length === 0 && tags.length > 0) continue
      // Which of them have names of their own is asked for when they are brought.
      yield { digest, tags: names, labels, accessories: accessories.map((each) => ({ digest: each, tag: undefined })) }
    }
  }

  override async *walkAccessories(repository: string, subject: Digest) {
    const byDigest = new Map<Digest, string | undefined>()
    for await (const { digest, tag } of super.walkAccessories(repository, subject))
      if (tag !== undefined || !byDigest.has(digest)) byDigest.set(digest, tag)
    for (const [digest, tag] of byDigest) yield { digest, tag }
  }

  override async isPublic(repository: string): Promise<boolean | undefined> {
    const project = await this.#findProject(projectOf(repository))
    return project === undefined ? undefined : project.metadata?.public === 'true'
  }

  override async prepare(
    repository: string,
    { isPublic }: { readonly isPublic: boolean },
  ): Promise<string | undefined> {
    const name = projectOf(repository)
    const known = await this.#findProject(name)
    if ((known?.registry_id ?? 0) > 0) return `its project ${name} is a proxy cache, which takes no pushes`
    if (known !== undefined) return undefined
    const body = { project_name: name, metadata: { public: String(isPublic) } }
    await this.#api.change('POST', '/projects', [201, 409], { body, signal: this.signal })
    this.#projects.set(name, Promise.resolve({ name }))
    return undefined
  }

  override async list(repository: string) {
    const tags = new Map<string, Digest | undefined>()
    const digests = new Set<Digest>()
    for await (const artifact of this.#artifactsOf(repository)) {
      digests.add(artifact.digest)
      for (const tag of artifact.tags) tags.set(tag, artifact.digest)
      for (const accessory of artifact.accessories) digests.add(accessory)
    }
    return { tags, digests }
  }

  override async untag(repository: string, tag: string): Promise<boolean> {
    const path = `${artifactsPath(repository)}/${encodeURIComponent(tag)}/tags/${encodeURIComponent(tag)}`
    return (await this.#api.change('DELETE', path, [200, 404], { signal: this.signal })) === 200
  }

  override async deleteManifest(repository: string, digest: Digest): Promise<boolean> {
    const path = `${artifactsPath(repository)}/${digest}`
    return (await this.#api.change('DELETE', path, [200, 404], { signal: this.signal })) === 200
  }

  protected override async findMountSource(digest: Digest): Promise<string | undefined> {
    const query = `q=${encodeURIComponent(`blob_digest=${digest}`)}&page_size=1&page=1`
    const found = await this.#api.find(`/repositories?${query}`, { signal: this.signal })
    const name: unknown = Array.isArray(found) ? (found[0] as { name?: unknown } | undefined)?.name : undefined
    return typeof name === 'string' ? name : undefined
  }

  async *#walkProjects(): AsyncGenerator<string> {
    for await (const item of this.#api.walk('/projects', { signal: this.signal }))
      yield String((item as { name?: unknown } | null)?.name)
  }

  async #findProject(name: string): Promise<HarborProject | undefined> {
    let found = this.#projects.get(name)
    if (found === undefined) this.#projects.set(name, (found = this.#askForProject(name)))
    return await found
  }

  async #askForProject(name: string): Promise<HarborProject | undefined> {
    // The list takes a part of a name.
    for await (const item of this.#api.walk(`/projects?name=${encodeURIComponent(name)}`, { signal: this.signal })) {
      const project = item as HarborProject
      if (project.name === name) return project
    }
    return undefined
  }

  async *#artifactsOf(repository: string) {
    const query = 'with_tag=true&with_label=true&with_accessory=true&sort=creation_time'
    let entries = 0
    for await (const item of this.#api.walk(`${artifactsPath(repository)}?${query}`, { signal: this.signal })) {
      if (++entries > maxEntries) throw new Error(`the other registry lists more than ${maxEntries} artifacts`)
      const { digest: said, tags, labels, accessories } = item as HarborArtifact
      const digest = findDigest(String(said))
      if (digest === undefined) continue
      yield {
        digest,
        tags: (tags ?? []).map(({ name }) => String(name)),
        labels: (labels ?? []).map(({ name }) => String(name)),
        accessories: (accessories ?? []).flatMap((each) => findDigest(String(each.digest)) ?? []),
      }
    }
  }
}

const projectOf = (repository: string): string => repository.slice(0, repository.indexOf('/'))

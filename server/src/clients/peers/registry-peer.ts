import { derivedTagsOf, subjectNamedBy } from '#contract/derived-tags.ts'
import { findDigest, type Digest } from '#contract/digest.ts'
import type { RegistryClient } from '../registry/registry-client.ts'
import { RegistryFailure } from '../registry/registry-failure.ts'
import type { UploadMark } from '../registry/uploads.ts'

/** The part of a rule's filters that spares requests. */
export interface PeerFilters {
  readonly namePatterns: readonly string[]
  wantsRepository(name: string): boolean
  wantsTag(tag: string): boolean
}

/** Names that need no list; undefined when only a list can tell. */
export type SpecificNames = (pattern: string) => readonly string[] | undefined

export interface PeerOptions {
  readonly client: RegistryClient
  readonly signal: AbortSignal
  readonly specificNames: SpecificNames
}

export interface PeerAccessory {
  readonly digest: Digest
  readonly tag: string | undefined
}

/** As far as a list tells. */
export interface PeerArtifact {
  readonly digest: Digest
  readonly tags: readonly string[]
  readonly labels: readonly string[] | undefined
  readonly accessories: readonly PeerAccessory[]
}

const headsAtOnce = 8
const taggable = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/

/** Any registry over its `/v2`, as the other side of a replication. */
export class RegistryPeer {
  protected readonly client: RegistryClient
  protected readonly signal: AbortSignal
  readonly #specificNames: SpecificNames
  /** Tags of a repository, listed once: each artifact is asked for what was derived from its digest. */
  readonly #tags = new Map<string, Promise<ReadonlySet<string>>>()
  /** Repositories of this registry that have a blob, as this connection learned. */
  readonly #known = new Map<Digest, string>()

  constructor({ client, signal, specificNames }: PeerOptions) {
    this.client = client
    this.signal = signal
    this.#specificNames = specificNames
  }

  async *walkRepositories(filters: PeerFilters): AsyncGenerator<string> {
    const names = filters.namePatterns.map(this.#specificNames).find((each) => each !== undefined)
    for await (const name of names ?? this.client.lists.walkRepositories({ signal: this.signal })) {
      if (filters.wantsRepository(name)) yield name
    }
  }

  async *walkArtifacts(repository: string, filters: PeerFilters): AsyncGenerator<PeerArtifact> {
    const all = await this.#tagsOf(repository)
    const wanted = [...all].filter((tag) => subjectNamedBy(tag) === undefined && filters.wantsTag(tag))
    for (let from = 0; from < wanted.length; from += headsAtOnce) {
      const some = wanted.slice(from, from + headsAtOnce)
      const digests = await Promise.all(some.map(async (tag) => await this.findTag(repository, tag)))
      for (const [index, digest] of digests.entries()) {
        if (digest === undefined) continue
        const accessories: PeerAccessory[] = []
        for await (const each of this.#walkDerived(repository, digest)) accessories.push(each)
        yield { digest, tags: [some[index]!], labels: undefined, accessories }
      }
    }
  }

  async *walkAccessories(repository: string, subject: Digest): AsyncGenerator<PeerAccessory> {
    for await (const { digest } of this.client.lists.walkReferrers(repository, subject, { signal: this.signal }))
      yield { digest, tag: undefined }
    yield* this.#walkDerived(repository, subject)
  }

  async findTag(repository: string, tag: string): Promise<Digest | undefined> {
    return (await this.client.manifests.stat(repository, tag, { signal: this.signal }))?.digest
  }

  async getManifest(repository: string, digest: Digest) {
    const found = await this.client.manifests.find(repository, digest, { signal: this.signal })
    return found === undefined ? undefined : { ...found, mediaType: found.mediaType ?? '' }
  }

  async findBlobSize(repository: string, digest: Digest): Promise<number | undefined> {
    return await this.client.blobs.stat(repository, digest, { signal: this.signal })
  }

  async openBlob(repository: string, digest: Digest, sizeBytes: number, start: number) {
    // A part is not compared with the digest here: the destination compares the whole.
    const range = start === 0 || sizeBytes === 0 ? undefined : { start, end: sizeBytes - 1 }
    const blob = await this.client.blobs.open(repository, digest, { sizeBytes, range, signal: this.signal })
    return blob?.bytes
  }

  async isPublic(_repository: string): Promise<boolean | undefined> {
    return undefined
  }

  async prepare(_repository: string, _options: { readonly isPublic: boolean }): Promise<string | undefined> {
    return undefined
  }

  async list(repository: string) {
    const tags = await this.#tagsOf(repository)
    return {
      tags: new Map<string, Digest | undefined>([...tags].map((tag) => [tag, undefined])),
      digests: undefined as ReadonlySet<Digest> | undefined,
    }
  }

  async findDigest(repository: string, reference: string): Promise<Digest | undefined> {
    return (await this.client.manifests.stat(repository, reference, { signal: this.signal }))?.digest
  }

  async hasBlob(repository: string, digest: Digest): Promise<boolean> {
    const has = (await this.client.blobs.stat(repository, digest, { signal: this.signal })) !== undefined
    if (has) this.#known.set(digest, repository)
    return has
  }

  async pushBlob(
    repository: string,
    blob: {
      readonly digest: Digest
      readonly sizeBytes: number
      readonly open: (start: number) => Promise<AsyncIterable<Uint8Array>>
      readonly mark: { readonly place: string; readonly offset: number } | undefined
      readonly keepMark: (mark: { readonly place: string; readonly offset: number }) => Promise<void>
    },
  ): Promise<'mounted' | 'pushed'> {
    const { digest, sizeBytes, open, mark, keepMark } = blob
    const mountFrom = this.#known.get(digest) ?? (await this.findMountSource(digest))
    const outcome = await this.client.uploads.push(
      repository,
      { digest, sizeBytes, open, mountFrom: mountFrom === repository ? undefined : mountFrom },
      {
        signal: this.signal,
        resume: mark === undefined ? undefined : { url: mark.place, offset: mark.offset },
        onMark: async ({ url, offset }: UploadMark) => await keepMark({ place: url, offset }),
      },
    )
    this.#known.set(digest, repository)
    return outcome
  }

  async pushManifest(
    repository: string,
    reference: string,
    manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
  ): Promise<void> {
    await this.client.manifests.push(repository, reference, manifest, { signal: this.signal })
  }

  async untag(repository: string, tag: string): Promise<boolean> {
    try {
      return await this.client.manifests.delete(repository, tag, { signal: this.signal })
    } catch (error) {
      if (!(error instanceof RegistryFailure) || error.code !== 'UNSUPPORTED') throw error
      const message = `the tag deletion isn't supported: ${error.message}; delete the artifact there, or leave the deletion out of the rule`
      throw new RegistryFailure('UNSUPPORTED', message, { cause: error })
    }
  }

  async deleteManifest(repository: string, digest: Digest): Promise<boolean> {
    return await this.client.manifests.delete(repository, digest, { signal: this.signal })
  }

  /** Another repository of the registry that has the blob. */
  protected async findMountSource(_digest: Digest): Promise<string | undefined> {
    return undefined
  }

  async *#walkDerived(repository: string, subject: Digest): AsyncGenerator<PeerAccessory> {
    const all = await this.#tagsOf(repository)
    for (const { tag } of derivedTagsOf(subject)) {
      if (!all.has(tag)) continue
      const digest = await this.findTag(repository, tag)
      if (digest !== undefined && findDigest(digest) !== undefined) yield { digest, tag }
    }
  }

  async #tagsOf(repository: string): Promise<ReadonlySet<string>> {
    let listed = this.#tags.get(repository)
    if (listed === undefined) this.#tags.set(repository, (listed = this.#listTags(repository)))
    return await listed
  }

  /** Names that could not be asked for are passed over. */
  async #listTags(repository: string): Promise<ReadonlySet<string>> {
    const tags = new Set<string>()
    for await (const tag of this.client.lists.walkTags(repository, { signal: this.signal }))
      if (taggable.test(tag)) tags.add(tag)
    return tags
  }
}

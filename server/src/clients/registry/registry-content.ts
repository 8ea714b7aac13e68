import type { Digest } from '#contract/digest.ts'
import type { RegistryClient } from './registry-client.ts'
import { RegistryFailure } from './registry-failure.ts'

/** A signature of a signature of an attestation: nobody makes more. */
const maxReferrerDepth = 3

/** Content of any registry over its `/v2`: manifests with a tag, and those that refer to them. */
export class RegistryContent {
  readonly #client: RegistryClient
  readonly #names: readonly string[] | undefined
  /** Digests that tags of a repository name, between the walk over its tags and that over its manifests. */
  readonly #tagged = new Map<string, Set<Digest>>()

  /** `names`: the repositories, for registries that list theirs to nobody; undefined: all that it lists. */
  constructor(client: RegistryClient, names: readonly string[] | undefined) {
    this.#client = client
    this.#names = names
  }

  async *walkRepositories(): AsyncGenerator<string> {
    if (this.#names === undefined) yield* this.#client.lists.walkRepositories()
    else yield* this.#names
  }

  async *walkTags(repository: string): AsyncGenerator<{ name: string; digest: Digest | undefined }> {
    const tagged = new Set<Digest>()
    this.#tagged.set(repository, tagged)
    for await (const name of this.#client.lists.walkTags(repository)) {
      const digest = await this.#digestOf(repository, name)
      if (digest !== undefined) tagged.add(digest)
      yield { name, digest }
    }
  }

  /** Manifests that refer to something with a tag. `/v2` lists no other manifest without one. */
  async *walkManifests(repository: string): AsyncGenerator<string> {
    const tagged = this.#tagged.get(repository) ?? new Set()
    this.#tagged.delete(repository)
    for (const digest of tagged) yield* this.#walkReferrers(repository, digest, maxReferrerDepth)
  }

  async findManifest(repository: string, digest: Digest, maxBytes: number) {
    return await findUsableManifest(this.#client, repository, digest, maxBytes)
  }

  async findBlob(repository: string, digest: Digest) {
    return await findRemoteBlob(this.#client, repository, digest)
  }

  /** Undefined when the tag is no name that could be asked for, or went away meanwhile. */
  async #digestOf(repository: string, tag: string): Promise<Digest | undefined> {
    try {
      return (await this.#client.manifests.stat(repository, tag))?.digest
    } catch (error) {
      if (error instanceof RegistryFailure && error.code === 'NAME_INVALID') return undefined
      throw error
    }
  }

  async *#walkReferrers(repository: string, subject: Digest, depth: number): AsyncGenerator<Digest> {
    if (depth === 0) return
    for await (const { digest } of this.#client.lists.walkReferrers(repository, subject)) {
      yield digest
      yield* this.#walkReferrers(repository, digest, depth - 1)
    }
  }
}

/** A manifest over `/v2`; why it cannot be used, where that is its own fault. */
export async function findUsableManifest(
  { manifests }: RegistryClient,
  repository: string,
  digest: Digest,
  maxBytes: number,
) {
  try {
    return await manifests.find(repository, digest, { maxBytes })
  } catch (error) {
    if (!(error instanceof RegistryFailure)) throw error
    if (error.code === 'TOO_LARGE') return { unusable: 'too-large' as const, message: error.message }
    if (error.code === 'DIGEST_MISMATCH') return { unusable: 'damaged' as const, message: error.message }
    throw error
  }
}

/** A blob over `/v2`, opened when it is wanted. */
export async function findRemoteBlob({ blobs }: RegistryClient, repository: string, digest: Digest) {
  const size = await blobs.stat(repository, digest)
  if (size === undefined) return undefined
  const open = async (): Promise<AsyncIterable<Uint8Array>> => {
    const blob = await blobs.open(repository, digest, { sizeBytes: size })
    if (blob === undefined) throw new RegistryFailure('UNKNOWN', `${repository} has no blob ${digest} any more`)
    return blob.bytes
  }
  return { size, place: undefined, open }
}

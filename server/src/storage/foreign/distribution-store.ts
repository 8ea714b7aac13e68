import { algorithmOf, encodedOf, findDigest, isDigestAlgorithm, type Digest } from '#contract/digest.ts'
import type { ForeignBlob, ForeignManifest, ForeignTag, UnusableManifest } from './foreign-content.ts'
import type { ForeignTree } from './foreign-tree.ts'

/**
 * The store of a Docker Distribution registry (`registry:2`, `registry:3`), and of whatever keeps its bytes in one, as
 * Harbor does. Below the root that its configuration names:
 *
 *   docker/registry/v2/
 *     blobs/sha256/6c/6c3c624b…2aa1/data                     manifests too
 *     repositories/library/nginx/
 *       _manifests/revisions/sha256/6c3c624b…2aa1/link       the text `sha256:6c3c…`; a deleted manifest has none
 *       _manifests/tags/v1/current/link                      the same
 *       _manifests/tags/v1/index/…                           where the tag has been: not read
 *       _layers/sha256/6c3c…/link                            not read: manifests say what is needed
 *       _uploads/…                                           not read: never acknowledged
 */
const root = 'docker/registry/v2'
/** Names of folders that are the registry's own; no component of a repository's name begins so. */
const own = '_'

export class DistributionStore implements AsyncDisposable {
  readonly #tree: ForeignTree

  constructor(tree: ForeignTree) {
    this.#tree = tree
  }

  /** Whether there is such a store at all. */
  async isThere(): Promise<boolean> {
    for await (const _entry of this.#tree.list(`${root}/repositories`)) return true
    for await (const _entry of this.#tree.list(`${root}/blobs`)) return true
    return false
  }

  async *walkRepositories(): AsyncGenerator<string> {
    yield* this.#walkBelow('')
  }

  async *walkTags(repository: string): AsyncGenerator<ForeignTag> {
    const tags = `${repositoryFolder(repository)}/_manifests/tags`
    for await (const { name, isFolder } of this.#tree.list(tags)) {
      if (isFolder) yield { name, digest: await this.#readLink(`${tags}/${name}/current/link`) }
    }
  }

  async *walkManifests(repository: string): AsyncGenerator<string> {
    const revisions = `${repositoryFolder(repository)}/_manifests/revisions`
    for await (const algorithm of this.#tree.list(revisions)) {
      if (!isDigestAlgorithm(algorithm.name)) continue
      for await (const { name, isFolder } of this.#tree.list(`${revisions}/${algorithm.name}`)) {
        if (isFolder) yield `${algorithm.name}:${name}`
      }
    }
  }

  async findManifest(
    repository: string,
    digest: Digest,
    maxBytes: number,
  ): Promise<ForeignManifest | UnusableManifest | undefined> {
    const folder = `${repositoryFolder(repository)}/_manifests/revisions/${algorithmOf(digest)}/${encodedOf(digest)}`
    if ((await this.#readLink(`${folder}/link`)) !== digest) return undefined
    const path = blobPath(digest)
    const size = await this.#tree.sizeOf(path)
    if (size === undefined) return undefined
    if (size > maxBytes) return { unusable: 'too-large', message: `the manifest has ${size} bytes` }
    const bytes = await this.#tree.read(path)
    return bytes === undefined ? undefined : { bytes, mediaType: undefined }
  }

  async findBlob(_repository: string, digest: Digest): Promise<ForeignBlob | undefined> {
    const path = blobPath(digest)
    const size = await this.#tree.sizeOf(path)
    if (size === undefined) return undefined
    return { size, place: this.#tree.placeOf(path), open: () => this.#tree.open(path) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tree[Symbol.asyncDispose]()
  }

  /** A repository may lie within another: `library/nginx` beside `library/nginx/debug`. */
  async *#walkBelow(parent: string): AsyncGenerator<string> {
    let isRepository = false
    const folder = parent === '' ? `${root}/repositories` : repositoryFolder(parent)
    for await (const { name, isFolder } of this.#tree.list(folder)) {
      if (!isFolder) continue
      if (name === '_manifests') isRepository = true
      if (!name.startsWith(own)) yield* this.#walkBelow(parent === '' ? name : `${parent}/${name}`)
    }
    if (isRepository) yield parent
  }

  async #readLink(path: string): Promise<Digest | undefined> {
    const bytes = await this.#tree.read(path)
    return bytes === undefined ? undefined : findDigest(new TextDecoder().decode(bytes).trim())
  }
}

const repositoryFolder = (repository: string): string => `${root}/repositories/${repository}`

function blobPath(digest: Digest): string {
  const encoded = encodedOf(digest)
  return `${root}/blobs/${algorithmOf(digest)}/${encoded.slice(0, 2)}/${encoded}/data`
}

import type { Digest } from '#contract/digest.ts'
import type { HarborClient } from './harbor-client.ts'

interface HarborArtifact {
  readonly digest: string
  readonly tags?: readonly { readonly name: string }[] | null
  readonly accessories?: readonly { readonly digest: string }[] | null
}

/** `rest` may have slashes, which Harbor wants encoded twice. */
export function artifactsPath(repository: string): string {
  const slash = repository.indexOf('/')
  const rest = encodeURIComponent(encodeURIComponent(repository.slice(slash + 1)))
  return `/projects/${encodeURIComponent(repository.slice(0, slash))}/repositories/${rest}/artifacts`
}

/** Content of a Harbor over its API and its /v2, project after project. A `ContentSource` of the importer. */
export class HarborContent implements AsyncDisposable {
  readonly #client: HarborClient
  readonly #projects: readonly string[]

  constructor(client: HarborClient, projects: readonly string[]) {
    this.#client = client
    this.#projects = projects
  }

  async *walkRepositories(): AsyncGenerator<string> {
    for (const project of this.#projects) {
      const path = `/projects/${encodeURIComponent(project)}/repositories`
      for await (const item of this.#client.walk(path)) yield (item as { name: string }).name
    }
  }

  async *walkTags(repository: string): AsyncGenerator<{ name: string; digest: string }> {
    for await (const { digest, tags } of this.#walkArtifacts(repository)) {
      for (const { name } of tags ?? []) yield { name, digest }
    }
  }

  async *walkManifests(repository: string): AsyncGenerator<string> {
    for await (const { digest, accessories } of this.#walkArtifacts(repository)) {
      yield digest
      for (const accessory of accessories ?? []) yield accessory.digest
    }
  }

  async findManifest(repository: string, digest: Digest, maxBytes: number) {
    return await this.#client.findManifest(repository, digest, maxBytes)
  }

  async findBlob(repository: string, digest: Digest) {
    const size = await this.#client.sizeOfBlob(repository, digest)
    if (size === undefined) return undefined
    return { size, place: undefined, open: () => this.#client.openBlob(repository, digest) }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async *#walkArtifacts(repository: string): AsyncGenerator<HarborArtifact> {
    const query = 'with_tag=true&with_accessory=true&sort=creation_time'
    for await (const item of this.#client.walk(`${artifactsPath(repository)}?${query}`)) yield item as HarborArtifact
  }
}

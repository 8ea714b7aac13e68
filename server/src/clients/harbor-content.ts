import type { Digest } from '#contract/digest.ts'
import type { HarborClient } from './harbor-client.ts'
import { artifactsPath } from './harbor-paths.ts'
import type { RegistryClient } from './registry/registry-client.ts'
import { findRemoteBlob, findUsableManifest } from './registry/registry-content.ts'

interface HarborArtifact {
  readonly digest: string
  readonly tags?: readonly { readonly name: string }[] | null
  readonly accessories?: readonly { readonly digest: string }[] | null
}

/** Content of a Harbor, project after project: its lists over its API, its bytes over its `/v2`. */
export class HarborContent {
  readonly #client: HarborClient
  readonly #registry: RegistryClient
  readonly #projects: readonly string[]

  constructor(client: HarborClient, registry: RegistryClient, projects: readonly string[]) {
    this.#client = client
    this.#registry = registry
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
    return await findUsableManifest(this.#registry, repository, digest, maxBytes)
  }

  async findBlob(repository: string, digest: Digest) {
    return await findRemoteBlob(this.#registry, repository, digest)
  }

  async *#walkArtifacts(repository: string): AsyncGenerator<HarborArtifact> {
    const query = 'with_tag=true&with_accessory=true&sort=creation_time'
    for await (const item of this.#client.walk(`${artifactsPath(repository)}?${query}`)) yield item as HarborArtifact
  }
}

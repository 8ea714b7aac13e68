import type { Digest } from '#contract/digest.ts'
import { subjectNamedBy } from '#contract/derived-tags.ts'
import { parseRepositoryName, projectOf, type RepositoryName } from '#contract/repository-name.ts'
import type { BlobBody } from '../../storage/blob-store.ts'
import type { Actor } from '../access/actor.ts'
import type { ContentServices } from '../artifacts/content-services.ts'
import { listAccessories, walkAccessories } from '../artifacts/accessories.ts'
import { DomainError } from '../errors.ts'
import { labelsOf } from '../labels/labels.ts'
import type { Filters } from './filters.ts'
import { specificProjects } from './names.ts'
import type { AccessoryName, ListedArtifact, ManifestBytes, ReplicationSource } from './sides.ts'

/** The actor of replication, in events and the history of tags. No account can have the name. */
export const replicator: Actor = { kind: 'system', name: 'berth:replication' }

const repositoriesPerPage = 500
const artifactsPerPage = 500

/** This registry, as replication reads it: through the door `replicate`, so policies of pulls hold. */
export class LocalSource implements ReplicationSource {
  readonly name = 'this registry'
  readonly #services: ContentServices

  constructor(services: ContentServices) {
    this.#services = services
  }

  async *walkRepositories(filters: Filters): AsyncGenerator<string> {
    const projects = filters.namePatterns.map(specificProjects).find((names) => names !== undefined)
    for (let after = ''; ;) {
      let page = this.#services.database.read.selectFrom('repository').select('repository.name')
      if (projects !== undefined) {
        page = page
          .innerJoin('project', 'project.id', 'repository.project_id')
          .where('project.name', 'in', [...projects, ''])
      }
      const rows = await page
        .where('repository.name', '>', after)
        .orderBy('repository.name')
        .limit(repositoriesPerPage)
        .execute()
      for (const { name } of rows) if (filters.wantsRepository(name)) yield name
      if (rows.length < repositoriesPerPage) return
      after = rows.at(-1)!.name
    }
  }

  async *walkArtifacts(repository: string, filters: Filters): AsyncGenerator<ListedArtifact> {
    const { read } = this.#services.database
    const repositoryId = (await this.#admit(repository))?.repositoryId
    if (repositoryId === undefined) return
    for (let after = 0; ;) {
      const rows = await read
        .selectFrom('artifact')
        .select(['id', 'digest', 'subject_digest'])
        .select((eb) =>
          eb
            .selectFrom('artifact_child')
            .select('artifact_child.parent_id')
            .whereRef('artifact_child.child_id', '=', 'artifact.id')
            .limit(1)
            .as('parent'),
        )
        .where('repository_id', '=', repositoryId)
        .where('id', '>', after)
        .orderBy('id')
        .limit(artifactsPerPage)
        .execute()
      const ids = rows.map(({ id }) => id)
      const tags = await this.#tagsOf(ids)
      const labels = filters.wantsLabels ? await labelsOf(read, ids) : undefined
      const digests = rows.map(({ digest }) => digest as Digest)
      const accessories = Map.groupBy(await listAccessories(read, repositoryId, digests), ({ subject }) => subject)
      for (const row of rows) {
        const named = tags.get(row.id) ?? []
        // What belongs to another artifact follows that one.
        const own = named.filter((tag) => subjectNamedBy(tag) === undefined)
        if (own.length === 0 && (named.length > 0 || row.subject_digest !== null || row.parent !== null)) continue
        const digest = row.digest as Digest
        yield {
          digest,
          tags: own,
          labels: labels?.get(row.id)?.map(({ name }) => name) ?? [],
          accessories: (accessories.get(digest) ?? []).map(({ digest: of, tag }) => ({ digest: of, tag })),
        }
      }
      if (rows.length < artifactsPerPage) return
      after = rows.at(-1)!.id
    }
  }

  async *walkAccessories(repository: string, subject: Digest): AsyncGenerator<AccessoryName> {
    const repositoryId = (await this.#admit(repository))?.repositoryId
    if (repositoryId === undefined) return
    for await (const { digest, tag } of walkAccessories(this.#services.database.read, repositoryId, [subject]))
      yield { digest, tag }
  }

  async findTag(repository: string, tag: string): Promise<Digest | undefined> {
    const repositoryId = (await this.#admit(repository))?.repositoryId
    if (repositoryId === undefined) return undefined
    const row = await this.#services.database.read
      .selectFrom('tag')
      .innerJoin('artifact', 'artifact.id', 'tag.artifact_id')
      .select('artifact.digest')
      .where('tag.repository_id', '=', repositoryId)
      .where('tag.name', '=', tag)
      .executeTakeFirst()
    return row?.digest as Digest | undefined
  }

  async getManifest(repository: string, digest: Digest): Promise<ManifestBytes | undefined> {
    try {
      const admission = await this.#admit(repository)
      if (admission === undefined) return undefined
      return await this.#services.manifests.getManifest(admission, { kind: 'digest', digest })
    } catch (error) {
      if (error instanceof DomainError && error.code === 'MANIFEST_UNKNOWN') return undefined
      throw error
    }
  }

  async openBlob(repository: string, digest: Digest, sizeBytes: number, start: number) {
    const { blobs } = this.#services
    const admission = await this.#admit(repository)
    if (admission === undefined) return undefined
    try {
      const blob = await blobs.getBlob(admission, digest)
      const range = start === 0 || sizeBytes === 0 ? undefined : { start, end: sizeBytes - 1 }
      return streamOf(await blobs.openBlob(admission, blob, range))
    } catch (error) {
      if (error instanceof DomainError && error.code === 'BLOB_UNKNOWN') return undefined
      throw error
    }
  }

  async findBlobSize(repository: string, digest: Digest): Promise<number | undefined> {
    const admission = await this.#admit(repository)
    if (admission === undefined) return undefined
    try {
      return (await this.#services.blobs.getBlob(admission, digest)).size
    } catch (error) {
      if (error instanceof DomainError && error.code === 'BLOB_UNKNOWN') return undefined
      throw error
    }
  }

  async isPublic(repository: string): Promise<boolean> {
    const row = await this.#services.database.read
      .selectFrom('project')
      .select('public')
      .where('name', '=', projectOf(parseRepositoryName(repository)))
      .executeTakeFirst()
    return row?.public === 1
  }

  async #tagsOf(ids: readonly number[]): Promise<ReadonlyMap<number, string[]>> {
    const found = new Map<number, string[]>()
    if (ids.length === 0) return found
    const rows = await this.#services.database.read
      .selectFrom('tag')
      .select(['artifact_id', 'name'])
      .where('artifact_id', 'in', ids)
      .orderBy('name')
      .execute()
    for (const { artifact_id: id, name } of rows) {
      const names = found.get(id)
      if (names === undefined) found.set(id, [name])
      else names.push(name)
    }
    return found
  }

  /** Undefined when its project went. @throws DomainError POLICY_VIOLATION when it must not leave */
  async #admit(repository: string) {
    try {
      return await this.#services.admit(replicator, 'replicate', repository as RepositoryName)
    } catch (error) {
      if (error instanceof DomainError && error.code === 'PROJECT_UNKNOWN') return undefined
      throw error
    }
  }
}

function streamOf(body: BlobBody): AsyncIterable<Uint8Array> {
  return body instanceof Blob ? body.stream() : body
}

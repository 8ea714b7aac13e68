import { algorithmOf, type Digest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import { parseReference, parseTagName } from '#contract/reference.ts'
import { parseRepositoryName, projectOf, type RepositoryName } from '#contract/repository-name.ts'
import { ChunkSource } from '../../runtime/chunk-source.ts'
import type { UploadId } from '../../storage/blob-store.ts'
import type { ContentServices } from '../artifacts/content-services.ts'
import { deleteManifest, untag } from '../artifacts/delete.ts'
import { pushManifest } from '../artifacts/push.ts'
import { DomainError } from '../errors.ts'
import type { Projects } from '../projects/projects.ts'
import { replicator } from './local-source.ts'
import { projectNames } from './names.ts'
import type { BlobToPush, ListedDestination, ManifestBytes, ReplicationDestination } from './sides.ts'

/** Bytes that are acknowledged at once: a process that dies loses no more. */
const chunkBytes = 10 * 1024 * 1024

/** This registry, as replication writes to it: through the door of every push, so quotas and immutable tags hold. */
export class LocalDestination implements ReplicationDestination {
  readonly name = 'this registry'
  readonly names = projectNames
  readonly #services: ContentServices
  readonly #projects: Pick<Projects, 'createProject' | 'isNameTaken'>

  constructor(services: ContentServices, projects: Pick<Projects, 'createProject' | 'isNameTaken'>) {
    this.#services = services
    this.#projects = projects
  }

  async prepare(repository: string, { isPublic }: { readonly isPublic: boolean }): Promise<string | undefined> {
    const project = projectOf(parseRepositoryName(repository))
    if (await this.#projects.isNameTaken(project)) return undefined
    try {
      await this.#projects.createProject(replicator, { name: project, public: isPublic })
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'CONFLICT') throw error
    }
    return undefined
  }

  async list(repository: string): Promise<ListedDestination> {
    const { repositoryId } = await this.#admit('push', repository)
    if (repositoryId === undefined) return { tags: new Map(), digests: new Set() }
    const { read } = this.#services.database
    const tags = await read
      .selectFrom('tag')
      .innerJoin('artifact', 'artifact.id', 'tag.artifact_id')
      .select(['tag.name', 'artifact.digest'])
      .where('tag.repository_id', '=', repositoryId)
      .execute()
    const artifacts = await read
      .selectFrom('artifact')
      .select('digest')
      .where('repository_id', '=', repositoryId)
      .execute()
    return {
      tags: new Map(tags.map(({ name, digest }) => [name, digest as Digest])),
      digests: new Set(artifacts.map(({ digest }) => digest as Digest)),
    }
  }

  async findDigest(repository: string, reference: string): Promise<Digest | undefined> {
    const { repositoryId } = await this.#admit('push', repository)
    if (repositoryId === undefined) return undefined
    const parsed = parseReference(reference)
    const { read } = this.#services.database
    const row =
      parsed.kind === 'digest'
        ? await read
            .selectFrom('artifact')
            .select('digest')
            .where('repository_id', '=', repositoryId)
            .where('digest', '=', parsed.digest)
            .executeTakeFirst()
        : await read
            .selectFrom('tag')
            .innerJoin('artifact', 'artifact.id', 'tag.artifact_id')
            .select('artifact.digest')
            .where('tag.repository_id', '=', repositoryId)
            .where('tag.name', '=', parsed.tag)
            .executeTakeFirst()
    return row?.digest as Digest | undefined
  }

  async hasBlob(repository: string, digest: Digest): Promise<boolean> {
    const { blobs } = this.#services
    try {
      await blobs.getBlob(await this.#services.admit(replicator, 'pull', repository as RepositoryName), digest)
      // It must not go before its manifest has come.
      await blobs.keepForPush(await this.#admit('push', repository), digest)
      return true
    } catch (error) {
      if (error instanceof DomainError && error.code === 'BLOB_UNKNOWN') return false
      throw error
    }
  }

  async pushBlob(repository: string, blob: BlobToPush): Promise<'mounted' | 'pushed'> {
    const { uploads } = this.#services
    const { digest, sizeBytes } = blob
    if (await this.#mount(repository, digest)) return 'mounted'
    const begun = await this.#begin(repository, blob)
    const { id } = begun
    let { offset } = begun
    const source = new ChunkSource(blob.open)
    try {
      while (offset < sizeBytes) {
        await source.seek(offset)
        const wanted = Math.min(chunkBytes, sizeBytes - offset)
        const chunk = { start: offset, end: offset + wanted - 1 }
        const admission = await this.#admit('push', repository)
        ;({ offset } = await uploads.appendToUpload(admission, id, source.take(wanted), chunk))
        await blob.keepMark({ place: id, offset })
      }
    } finally {
      await source.close()
    }
    await uploads.finishUpload(await this.#admit('push', repository), id, digest)
    return 'pushed'
  }

  async pushManifest(repository: string, reference: string, { bytes, mediaType }: ManifestBytes): Promise<void> {
    const manifest = parseManifest(bytes, mediaType)
    const push = { reference: parseReference(reference), tags: [], manifest, bytes }
    await pushManifest(this.#services, await this.#admit('push', repository), push)
  }

  async untag(repository: string, tag: string): Promise<boolean> {
    return await unlessAbsent(async () =>
      untag(this.#services, await this.#admit('untag', repository), parseTagName(tag)),
    )
  }

  async deleteManifest(repository: string, digest: Digest): Promise<boolean> {
    return await unlessAbsent(async () =>
      deleteManifest(this.#services, await this.#admit('delete', repository), digest),
    )
  }

  async #begin(repository: string, { digest, mark }: BlobToPush): Promise<{ id: UploadId; offset: number }> {
    const { uploads } = this.#services
    const admission = await this.#admit('push', repository)
    if (mark !== undefined) {
      try {
        return await uploads.getUpload(admission, mark.place as UploadId)
      } catch (error) {
        if (!(error instanceof DomainError) || error.code !== 'UPLOAD_UNKNOWN') throw error
      }
    }
    return await uploads.createUpload(admission, algorithmOf(digest))
  }

  /**
   * From another repository of the same project: its bytes need not come again. From no other project, or a manifest of a
   * hostile registry that names a digest would bring here what others keep private (invariant 4).
   */
  async #mount(repository: string, digest: Digest): Promise<boolean> {
    const { database, admit, uploads } = this.#services
    const name = parseRepositoryName(repository)
    const source = await database.read
      .selectFrom('repository_blob')
      .innerJoin('repository', 'repository.id', 'repository_blob.repository_id')
      .innerJoin('project', 'project.id', 'repository.project_id')
      .select('repository.name')
      .where('repository_blob.digest', '=', digest)
      .where('project.name', '=', projectOf(name))
      .where('repository.name', '!=', name)
      .limit(1)
      .executeTakeFirst()
    if (source === undefined) return false
    const from = await admit(replicator, 'pull', source.name as RepositoryName)
    return await uploads.mountBlob(await this.#admit('push', repository), digest, from)
  }

  async #admit<Operation extends 'push' | 'delete' | 'untag'>(operation: Operation, repository: string) {
    return await this.#services.admit(replicator, operation, repository as RepositoryName)
  }
}

async function unlessAbsent(work: () => Promise<void>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (error instanceof DomainError && error.code === 'MANIFEST_UNKNOWN') return false
    throw error
  }
}

import type { Digest } from '#contract/digest.ts'
import { artifactTypeOf, parseManifest, type ParsedManifest } from '#contract/manifest.ts'
import { isForeignLayerMediaType } from '#contract/media-types.ts'
import type { Database } from '../../database/database.ts'
import type { BlobBody, BlobGiver } from '../../storage/blob-store.ts'
import type { Admission } from '../access/admission.ts'
import { walkAccessories } from '../artifacts/accessories.ts'
import { findArtifactId } from '../artifacts/find-artifact.ts'
import type { Manifests } from '../artifacts/pull.ts'
import type { Blobs } from '../content/blobs.ts'
import { DomainError } from '../errors.ts'
import type { ContentEntry, ContentSink, OfferedBlob } from './content-sink.ts'

const page = 500

export interface ExportServices {
  readonly database: Database
  readonly manifests: Manifests
  readonly blobs: Blobs
  readonly store: BlobGiver
}

export interface ExportOptions {
  /** Whether a tag is wanted. */
  readonly isWanted: (tag: string) => boolean
  /** Artifacts without a tag, too. */
  readonly untagged: boolean
  /** A second name for the bytes where they cannot be cloned: a write to it would be a write to the store. */
  readonly link: boolean
}

export interface Exported {
  tags: number
  manifests: number
  blobs: number
  bytes: number
}

/**
 * Writes a repository as an OCI image layout: its tags, the manifests that they name with everything below, and the
 * referrers of those (signatures, attestations, bills of materials). Files of an earlier run are kept.
 */
export async function exportRepository(
  services: ExportServices,
  admission: Admission<'pull'>,
  sink: ContentSink,
  options: ExportOptions,
): Promise<Exported> {
  const run = new RepositoryExport(services, admission, sink, options)
  await run.exportTags()
  if (options.untagged) await run.exportUntagged()
  return run.exported
}

class RepositoryExport {
  readonly exported: Exported = { tags: 0, manifests: 0, blobs: 0, bytes: 0 }
  readonly #services: ExportServices
  readonly #admission: Admission<'pull'>
  readonly #sink: ContentSink
  readonly #options: ExportOptions
  /** In the sink; an entry each for those that nothing there names. */
  readonly #done = new Map<Digest, ContentEntry>()

  constructor(services: ExportServices, admission: Admission<'pull'>, sink: ContentSink, options: ExportOptions) {
    this.#services = services
    this.#admission = admission
    this.#sink = sink
    this.#options = options
  }

  async exportTags(): Promise<void> {
    const { repositoryName } = this.#admission
    for await (const { name, digest } of this.#walkTags()) {
      if (!this.#options.isWanted(name)) continue
      const entry = await this.#export(digest)
      await this.#sink.addEntry({ ...entry, tag: { name, image: `${repositoryName}:${name}` } })
      this.exported.tags++
    }
  }

  async exportUntagged(): Promise<void> {
    const { database } = this.#services
    const { repositoryId } = this.#admission
    if (repositoryId === undefined) return
    for (let after = 0; ;) {
      const rows = await database.read
        .selectFrom('artifact')
        .select(['id', 'digest'])
        .where('repository_id', '=', repositoryId)
        .where('id', '>', after)
        .orderBy('id')
        .limit(page)
        .execute()
      for (const row of rows) {
        const digest = row.digest as Digest
        if (!this.#done.has(digest)) await this.#sink.addEntry(await this.#export(digest))
        after = row.id
      }
      if (rows.length < page) return
    }
  }

  async *#walkTags(): AsyncGenerator<{ name: string; digest: Digest }> {
    const { repositoryId } = this.#admission
    if (repositoryId === undefined) return
    for (let after = ''; ;) {
      const rows = await this.#services.database.read
        .selectFrom('tag')
        .innerJoin('artifact', 'artifact.id', 'tag.artifact_id')
        .select(['tag.name', 'artifact.digest'])
        .where('tag.repository_id', '=', repositoryId)
        .where('tag.name', '>', after)
        .orderBy('tag.name')
        .limit(page)
        .execute()
      for (const { name, digest } of rows) {
        yield { name, digest: digest as Digest }
        after = name
      }
      if (rows.length < page) return
    }
  }

  /** The manifest, what is below it, and what refers to it. */
  async #export(digest: Digest): Promise<ContentEntry> {
    const known = this.#done.get(digest)
    if (known !== undefined) return known
    const reference = { kind: 'digest', digest } as const
    const { bytes, mediaType } = await this.#services.manifests.getManifest(this.#admission, reference)
    const manifest = parseManifest(bytes, mediaType)
    for (const child of manifest.manifests) if (await this.#has(child.digest)) await this.#export(child.digest)
    await this.#exportBlobs(manifest)
    await this.#add(digest, bytes.byteLength, () => this.#sink.addManifest({ digest, bytes }))
    this.exported.manifests++
    const artifactType = manifest.subject === undefined ? manifest.artifactType : artifactTypeOf(manifest)
    const entry: ContentEntry = { mediaType, digest, sizeBytes: bytes.byteLength, artifactType, tag: undefined }
    this.#done.set(digest, entry)
    await this.#exportReferrers(digest)
    return entry
  }

  /** Not the children that a sparse index lacks. */
  async #has(digest: Digest): Promise<boolean> {
    const { repositoryId } = this.#admission
    return (
      repositoryId !== undefined &&
      (await findArtifactId(this.#services.database.read, repositoryId, digest)) !== undefined
    )
  }

  /** They are entries themselves: readers find them by their subject. */
  async #exportReferrers(subject: Digest): Promise<void> {
    const { repositoryId, repositoryName } = this.#admission
    if (repositoryId === undefined) return
    for await (const { digest, tag } of walkAccessories(this.#services.database.read, repositoryId, [subject])) {
      // A wanted tag comes by itself.
      if (this.#done.has(digest) || (tag !== undefined && this.#options.isWanted(tag))) continue
      const entry = await this.#export(digest)
      const named = tag === undefined ? undefined : { name: tag, image: `${repositoryName}:${tag}` }
      await this.#sink.addEntry({ ...entry, tag: named })
    }
  }

  async #exportBlobs({ config, layers }: ParsedManifest): Promise<void> {
    const { blobs, store } = this.#services
    for (const { digest, mediaType } of config === undefined ? layers : [config, ...layers]) {
      let blob
      try {
        blob = await blobs.getBlob(this.#admission, digest)
      } catch (error) {
        const mayBeAbsent = isForeignLayerMediaType(mediaType)
        if (mayBeAbsent && error instanceof DomainError && error.code === 'BLOB_UNKNOWN') continue
        throw error
      }
      const { location, size: sizeBytes } = blob
      const offered: OfferedBlob = {
        digest,
        sizeBytes,
        open: async () => streamOf(await blobs.openBlob(this.#admission, blob)),
        giveTo: async (path) => (await store.giveTo?.(location, path, this.#options.link)) === true,
      }
      await this.#add(digest, sizeBytes, () => this.#sink.addBlob(offered))
    }
  }

  async #add(digest: Digest, sizeBytes: number, add: () => Promise<void>): Promise<void> {
    if (await this.#sink.hasContent(digest, sizeBytes)) return
    await add()
    this.exported.blobs++
    this.exported.bytes += sizeBytes
  }
}

function streamOf(body: BlobBody): AsyncIterable<Uint8Array> {
  return body instanceof Blob ? body.stream() : body
}

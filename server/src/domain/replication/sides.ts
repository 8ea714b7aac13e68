import type { Digest } from '#contract/digest.ts'
import type { Filters } from './filters.ts'
import type { NameRule } from './names.ts'

/** What refers to an artifact: a signature, a bill of materials. `tag`: where its name says so, as cosign's do. */
export interface AccessoryName {
  readonly digest: Digest
  readonly tag: string | undefined
}

/** An artifact of a source, with what is known of it without asking for it alone. */
export interface ListedArtifact {
  readonly digest: Digest
  readonly tags: readonly string[]
  /** Undefined where the source has none. */
  readonly labels: readonly string[] | undefined
  /** Undefined where the source does not list them. */
  readonly accessories: readonly AccessoryName[] | undefined
}

export interface ManifestBytes {
  readonly digest: Digest
  readonly mediaType: string
  readonly bytes: Uint8Array
}

/** Where replication reads from: this registry, or another one. Names and tags are texts as they were found. */
export interface ReplicationSource {
  /** For the log: `this registry`, `harbor https://…`. */
  readonly name: string
  walkRepositories(filters: Filters): AsyncIterable<string>
  /** Artifacts with tags, and those that stand alone without one. */
  walkArtifacts(repository: string, filters: Filters): AsyncIterable<ListedArtifact>
  walkAccessories(repository: string, subject: Digest): AsyncIterable<AccessoryName>
  findTag(repository: string, tag: string): Promise<Digest | undefined>
  /** Undefined when it is not there. */
  getManifest(repository: string, digest: Digest): Promise<ManifestBytes | undefined>
  /** For manifests that do not say it. */
  findBlobSize(repository: string, digest: Digest): Promise<number | undefined>
  /** Undefined when it is not there. From a position on. */
  openBlob(
    repository: string,
    digest: Digest,
    sizeBytes: number,
    start: number,
  ): Promise<AsyncIterable<Uint8Array> | undefined>
  /** Whether everybody may read it; undefined where that is not known. */
  isPublic(repository: string): Promise<boolean | undefined>
}

/** How far a blob is on its way, as text that outlives this process. */
export interface BlobMark {
  readonly place: string
  readonly offset: number
}

export interface BlobToPush {
  readonly digest: Digest
  readonly sizeBytes: number
  open(start: number): Promise<AsyncIterable<Uint8Array>>
  /** Of an earlier attempt. */
  readonly mark: BlobMark | undefined
  keepMark(mark: BlobMark): Promise<void>
}

/** What a repository of the destination has, as far as it lists it. */
export interface ListedDestination {
  /** Each tag, with its digest where the list says it. */
  readonly tags: ReadonlyMap<string, Digest | undefined>
  /** Manifests by digest; undefined where they are not listed. */
  readonly digests: ReadonlySet<Digest> | undefined
}

/** Where replication writes to. */
export interface ReplicationDestination {
  readonly name: string
  readonly names: NameRule
  /** Makes the project of a repository where projects have to be made; says why it takes nothing. */
  prepare(repository: string, options: { readonly isPublic: boolean }): Promise<string | undefined>
  list(repository: string): Promise<ListedDestination>
  findDigest(repository: string, reference: string): Promise<Digest | undefined>
  hasBlob(repository: string, digest: Digest): Promise<boolean>
  pushBlob(repository: string, blob: BlobToPush): Promise<'mounted' | 'pushed'>
  pushManifest(repository: string, reference: string, manifest: ManifestBytes): Promise<void>
  /** False when it is not there. */
  untag(repository: string, tag: string): Promise<boolean>
  deleteManifest(repository: string, digest: Digest): Promise<boolean>
}

/** A connection to another registry, for one piece of work. */
export interface RemoteSide extends Disposable {
  readonly source: ReplicationSource
  readonly destination: ReplicationDestination
}

export interface RemoteOptions {
  readonly signal: AbortSignal
  /** Of blobs, where they are sent in chunks that each can be gone on with. */
  readonly chunkBytes: number | undefined
}

/** Opens the other registry. @throws DomainError REGISTRY_UNKNOWN */
export type OpenRemoteSide = (registryId: number, options: RemoteOptions) => Promise<RemoteSide>

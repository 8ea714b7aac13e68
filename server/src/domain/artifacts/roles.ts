import type { Digest } from '#contract/digest.ts'
import type { ParsedManifest } from '#contract/manifest.ts'
import type { Reference, TagName } from '#contract/reference.ts'
import type { Admission, Bringing, Reading } from '../access/admission.ts'
import type { PushedArtifact } from './push.ts'
import type { ReferrersPage, ReferrersQuery } from './referrers.ts'
import type { TagPage } from './tags.ts'

/**
 * The roles that `/v2` calls for artifacts. Each role has few methods and no class behind it, so that something else can stand in
 * front of one: a reader that fetches from another registry what this one does not have yet.
 */

/** A manifest as HEAD answers it. */
export interface ManifestStat {
  readonly digest: Digest
  readonly mediaType: string
  readonly sizeBytes: number
}

/** A manifest as it is served: media type, digest and the very bytes that were pushed. */
export interface ServedManifest {
  readonly digest: Digest
  readonly mediaType: string
  readonly bytes: Uint8Array
  /** Undefined when it is served without being stored. */
  readonly artifactId: number | undefined
  /** The tag that it was asked for by. */
  readonly tagId: number | undefined
}

export interface ManifestReader {
  /** @throws DomainError MANIFEST_UNKNOWN; the same for a repository that was never pushed to */
  statManifest(admission: Admission<Reading>, reference: Reference): Promise<ManifestStat>
  /** @throws DomainError MANIFEST_UNKNOWN; the same for a repository that was never pushed to */
  getManifest(admission: Admission<Reading>, reference: Reference): Promise<ServedManifest>
}

export interface PushedManifest {
  readonly reference: Reference
  readonly tags: readonly TagName[]
  readonly manifest: ParsedManifest
  readonly bytes: Uint8Array
}

export interface ManifestWriter {
  pushManifest(admission: Admission<Bringing>, push: PushedManifest): Promise<PushedArtifact>
  deleteManifest(admission: Admission<'delete'>, digest: Digest): Promise<void>
  untag(admission: Admission<'delete'>, tag: TagName): Promise<void>
}

export interface TagLister {
  /** @throws DomainError REPOSITORY_UNKNOWN when nothing was ever pushed to it */
  listTags(admission: Admission<'pull'>, page: { size: number; last: string | undefined }): Promise<TagPage>
}

export interface ReferrerLister {
  listReferrers(admission: Admission<'pull'>, subject: Digest, query: ReferrersQuery): Promise<ReferrersPage>
}

export interface CatalogLister {
  listCatalog(page: {
    size: number
    last: string | undefined
  }): Promise<{ repositories: readonly string[]; next: string | undefined }>
}

/** Hears of every pull, for counts and for the audit log. */
export interface PullObserver {
  /** Returns at once and never throws. */
  onPull(admission: Admission<'pull'>, reference: Reference, manifest: ServedManifest): void
}

import type { Generated } from 'kysely'
import type { Flag } from './columns.ts'

/** An artifact or a tag that was deleted and can be had back. */
export interface TrashEntryTable {
  id: Generated<number>
  project_id: number
  /** The full name, `project/rest`; there may be no such repository any more. */
  repository: string
  kind: 'artifact' | 'tag'
  digest: string
  media_type: string
  artifact_type: string
  size: number
  /** The manifest, exactly as pushed; null for a tag. */
  bytes: Uint8Array | null
  /** JSON array of the names that it had: `name`, `pushedAt`, `pulledAt`. */
  tags: string
  /** JSON array of label ids. */
  labels: string
  pushed_at: number
  pulled_at: number | null
  /** The entry that it was deleted with, as the child of an index is. */
  part_of: number | null
  deleted_by: string
  deleted_at: number
  /** The run of a retention policy that deleted it. */
  run_id: Generated<number | null>
}

/** What a deleted repository had beside its artifacts; it comes back with the first of them. */
export interface TrashRepositoryTable {
  project_id: number
  /** The full name, `project/rest`. */
  repository: string
  description: string
  deleted_at: number
}

/** Keeps bytes for an entry of the trash. The bytes are readable through no repository (invariant 4). */
export interface TrashBlobTable {
  entry_id: number
  digest: string
}

/** A manifest that may be unneeded: it was pushed without a tag, it lost one, or its referrer is gone. */
export interface ArtifactReviewTable {
  artifact_id: number
  /**
   * 1: the manifest belonged to something that was deleted, and goes with it. 0: it goes when untagged manifests go.
   */
  orphan: Flag
  part_of: number | null
  review_after: number
}

/** A subject that was deleted: its referrers follow it, page by page. */
export interface SubjectReviewTable {
  repository_id: number
  digest: string
  part_of: number | null
  /** Referrers up to this digest were looked at. */
  followed_to: string
  /** Referrers pushed later did not belong to the deleted subject. */
  deleted_at: number
}

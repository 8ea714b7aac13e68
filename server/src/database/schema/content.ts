import type { Generated } from 'kysely'

export interface RepositoryTable {
  id: Generated<number>
  project_id: number
  /** The full name, `project/rest`. */
  name: string
  description: string
  pull_count: Generated<number>
  created_at: number
  updated_at: number
}

/** The name of a repository from each of its characters on, cut. Kept by a trigger (migration 0042). */
export interface RepositoryNamePartTable {
  part: string
  repository_id: number
}

/** Bytes known by digest. `gone` is the absence of the row; its bytes are then in `blob_trash`. */
export interface BlobTable {
  digest: string
  size: number
  location: string
  state: 'live' | 'condemned'
  condemned_at: number | null
  created_at: number
}

/** Bytes that no row needs any more and that wait to be deleted. */
export interface DoomedBlobTable {
  location: string
  digest: string
  size: number
  trashed_at: number
}

/** Manifests whose rows went, until a run of garbage collection has counted them. */
export interface GoneManifestTable {
  id: Generated<number>
  digest: string
  size: number
  gone_at: number
}

/** The only thing that makes a blob readable through a repository (invariant 4). */
export interface RepositoryBlobTable {
  repository_id: number
  digest: string
  /** The lease: until then the link stays even when no manifest refers to it. */
  protected_until: number
  created_at: number
  /** The upload that it came of last, and the actor of it; null for a link that came without one. */
  upload_id: string | null
  uploaded_by: string | null
}

/**
 * Links to look at again, so that garbage collection costs in proportion to what changed and never walks
 * the store: written when a link's lease begins and when an artifact that used it goes.
 */
export interface LinkReviewTable {
  repository_id: number
  digest: string
  review_after: number
}

export interface UploadTable {
  id: string
  repository_id: number
  /** The actor that created the session (`actorKey`). Other actors cannot touch it. */
  actor: string
  /** Bytes acknowledged so far. */
  offset: number
  algorithm: 'sha256' | 'sha512'
  /** The digest of the bytes before `offset`, so that another process can go on without reading them. */
  digest_state: string | null
  created_at: number
  expires_at: number
}

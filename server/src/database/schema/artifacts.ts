import type { Generated } from 'kysely'

export interface ArtifactTable {
  id: Generated<number>
  repository_id: number
  digest: string
  media_type: string
  /** artifactType, or config.mediaType of an image manifest without one; '' when there is neither. */
  artifact_type: string
  /** Bytes of the manifest itself. */
  manifest_size: number
  /** Bytes of the manifest and of everything it names directly; each digest once. */
  size: number
  subject_digest: string | null
  /** JSON object of the manifest's annotations, or null. */
  annotations: string | null
  pushed_at: number
  pulled_at: number | null
}

/** Manifest bytes, exactly as pushed. */
export interface ArtifactPayloadTable {
  artifact_id: number
  bytes: Uint8Array
}

export interface ArtifactBlobTable {
  artifact_id: number
  repository_id: number
  digest: string
}

export interface ArtifactChildTable {
  parent_id: number
  child_id: number
}

/** A child that a sparse index names and the repository does not have. */
export interface AbsentChildTable {
  parent_id: number
  repository_id: number
  digest: string
}

/** An artifact that stands for itself, in its place of the list. Kept by triggers (migration 0042). */
export interface ListedArtifactTable {
  repository_id: number
  pushed_at: number
  /** Of the artifact. */
  id: number
}

export interface TagTable {
  id: Generated<number>
  repository_id: number
  name: string
  artifact_id: number
  pushed_at: number
  pulled_at: number | null
}

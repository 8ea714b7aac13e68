/** How far work on many blobs is. */
export interface BlobProgress {
  readonly count: number
  readonly total: number
  readonly bytes: number
  /** Undefined where it is known at the end only. */
  readonly totalBytes?: number | undefined
}

export type OnBlob = (progress: BlobProgress) => void

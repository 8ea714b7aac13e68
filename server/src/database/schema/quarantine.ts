import type { Flag } from './columns.ts'

/** An artifact that is held back since its push, or was: it enters once. */
export interface QuarantineEntryTable {
  artifact_id: number
  project_id: number
  digest: string
  /** `actorKey` of whoever pushed it. */
  pushed_by: string
  /** Their name. */
  username: string
  entered_at: number
  /** Null: without a limit. */
  expires_at: number | null
  /** When it is judged again, if nothing happens before. */
  review_at: number
  /** Whether the events of its being held were recorded. */
  announced: Flag
  /** JSON: what policies want, when it was judged last. */
  awaits: string
  /** Null: it is held. */
  released_at: number | null
  released_by: string | null
  reason: string | null
}

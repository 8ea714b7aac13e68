import type { Generated } from 'kysely'
import type { Flag } from './columns.ts'

/** While it stands, no bytes are deleted that a row pointed to when it began. */
export interface StorageHoldTable {
  id: string
  /** For people: `backup 20261126T104453Z`. */
  reason: string
  /** The mark of its process; null in rows of versions that did not write it. */
  holder: string | null
  created_at: number
  /** The holder renews it. The hold of a holder that died ends at this time. */
  expires_at: number
}

/** Bytes that are not what their digest says, or are not there. */
export interface BlobDamageTable {
  id: Generated<number>
  digest: string
  kind: 'changed' | 'missing'
  /** Where the blob's row points to since then; nothing there is ever served. */
  location: string
  size: number
  found_at: number
  /** Whether the bytes lie there already. */
  set_aside: Flag
  /** When good bytes took their place. */
  healed_at: number | null
}

/** One row at the most: the pass that runs, or the last one. */
export interface ScrubProgressTable {
  id: 1
  /** The last digest that was looked at. */
  position: string
  started_at: number
  blobs: number
  bytes: number
  damaged: number
  finished_at: number | null
}

/** Without rows: PostgreSQL tells whether there is room when some are written and rolled back. */
export interface WriteProbeTable {
  filler: string
}

/** A backup that was finished. */
export interface BackupRunTable {
  id: string
  /** Where it lies: a folder, or `s3://bucket/prefix`. */
  archive: string
  started_at: number
  finished_at: number
  blobs: number
  bytes: number
  new_bytes: number
  /** Blobs that it lacks. */
  damaged: number
}

/** Pushes and pulls of a project in an hour; no row: none of either. */
export interface ActivitySampleTable {
  /** Its beginning. */
  hour: number
  project_id: number
  pushes: number
  pulls: number
}

/** What the registry held in an hour, at its first look. */
export interface StorageSampleTable {
  hour: number
  /** What projects use, added up: a blob counts in each. */
  logical_bytes: number
  /** What blobs take, each once. */
  physical_bytes: number
}

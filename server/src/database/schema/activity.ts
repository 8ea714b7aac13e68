/** Pushes and pulls of a project in an hour. An hour without any has no row. */
export interface ActivitySampleTable {
  /** Its beginning. */
  hour: number
  project_id: number
  pushes: number
  pulls: number
}

/** Storage of the registry in an hour, at the hour's first look. */
export interface StorageSampleTable {
  hour: number
  /** Sum of the usage of projects: a blob counts in each. */
  logical_bytes: number
  /** Sum of the sizes of blobs, each once. */
  physical_bytes: number
}

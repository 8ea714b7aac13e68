/** A manifest that was fetched from upstream and waits for its blobs. */
export interface ProxyManifestTable {
  /** With its project in front. */
  repository: string
  digest: string
  project_id: number
  media_type: string
  bytes: Uint8Array
  fetched_at: number
  /** When its blobs were last asked for. */
  tried_at: number
}

/** What upstream last said of a tag. */
export interface ProxyTagTable {
  repository: string
  tag: string
  project_id: number
  digest: string
  checked_at: number
}

/** A blob that a process is downloading. */
export interface ProxyFillTable {
  repository: string
  digest: string
  project_id: number
  /** Mark of the process. */
  holder: string
  /** Null until bytes come. */
  upload_id: string | null
  /** Null until it is known. */
  size: number | null
  started_at: number
  renewed_at: number
}

/** Where an artifact of a proxy project stands among those that go when room is wanted. */
export interface ProxyEntryTable {
  artifact_id: number
  project_id: number
  queue: 'small' | 'main'
  position: number
  /** Since it stands there, 3 at the most. */
  hits: number
  /** Bytes of the artifact, whatever it shares. */
  size: number
}

/** An artifact that went lately. */
export interface ProxyGhostTable {
  project_id: number
  digest: string
  position: number
}

/** What a proxy project did on one day. */
export interface ProxyTrafficTable {
  project_id: number
  /** Its first millisecond, in UTC. */
  day: number
  /** As `TrafficOutcome` has it. */
  outcome: string
  requests: number
  bytes: number
}

/** How a remote registry behaves, as proxy projects see it. */
export interface ProxyUpstreamTable {
  registry_id: number
  answered_at: number | null
  /** Null while it answers. */
  failing_since: number | null
  failed_at: number | null
  failure_code: string | null
  failure_message: string | null
  /** It wants to be left alone until then. */
  retry_at: number | null
  limit_total: number | null
  limit_remaining: number | null
  limit_window_seconds: number | null
  limit_seen_at: number | null
}

/** Another registry, as somebody entered it. */
export interface RemoteRegistry {
  /** Of its registry API, without a slash at its end: `https://registry.example.org`. */
  readonly url: string
  readonly credential: { readonly accessKey: string; readonly accessSecret: string } | undefined
  /** Takes any certificate. */
  readonly insecure: boolean
  /** PEM; instead of the authorities of the system. */
  readonly authority: string | undefined
  /** Hosts besides its own whose token service is given the credential: `auth.example.org`, `auth.example.org:5001`. */
  readonly tokenHosts?: readonly string[]
}

export interface Timeouts {
  /** Until there is a connection, TLS and all. */
  readonly connectMs: number
  /** Until an answer begins, and between two pieces of a body. */
  readonly silenceMs: number
  /** For everything that is read as a whole: tokens, manifests, pages of lists. */
  readonly wholeMs: number
  /** Fewer than `minBytes` in so much time of waiting is too slow. */
  readonly windowMs: number
  readonly minBytes: number
}

export interface Limits {
  readonly manifestBytes: number
  /** Of one page of a list. */
  readonly pageBytes: number
  readonly pages: number
  /** Of one list, all pages together. */
  readonly entries: number
  readonly redirects: number
}

export interface RetryPolicy {
  /** Of one request, the first one too. */
  readonly attempts: number
  readonly firstPauseMs: number
  readonly maxPauseMs: number
  /** All pauses of one request together. */
  readonly budgetMs: number
}

export interface UploadPolicy {
  /** Larger blobs go in chunks of this size, or of what the registry asks for at the least. */
  readonly chunkBytes: number
  /** Chunks larger than this are not made, whatever the registry asks for. */
  readonly maxChunkBytes: number
}

export interface RegistryClientOptions {
  readonly remote: RemoteRegistry
  /** Lets every name lead to this machine and its link. */
  readonly allowLocal: boolean
  /** Lets the registry's own host do so: the operator of this machine typed it. */
  readonly allowLocalHome?: boolean
  readonly timeouts?: Partial<Timeouts>
  readonly limits?: Partial<Limits>
  readonly retries?: Partial<RetryPolicy>
  readonly uploads?: Partial<UploadPolicy>
  /** Tests do not wait. */
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

export const standardTimeouts: Timeouts = {
  connectMs: 15_000,
  silenceMs: 60_000,
  wholeMs: 120_000,
  windowMs: 60_000,
  minBytes: 64 * 1024,
}

export const standardLimits: Limits = {
  manifestBytes: 4 * 1024 * 1024,
  pageBytes: 4 * 1024 * 1024,
  pages: 10_000,
  entries: 1_000_000,
  redirects: 5,
}

export const standardRetries: RetryPolicy = {
  attempts: 4,
  firstPauseMs: 250,
  maxPauseMs: 10_000,
  budgetMs: 60_000,
}

export const standardUploads: UploadPolicy = {
  chunkBytes: 32 * 1024 * 1024,
  maxChunkBytes: 512 * 1024 * 1024,
}

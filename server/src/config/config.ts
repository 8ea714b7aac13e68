/** A bucket for the bytes of blobs. */
export interface S3Config {
  readonly bucket: string
  /** Empty, or ends in `/`. */
  readonly prefix: string
  readonly region: string
  readonly endpoint: string | undefined
  readonly pathStyle: boolean
  /** Undefined: found as AWS's own tools find them. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
  readonly caFile: string | undefined
  readonly encryption: { readonly algorithm: 'AES256' | 'aws:kms'; readonly kmsKeyId: string | undefined } | undefined
  readonly checksums: boolean
  /** Blobs of so many bytes or more are redirected to the bucket; undefined: none. */
  readonly redirectFromBytes: number | undefined
}

/**
 * The checked configuration: what the rest of the program sees. Only this folder reads files,
 * flags and the environment.
 */
export interface Config {
  /** The name clients use for this machine; undefined when nobody said. */
  readonly hostname: string | undefined
  readonly http: { readonly host: string; readonly port: number } | undefined
  readonly https:
    | {
        readonly host: string
        readonly port: number
        readonly certificateFile: string
        readonly privateKeyFile: string
      }
    | undefined
  /** The URL clients use, without a trailing slash; undefined: each request's own Host header. */
  readonly externalUrl: string | undefined
  readonly dataFolder: string
  readonly database:
    | { readonly kind: 'sqlite'; readonly file: string; readonly acquireTimeoutMs: number }
    | {
        readonly kind: 'postgres'
        readonly url: string
        readonly maxConnections: number
        readonly acquireTimeoutMs: number
      }
  readonly storage: { readonly kind: 'filesystem'; readonly folder: string } | ({ readonly kind: 's3' } & S3Config)
  readonly initialAdminPassword: string
  /** Project of a name without one (`nginx` → `library/nginx`); undefined: such names are refused. */
  readonly defaultProject: string | undefined
  /** No accounts: everyone may do everything. Loopback only unless `forced`. */
  readonly open: boolean
  /** Nothing may be pushed or deleted. */
  readonly readOnly: boolean
  readonly deleteEnabled: boolean
  readonly token: { readonly lifetimeSeconds: number; readonly service: string; readonly issuer: string }
  readonly uploads: { readonly expireAfterMs: number; readonly purgeIntervalMs: number; readonly maxPerActor: number }
  readonly garbageCollection: { readonly intervalMs: number; readonly leaseMs: number; readonly graceMs: number }
  readonly events: { readonly keepMs: number }
  readonly jobs: { readonly concurrency: number; readonly keepMs: number }
  readonly limits: { readonly manifestBytes: number; readonly uploadBytes: number }
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly format: 'json' | 'pretty' | 'auto' }
  readonly metrics: {
    readonly enabled: boolean
    readonly path: string
    readonly listen: { readonly host: string; readonly port: number } | undefined
  }
  readonly outbound: { readonly allowLocal: boolean }
  /** Proxies whose X-Forwarded-* headers are believed, as CIDR ranges. */
  readonly trustedProxies: readonly string[]
  /** How long SIGTERM waits for requests in flight. */
  readonly drainTimeoutMs: number
}

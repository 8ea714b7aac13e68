import type { ShownSetting } from './shown-settings.ts'

/** A bucket for the bytes of blobs; `server/src/storage/s3` says what each means. */
export interface S3Config {
  readonly bucket: string
  /** Empty, or ends in `/`. */
  readonly prefix: string
  readonly region: string
  readonly endpoint: string | undefined
  /** By which clients reach the service; undefined: the same. */
  readonly publicEndpoint: string | undefined
  readonly capabilities: {
    readonly addressing: 'virtual-host' | 'path'
    readonly checksums: 'flexible' | 'md5'
    readonly keysPerDelete: number
    readonly partsAlike: boolean
    readonly conditionalCopies: boolean
    readonly encryption: readonly ('AES256' | 'aws:kms')[]
  }
  /** Undefined: found as AWS's own tools find them. */
  readonly credentials:
    | { readonly kind: 'key'; readonly accessKeyId: string; readonly secretAccessKey: string }
    | { readonly kind: 'file'; readonly file: string; readonly profile: string }
    | {
        readonly kind: 'web-identity'
        readonly roleArn: string
        readonly tokenFile: string
        readonly endpoint: string | undefined
      }
    | undefined
  readonly caFile: string | undefined
  readonly encryption: { readonly algorithm: 'AES256' | 'aws:kms'; readonly kmsKeyId: string | undefined } | undefined
  readonly timeoutMs: number
  readonly redirects: RedirectConfig
}

/** Redirects of clients to the bucket. */
export interface RedirectConfig {
  /** Whether projects that say nothing are redirected. */
  readonly enabled: boolean
  /** Smaller blobs never are. */
  readonly fromBytes: number
  /** CIDR ranges of clients that may be; empty: all. */
  readonly networks: readonly string[]
  /** CIDR ranges of clients that never are. */
  readonly streamNetworks: readonly string[]
}

/** Where backups go, unless the command line says otherwise. */
export interface BackupConfig {
  /** A folder or `s3://bucket/prefix`. */
  readonly to: string | undefined
  /** Undefined: all. */
  readonly keep: number | undefined
  /** When the registry makes one by itself: a preset, or six fields; undefined: never. */
  readonly schedule: string | undefined
  readonly timeZone: string
  /** How buckets for backups are reached. */
  readonly s3: Omit<S3Config, 'bucket' | 'prefix' | 'redirects'>
}

/** Receivers of the audit log. */
export interface AuditConfig {
  readonly elasticsearch:
    | {
        readonly url: string
        readonly stream: string
        /** Value of the Authorization header. */
        readonly authorization: string | undefined
        readonly caFile: string | undefined
      }
    | undefined
  /** `tcp://host:port` or `tls://host:port`. */
  readonly syslog: { readonly url: string; readonly caFile: string | undefined } | undefined
  /** Records younger than this stay, whoever asks; undefined: the settings of the registry decide. */
  readonly keepAtLeastMs: number | undefined
  readonly hash: 'sha256' | 'sm3'
  readonly signingKeyFile: string | undefined
  readonly recordReads: boolean
}

/** Where the certificate of HTTPS comes from. */
export type CertificateConfig =
  | { readonly from: 'files'; readonly certificateFile: string; readonly privateKeyFile: string }
  | ({ readonly from: 'authority'; readonly authorityName: string } & OwnCertificateConfig)
  | ({ readonly from: 'acme'; readonly acme: AcmeConfig } & OwnCertificateConfig)

/** A service that gives certificates by ACME. */
export interface AcmeConfig {
  readonly directory: string
  readonly agreed: boolean
  readonly email: string | undefined
  readonly challenge: 'http-01' | 'dns-01'
  readonly dnsCommand: string | undefined
  readonly caFile: string | undefined
  readonly externalAccount: { readonly keyId: string; readonly hmacKey: string } | undefined
}

/** Of a certificate that the registry gets by itself. */
export interface OwnCertificateConfig {
  /** Empty: those that clients of this machine use. */
  readonly names: readonly string[]
  readonly keyType: 'ecdsa' | 'rsa'
  readonly lifetimeMs: number
}

export interface EventsConfig {
  /** Of the audit log. */
  readonly keepMs: number
  /** Of the log for consumers: each event can be read again for this long. */
  readonly replayMs: number
  readonly maxAgeMs: number
  readonly maxEvents: number
}

/**
 * The checked configuration: what the rest of the program sees. Only this folder reads files,
 * flags and the environment.
 */
/** Where the outer key of the secrets is. */
export type OuterKeyConfig =
  /** `make`: it is made when neither it nor anything that is sealed with it exists. */
  | { readonly kind: 'file'; readonly file: string; readonly make: boolean }
  | { readonly kind: 'value'; readonly text: string }
  | { readonly kind: 'command'; readonly command: string }

export interface Config {
  /** The name clients use for this machine; undefined when the settings give none. */
  readonly hostname: string | undefined
  readonly http: { readonly host: string; readonly port: number } | undefined
  readonly https:
    | {
        readonly host: string
        readonly port: number
        readonly certificate: CertificateConfig
      }
    | undefined
  /** The URL clients use, without a trailing slash; undefined: each request's own Host header. */
  readonly externalUrl: string | undefined
  /** The URL that scanners in the same network pull from, without a trailing slash. */
  readonly internalUrl: string | undefined
  readonly dataFolder: string
  /** The flags with which another command means the same registry: printed behind every command that a message names. */
  readonly locatingFlags: readonly string[]
  /** Every setting by its public name, without secrets: for who asks a running server. */
  readonly shownSettings: readonly ShownSetting[]
  /** A person said on the command line that a new registry may begin over a store that has blobs. */
  readonly beginNew: boolean
  /** Equal processes on the same ports. 1: the process that was started serves by itself. */
  readonly workers: number
  readonly database:
    | {
        readonly kind: 'sqlite'
        readonly file: string
        readonly acquireTimeoutMs: number
        readonly copyBeforeMigration: boolean
      }
    | {
        readonly kind: 'postgres'
        readonly url: string
        readonly maxConnections: number
        readonly acquireTimeoutMs: number
      }
  readonly storage: { readonly kind: 'filesystem'; readonly folder: string } | ({ readonly kind: 's3' } & S3Config)
  readonly audit: AuditConfig
  readonly outerKey: OuterKeyConfig
  readonly initialAdminPassword: string
  /** The first start needs a password chosen by a person. */
  readonly requireAdminPassword: boolean
  /** Project of a name without one (`nginx` → `library/nginx`); undefined: such names are refused. */
  readonly defaultProject: string | undefined
  /** No accounts: every request may do everything. Loopback only unless `forced`. */
  readonly open: boolean
  /** Nothing may be pushed or deleted. */
  readonly readOnly: boolean
  readonly deleteEnabled: boolean
  readonly token: { readonly lifetimeSeconds: number; readonly service: string; readonly issuer: string }
  readonly uploads: { readonly expireAfterMs: number; readonly expiryIntervalMs: number; readonly maxPerActor: number }
  readonly garbageCollection: {
    readonly intervalMs: number
    readonly leaseMs: number
    readonly graceMs: number
    readonly lingerMs: number
  }
  /** With 0, a deleted artifact cannot be restored. */
  readonly trash: { readonly windowMs: number }
  readonly backup: BackupConfig
  readonly events: EventsConfig
  readonly jobs: { readonly concurrency: number; readonly keepMs: number; readonly leaseMs: number }
  readonly limits: { readonly manifestBytes: number; readonly uploadBytes: number }
  readonly log: {
    readonly level: 'debug' | 'info' | 'warn' | 'error'
    readonly format: 'json' | 'pretty' | 'auto'
    readonly requests: 'all' | 'errors' | 'off'
    /** 0: no request is called slow. */
    readonly slowRequestMs: number
  }
  readonly metrics: {
    readonly enabled: boolean
    readonly path: string
    readonly listen: { readonly host: string; readonly port: number } | undefined
    /** The token that opens the metrics; undefined: the port gives them to every caller. */
    readonly token: string | undefined
  }
  readonly outbound: {
    readonly allowLocal: boolean
    readonly tokenHosts: readonly string[]
    /** Issuers in private networks that every trust rule may name. */
    readonly privateIssuers: readonly string[]
  }
  /** Proxies whose X-Forwarded-* headers are believed, as CIDR ranges. */
  readonly trustedProxies: readonly string[]
  /** How long SIGTERM waits for requests in flight. */
  /** After SIGTERM connections are accepted for so long while `/ready` says that this process is draining. */
  readonly drainDelayMs: number
  readonly drainTimeoutMs: number
}

import { join, resolve } from 'node:path'
import type { z } from 'zod'
import { checkSettings, isFromFiles } from './check-settings.ts'
import { ConfigError, type ConfigProblem } from './config-error.ts'
import { letsEncrypt, letsEncryptStaging } from './acme-settings.ts'
import type { AcmeConfig, BackupConfig, CertificateConfig, Config, S3Config } from './config.ts'
import { availableProcessors } from './processors.ts'
import { s3ProviderOf } from './s3-providers.ts'
import { suggestSetting } from './setting-paths.ts'
import { locatingFlagsOf } from './locating-flags.ts'
import { type Settings, settings } from './settings.ts'
import { showSettings, type ShownSetting } from './shown-settings.ts'
import { gatherSettings, type GatheredSettings, type SettingSources, type SourceOptions } from './sources.ts'

export interface LoadedConfig {
  readonly config: Config
  /** Sentences for the person who starts the program. */
  readonly warnings: readonly string[]
  /** Where each setting that is not a default came from. */
  readonly sources: SettingSources
  /** The file that was read. */
  readonly file: string | undefined
}

/**
 * Reads berth.yml (or Harbor's harbor.yml), then `BERTH_…` variables, then flags, each over the one
 * before, and checks the whole once.
 * @throws ConfigError with everything that is wrong
 */
export function loadConfig(options: Partial<SourceOptions> = {}): LoadedConfig {
  const { env = process.env, flags = {}, file } = options
  const gathered = gatherSettings({ env, flags, file })
  const { parsed, problems, warnings } = judge(gathered)
  if (parsed === undefined || problems.length > 0) throw new ConfigError(problems)
  return {
    config: {
      ...toConfig(parsed),
      locatingFlags: locatingFlagsOf(gathered, file ?? env['BERTH_CONFIG']),
      shownSettings: showSettings(gathered),
    },
    warnings: [...gathered.warnings, ...warnings],
    sources: gathered.sources,
    file: gathered.file,
  }
}

/** A configuration for a reader, whether it can be used or not. */
export interface DescribedConfig {
  readonly file: string | undefined
  readonly problems: readonly ConfigProblem[]
  readonly warnings: readonly string[]
  readonly settings: readonly ShownSetting[]
}

/** The same as `loadConfig` reads, and what is wrong with it. A file that cannot be read is left out. */
export function describeConfig(options: Partial<SourceOptions> = {}): DescribedConfig {
  const { env = process.env, flags = {}, file } = options
  try {
    const gathered = gatherSettings({ env, flags, file })
    const { problems, warnings } = judge(gathered)
    return {
      file: gathered.file,
      problems,
      warnings: [...gathered.warnings, ...warnings],
      settings: showSettings(gathered),
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const { BERTH_CONFIG: _, ...others } = env
    const rest = gatherSettings({ env: others, flags, file: '/dev/null' })
    return { file, problems: error.problems, warnings: rest.warnings, settings: showSettings(rest) }
  }
}

function judge({ raw, sources }: GatheredSettings) {
  const parsed = settings.safeParse(raw)
  if (parsed.success) return { parsed: parsed.data, ...checkSettings(parsed.data) }
  return {
    parsed: undefined,
    problems: parsed.error.issues.flatMap((issue) => problemsOf(issue, sources)),
    warnings: [],
  }
}

function problemsOf(issue: z.core.$ZodIssue, sources: SettingSources): ConfigProblem[] {
  const path = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const setting = path === '' ? key : `${path}.${key}`
      return { code: 'SETTING_UNKNOWN', setting, message: `there is no such setting${suggestSetting(setting)}` }
    })
  }
  const source = sources.get(path)
  return [
    {
      code: 'SETTING_INVALID',
      setting: path,
      message: source === undefined ? issue.message : `${issue.message} (${source})`,
    },
  ]
}

function storageOf({ storage, s3 }: Settings, dataFolder: string): Config['storage'] {
  if (s3.bucket === undefined) {
    return { kind: 'filesystem', folder: resolve(storage.folder ?? join(dataFolder, 'storage')) }
  }
  const { prefix = '' } = s3
  return {
    kind: 's3',
    bucket: s3.bucket,
    prefix: prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`,
    ...reachOf(s3),
    redirects: {
      enabled: s3.redirect,
      fromBytes: s3.redirect_min_size,
      networks: s3.redirect_networks,
      streamNetworks: s3.stream_networks,
    },
  }
}

/** How buckets are reached. */
function reachOf(s3: Settings['s3']): BackupConfig['s3'] {
  const provider = s3ProviderOf(s3.provider ?? (s3.endpoint === undefined ? 'aws' : 'other'))
  const { capabilities } = provider
  return {
    region: s3.region,
    endpoint: s3.endpoint ?? provider.endpoint?.(s3.region),
    publicEndpoint: s3.redirect_endpoint,
    capabilities: {
      ...capabilities,
      addressing: s3.path_style === undefined ? capabilities.addressing : s3.path_style ? 'path' : 'virtual-host',
      checksums: s3.checksums === undefined ? capabilities.checksums : s3.checksums ? 'flexible' : 'md5',
      partsAlike: s3.equal_parts ?? capabilities.partsAlike,
    },
    credentials: s3CredentialsOf(s3),
    caFile: s3.ca_file === undefined ? undefined : resolve(s3.ca_file),
    encryption: s3.encryption === 'none' ? undefined : { algorithm: s3.encryption, kmsKeyId: s3.kms_key },
    timeoutMs: s3.timeout,
  }
}

function s3CredentialsOf(s3: Settings['s3']): S3Config['credentials'] {
  const { access_key: accessKeyId, secret_key: secretAccessKey, credentials_file: file, role_arn: roleArn } = s3
  if (accessKeyId !== undefined && secretAccessKey !== undefined) return { kind: 'key', accessKeyId, secretAccessKey }
  if (file !== undefined) return { kind: 'file', file: resolve(file), profile: s3.credentials_profile }
  if (roleArn === undefined || s3.web_identity_token_file === undefined) return undefined
  return {
    kind: 'web-identity',
    roleArn,
    tokenFile: resolve(s3.web_identity_token_file),
    endpoint: s3.sts_endpoint,
  }
}

/** Backups lie apart from blobs. Their bucket takes every setting that it lacks from the bucket of the blobs. */
function backupOf({ backup, s3 }: Settings): BackupConfig {
  const { to, keep, schedule, time_zone: timeZone, ...own } = backup
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined))
  return { to, keep: keep === 0 ? undefined : keep, schedule, timeZone, s3: reachOf({ ...s3, ...given }) }
}

function auditOf({ audit }: Settings): Config['audit'] {
  const { elasticsearch_url: url, elasticsearch_api_key: key, syslog_url: syslog } = audit
  const { elasticsearch_username: username, elasticsearch_password: password = '' } = audit
  const basic = username === undefined ? undefined : `Basic ${btoa(`${username}:${password}`)}`
  const file = (path: string | undefined) => (path === undefined ? undefined : resolve(path))
  return {
    elasticsearch:
      url === undefined
        ? undefined
        : {
            url,
            stream: audit.elasticsearch_stream,
            authorization: key === undefined ? basic : `ApiKey ${key}`,
            caFile: file(audit.elasticsearch_ca_file),
          },
    syslog: syslog === undefined ? undefined : { url: syslog, caFile: file(audit.syslog_ca_file) },
    keepAtLeastMs: audit.keep_at_least,
    hash: audit.hash,
    signingKeyFile: file(audit.signing_key_file),
    recordReads: audit.record_reads,
  }
}

/** A folder that keeps neither the database nor blobs may be gone with the next container: no key is made there. */
function outerKeyOf({ secrets, database, s3 }: Settings, dataFolder: string): Config['outerKey'] {
  if (secrets.key !== undefined) return { kind: 'value', text: secrets.key }
  if (secrets.key_command !== undefined) return { kind: 'command', command: secrets.key_command }
  if (secrets.key_file !== undefined) return { kind: 'file', file: resolve(secrets.key_file), make: false }
  const make = database.url === undefined || s3.bucket === undefined
  return { kind: 'file', file: join(dataFolder, 'secrets.key'), make }
}

function certificateOf(given: Settings, https: NonNullable<Settings['https']>): CertificateConfig {
  const { certificate, private_key: key, issuer, names, key_type: keyType, lifetime: lifetimeMs } = https
  if (issuer === undefined || issuer === 'files')
    return { from: 'files', certificateFile: resolve(certificate ?? ''), privateKeyFile: resolve(key ?? '') }
  const external = given.external_url === undefined ? [] : [new URL(given.external_url).hostname]
  const usual = [...external, ...(given.hostname === undefined ? [] : [given.hostname])]
  const own = { names: names.length > 0 ? names : usual, keyType, lifetimeMs }
  if (issuer === 'acme') return { from: 'acme', acme: acmeOf(given.acme), ...own }
  return { from: 'authority', authorityName: https.authority_name, ...own }
}

function acmeOf(acme: Settings['acme']): AcmeConfig {
  const { key_id: keyId, hmac_key: hmacKey } = acme
  return {
    directory: acme.directory ?? (acme.staging ? letsEncryptStaging : letsEncrypt),
    agreed: acme.agree_to_terms,
    email: acme.email,
    challenge: acme.challenge,
    dnsCommand: acme.dns_command === undefined ? undefined : resolve(acme.dns_command),
    caFile: acme.ca_file === undefined ? undefined : resolve(acme.ca_file),
    externalAccount: keyId === undefined || hmacKey === undefined ? undefined : { keyId, hmacKey },
  }
}

/** SQLite has one writer at a time: more processes would only queue for it. */
const maxUsualWorkersOnSqlite = 4

function workersOf({ workers, open, database }: Settings): number {
  if (workers > 0) return workers
  if (open) return 1
  const processors = availableProcessors()
  return database.url === undefined ? Math.min(processors, maxUsualWorkersOnSqlite) : processors
}

function toConfig(given: Settings): Config {
  const everywhere = given.open ? '127.0.0.1' : '0.0.0.0'
  const dataFolder = resolve(given.data_folder)
  const { http, https, database, metrics } = given
  return {
    hostname: given.hostname,
    externalUrl: given.external_url,
    internalUrl: given.internal_url,
    http:
      http === undefined && https !== undefined && isFromFiles(https)
        ? undefined
        : { host: http?.host ?? everywhere, port: http?.port ?? 8080 },
    https:
      https === undefined
        ? undefined
        : { host: https.host ?? everywhere, port: https.port, certificate: certificateOf(given, https) },
    dataFolder,
    locatingFlags: [],
    shownSettings: [],
    beginNew: false,
    workers: workersOf(given),
    database:
      database.url === undefined
        ? {
            kind: 'sqlite',
            file: resolve(database.file ?? join(dataFolder, 'berth.db')),
            copyBeforeMigration: database.copy_before_migration,
            acquireTimeoutMs: database.acquire_timeout,
          }
        : {
            kind: 'postgres',
            url: database.url,
            maxConnections: database.max_connections,
            acquireTimeoutMs: database.acquire_timeout,
          },
    storage: storageOf(given, dataFolder),
    outerKey: outerKeyOf(given, dataFolder),
    initialAdminPassword: given.admin_password,
    requireAdminPassword: given.require_admin_password,
    defaultProject: given.default_project ?? undefined,
    open: given.open,
    readOnly: given.read_only,
    deleteEnabled: given.delete_enabled,
    token: {
      lifetimeSeconds: Math.round(given.token.lifetime / 1000),
      service: given.token.service,
      issuer: given.token.issuer,
    },
    uploads: {
      expireAfterMs: given.uploads.expire_after,
      expiryIntervalMs: given.uploads.purge_interval,
      maxPerActor: given.uploads.max_per_actor,
    },
    garbageCollection: {
      intervalMs: given.garbage_collection.interval,
      leaseMs: given.garbage_collection.lease,
      graceMs: given.garbage_collection.grace,
      lingerMs: given.garbage_collection.linger,
    },
    trash: { windowMs: given.trash.window },
    backup: backupOf(given),
    events: {
      keepMs: given.events.keep,
      replayMs: given.events.replay,
      maxAgeMs: given.events.max_age,
      maxEvents: given.events.max_events,
    },
    jobs: { concurrency: given.jobs.concurrency, keepMs: given.jobs.keep, leaseMs: given.jobs.lease },
    limits: { manifestBytes: given.limits.manifest, uploadBytes: given.limits.upload },
    log: {
      level: given.log.level,
      format: given.log.format,
      requests: given.log.requests,
      slowRequestMs: given.log.slow_request,
    },
    metrics: {
      enabled: metrics.enabled,
      path: metrics.path,
      listen: metrics.port === undefined ? undefined : { host: metrics.host ?? '127.0.0.1', port: metrics.port },
      token: metrics.token,
    },
    audit: auditOf(given),
    outbound: {
      allowLocal: given.outbound.allow_local,
      tokenHosts: given.outbound.token_hosts,
      privateIssuers: given.outbound.private_issuers,
    },
    trustedProxies: given.trusted_proxies,
    drainDelayMs: given.drain_delay,
    drainTimeoutMs: given.drain_timeout,
  }
}

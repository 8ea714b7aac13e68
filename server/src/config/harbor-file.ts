import { translateS3, warnRest, type Give } from './harbor-storage.ts'
import { settingGroups, suggestSetting } from './setting-paths.ts'
import { find, isTree, place, take, textOf, type Tree } from './setting-tree.ts'

/**
 * Harbor's own configuration file, harbor.yml, read as it is. A key with a meaning here becomes our setting. A key
 * without one is named in a warning, so that its owner does not believe it is in force.
 */

export interface HarborTranslation {
  /** The same file in our own words. Keys that nobody knows are left for the schema to judge, unless the file is Harbor's. */
  readonly raw: Tree
  /** Whether a key of it is Harbor's alone. */
  readonly isHarbors: boolean
  readonly warnings: readonly string[]
  /** Our path → Harbor's key that gave it, for messages. */
  readonly origins: ReadonlyMap<string, string>
}

/** Harbor's path → ours, where the meaning is the same. */
const moved: Record<string, string> = {
  harbor_admin_password: 'admin_password',
  data_volume: 'data_folder',
  'storage_service.filesystem.rootdirectory': 'storage.folder',
  'storage_driver.filesystem.rootdirectory': 'storage.folder',
  'storage_service.ca_bundle': 's3.ca_file',
  'metric.enabled': 'metrics.enabled',
  'metric.port': 'metrics.port',
  'metric.path': 'metrics.path',
  'upload_purging.age': 'uploads.expire_after',
  'upload_purging.interval': 'uploads.purge_interval',
}

/** Harbor's keys without a meaning here, with the reason. A key stands for everything below it. */
const ignored: Record<string, string> = {
  'http.relativeurls': 'Location headers name the host only where a client needs it',
  'http.relative_url': 'Location headers name the host only where a client needs it',
  'https.strong_ssl_ciphers': 'only modern TLS ciphers are offered anyway',
  internal_tls: 'Berth is one process and has no internal connections',
  'storage_service.filesystem': 'only rootdirectory is used',
  'storage_driver.filesystem': 'only rootdirectory is used',
  chart: 'charts are kept as OCI artifacts, without ChartMuseum',
  chartmuseum: 'charts are kept as OCI artifacts, without ChartMuseum',
  notary: 'signatures are kept as OCI artifacts (Cosign, Notation), without Notary',
  clair: 'scanning is not part of this version',
  trivy: 'scanning is not part of this version',
  jobservice: 'background work runs inside the server process',
  notification: 'webhooks are not part of this version',
  // Harbor 1.8 had the three of log.local here.
  'log.rotate_count': 'logs go to standard error: let systemd, Docker or Kubernetes keep and rotate them',
  'log.rotate_size': 'logs go to standard error: let systemd, Docker or Kubernetes keep and rotate them',
  'log.location': 'logs go to standard error: let systemd, Docker or Kubernetes keep and rotate them',
  'log.local': 'logs go to standard error: let systemd, Docker or Kubernetes keep and rotate them',
  'log.external_endpoint': 'logs go to standard error: forward them from there',
  redis: 'Berth needs no Redis',
  external_redis: 'Berth needs no Redis',
  uaa: 'UAA sign-in is not supported',
  proxy: 'calls to directories, OIDC providers and buckets use no proxy in this version',
  trace: 'tracing is not part of this version',
  'upload_purging.enabled': 'expired uploads are always deleted',
  'upload_purging.dryrun': 'expired uploads are always deleted',
  cache: 'Berth has no cache layer to switch on',
  core: 'quota updates need no provider here',
  network: 'addresses that administrators enter are guarded by outbound.allow_local',
  ip_family: 'set http.host or https.host to the address to listen on (:: for IPv6)',
}

/** Keys that ask for nothing when they say this. */
const harmless: Record<string, readonly unknown[]> = {
  'upload_purging.enabled': [true],
  'upload_purging.dryrun': [false],
}

/** Sections in which Harbor's keys stand beside ours, and those that are wholly Harbor's. */
const harborSections = ['storage_service', 'storage_driver', 'metric', 'upload_purging']

const maxConnections = 100

/** Translates what is Harbor's in `file`, which is not changed. */
export function translateHarborFile(file: Tree): HarborTranslation {
  const raw = structuredClone(file)
  const warnings: string[] = []
  const origins = new Map<string, string>()

  const isHarbors = hasHarborKey(file)

  const give: Give = (ours, value, harbors) => {
    if (find(raw, ours) !== undefined) {
      warnings.push(`${harbors} is not used, because ${ours} says the same here`)
      return
    }
    place(raw, ours, value)
    origins.set(ours, harbors)
  }

  take(raw, '_version')
  for (const [harbors, ours] of Object.entries(moved)) {
    const value = take(raw, harbors)
    if (value !== undefined) give(ours, value, harbors)
  }
  // Where Harbor serves metrics, it does so on every address.
  if (origins.has('metrics.port')) give('metrics.host', '0.0.0.0', 'metric.port')
  translateLogLevel(raw, warnings)
  translateDatabase(raw, give, warnings)
  for (const section of ['storage_service', 'storage_driver']) translateS3(raw, section, give, warnings)
  for (const [harbors, reason] of Object.entries(ignored)) {
    const value = take(raw, harbors)
    if (value !== undefined && value !== null && !harmless[harbors]?.includes(value)) {
      warnings.push(`${harbors} is not used: ${reason}`)
    }
  }
  for (const section of harborSections) warnRest(raw, section, warnings)
  if (isHarbors) warnUnknown(raw, warnings)
  return { raw, isHarbors, warnings, origins }
}

const databaseKeys = ['password', 'max_idle_conns', 'max_open_conns', 'conn_max_lifetime', 'conn_max_idle_time']

/** Whether a key of the file is known to Harbor and not to us: it was written for Harbor then. */
function hasHarborKey(file: Tree): boolean {
  const alone = ['_version', 'external_database', ...harborSections, ...Object.keys(moved), ...Object.keys(ignored)]
  return [...alone, ...databaseKeys.map((key) => `database.${key}`)].some((path) => find(file, path) !== undefined)
}

/** Sections that Harbor has, too. What stands below one that is ours alone was written for us. */
const sharedSections = ['http', 'https', 'log', 'database']

/** Harbor reads past keys that it does not know, so its files have some: each is named, and removed. */
function warnUnknown(raw: Tree, warnings: string[]): void {
  const drop = (path: string): void => {
    take(raw, path)
    warnings.push(`${path} is not used: there is no such setting${suggestSetting(path)}`)
  }
  const [alone, ...sections] = settingGroups
  const ours = [...sections.map(({ name }) => name), ...(alone?.settings ?? []).map(({ path }) => path)]
  for (const key of Object.keys(raw)) if (!ours.includes(key)) drop(key)
  for (const { name, settings } of sections.filter((section) => sharedSections.includes(section.name))) {
    const section = raw[name]
    if (!isTree(section)) continue
    for (const key of Object.keys(section)) {
      if (!settings.some(({ path }) => path === `${name}.${key}`)) drop(`${name}.${key}`)
    }
  }
}

const logLevels: Record<string, string> = { warning: 'warn', fatal: 'error' }

function translateLogLevel(raw: Tree, warnings: string[]): void {
  const given = find(raw, 'log.level')
  if (typeof given !== 'string') return
  const level = given.trim().toLowerCase()
  place(raw, 'log.level', logLevels[level] ?? level)
  if (level === 'fatal') warnings.push('log.level fatal is taken as error, the least that Berth can say')
}

function translateDatabase(raw: Tree, give: Give, warnings: string[]): void {
  const found = databaseKeys.filter((key) => take(raw, `database.${key}`) !== undefined).map((key) => `database.${key}`)
  const external = take(raw, 'external_database.harbor')
  if (found.length > 0) {
    const instead =
      external === undefined ? 'metadata lies in a SQLite file in the data folder' : 'external_database.harbor is'
    warnings.push(`${found.join(', ')}: not used, Berth brings no PostgreSQL of its own; ${instead}`)
  }
  if (isTree(external)) {
    give('database.url', postgresUrlOf(external), 'external_database.harbor')
    const most = Number(external['max_open_conns'])
    if (Number.isInteger(most) && most > 1) {
      give('database.max_connections', Math.min(most, maxConnections), 'external_database.harbor.max_open_conns')
      if (most > maxConnections) {
        warnings.push(
          `external_database.harbor.max_open_conns ${most} is taken as ${maxConnections}: one process needs no more`,
        )
      }
    }
    if (external['max_idle_conns'] !== undefined) {
      warnings.push('external_database.harbor.max_idle_conns is not used: idle connections close by themselves')
    }
  }
  warnRest(raw, 'external_database', warnings)
}

/** An empty host or port gives a text that is no URL, which the schema then refuses. */
function postgresUrlOf(external: Tree): string {
  const part = (key: string, fallback: string) => encodeURIComponent(textOf(external[key], fallback))
  const host = textOf(external['host'], 'localhost')
  const port = textOf(external['port'], '5432')
  const address = `postgres://${host.includes(':') ? `[${host}]` : host}:${port}`
  if (!/^[\w.:-]+$/.test(host) || !/^\d+$/.test(port) || !URL.canParse(address)) return `no address: ${host} ${port}`
  const url = new URL(address)
  url.username = part('username', 'postgres')
  url.password = part('password', '')
  url.pathname = `/${part('db_name', 'registry')}`
  const mode = textOf(external['ssl_mode'], 'disable')
  url.searchParams.set('sslmode', mode)
  // Harbor's driver gives these words libpq's meaning: `require` encrypts without verifying.
  if (mode !== 'disable') url.searchParams.set('uselibpqcompat', 'true')
  return url.href
}

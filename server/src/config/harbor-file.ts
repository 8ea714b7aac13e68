/**
 * Harbor's own configuration file, harbor.yml, read as it is. A key with a meaning here becomes our setting. A key
 * without one is named in a warning, so that its owner does not believe it is in force.
 */

type Tree = Record<string, unknown>

export interface HarborTranslation {
  /** The same file in our own words; keys that are not Harbor's are left for the schema to judge. */
  readonly raw: Tree
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
  'https.strong_ssl_ciphers': 'only modern TLS ciphers are offered anyway',
  internal_tls: 'Berth is one process and has no internal connections',
  'storage_service.filesystem': 'only rootdirectory is used',
  'storage_driver.filesystem': 'only rootdirectory is used',
  trivy: 'scanning is not part of this version',
  jobservice: 'background work runs inside the server process',
  notification: 'webhooks are not part of this version',
  'log.local': 'logs go to standard error: let systemd, Docker or Kubernetes keep and rotate them',
  'log.external_endpoint': 'logs go to standard error: forward them from there',
  redis: 'Berth needs no Redis',
  external_redis: 'Berth needs no Redis',
  uaa: 'UAA sign-in is not supported',
  proxy: 'Berth calls no other server in this version',
  trace: 'tracing is not part of this version',
  'upload_purging.enabled': 'expired uploads are always purged',
  'upload_purging.dryrun': 'expired uploads are always purged',
  cache: 'Berth has no cache layer to switch on',
  core: 'quota updates need no provider here',
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

  const give = (ours: string, value: unknown, harbors: string): void => {
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
  return { raw, warnings, origins }
}

const logLevels: Record<string, string> = { warning: 'warn', fatal: 'error' }

function translateLogLevel(raw: Tree, warnings: string[]): void {
  const level = find(raw, 'log.level')
  const ours = typeof level === 'string' ? logLevels[level] : undefined
  if (ours === undefined) return
  place(raw, 'log.level', ours)
  if (level === 'fatal') warnings.push('log.level fatal is taken as error, the least that Berth can say')
}

/** Keys of Distribution's S3 driver → ours. */
const s3Keys: Record<string, string> = {
  accesskey: 'access_key',
  secretkey: 'secret_key',
  region: 'region',
  bucket: 'bucket',
  forcepathstyle: 'path_style',
  keyid: 'kms_key',
}
/** Keys that hold here anyway, or that concern Harbor's driver alone. */
const s3Harmless = [
  'v4auth',
  'chunksize',
  'multipartcopychunksize',
  'multipartcopymaxconcurrency',
  'loglevel',
  'secure',
]

function translateS3(
  raw: Tree,
  section: string,
  give: (ours: string, value: unknown, harbors: string) => void,
  warnings: string[],
): void {
  const driver = take(raw, `${section}.s3`)
  const redirect = take(raw, `${section}.redirect`)
  if (!isTree(driver)) {
    if (isTree(redirect) && redirect['disable'] === false) {
      warnings.push(`${section}.redirect is not used: only object storage can be redirected to`)
    }
    return
  }
  const from = (key: string) => `${section}.s3.${key}`
  for (const [harbors, ours] of Object.entries(s3Keys)) {
    if (driver[harbors] !== undefined && driver[harbors] !== null) give(`s3.${ours}`, driver[harbors], from(harbors))
  }
  const { regionendpoint: endpoint, rootdirectory: root, encrypt } = driver
  if (typeof endpoint === 'string' && endpoint !== '') {
    const scheme = driver['secure'] === false ? 'http' : 'https'
    give('s3.endpoint', endpoint.includes('://') ? endpoint : `${scheme}://${endpoint}`, from('regionendpoint'))
  }
  const prefix = typeof root === 'string' ? root.replace(/^\/+|\/+$/g, '') : ''
  if (prefix !== '') give('s3.prefix', prefix, from('rootdirectory'))
  if (encrypt === true) give('s3.encryption', driver['keyid'] === undefined ? 'AES256' : 'aws:kms', from('encrypt'))
  // Harbor redirects unless it is told not to.
  give('s3.redirect', !(isTree(redirect) && redirect['disable'] === true), `${section}.redirect`)
  const known = [...Object.keys(s3Keys), ...s3Harmless, 'regionendpoint', 'rootdirectory', 'encrypt']
  for (const key of Object.keys(driver)) {
    if (!known.includes(key)) warnings.push(`${from(key)} is not used: it has no meaning here`)
  }
  warnings.push(
    `${section}.s3: blobs that Harbor keeps in this bucket are not seen until they are pushed again; Berth keeps its own beside them`,
  )
}

function translateDatabase(
  raw: Tree,
  give: (ours: string, value: unknown, harbors: string) => void,
  warnings: string[],
): void {
  const internal = ['password', 'max_idle_conns', 'max_open_conns', 'conn_max_lifetime', 'conn_max_idle_time']
  const found = internal.filter((key) => take(raw, `database.${key}`) !== undefined).map((key) => `database.${key}`)
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

const textOf = (value: unknown, fallback: string): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : fallback

/** Names the rest of a section that is wholly Harbor's, and removes the section. */
function warnRest(raw: Tree, section: string, warnings: string[]): void {
  const rest = take(raw, section)
  if (rest === undefined || rest === null) return
  if (!isTree(rest)) {
    if (rest !== 'filesystem' && rest !== 's3')
      warnings.push(`${section} is not used: blobs are kept in a folder or in S3`)
    return
  }
  for (const [key, value] of Object.entries(rest)) {
    if (isTree(value) && Object.keys(value).length === 0) continue
    const storage = section.startsWith('storage')
    if (storage && key === 'name' && (value === 'filesystem' || value === 's3')) continue
    const reason = storage
      ? 'blobs are kept in a folder (storage.folder) or in S3 (s3.bucket)'
      : 'it has no meaning here'
    warnings.push(`${section}.${key} is not used: ${reason}`)
  }
}

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value)

function find(tree: Tree, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (isTree(value) ? value[key] : undefined), tree)
}

/** Sets a value in the tree, making the sections on its way. */
export function place(tree: Tree, path: string, value: unknown): void {
  const keys = path.split('.')
  const last = keys.pop() ?? path
  let section = tree
  for (const key of keys) {
    const next = section[key]
    section = isTree(next) ? next : ((section[key] = {}) as Tree)
  }
  section[last] = value
}

/** Removes a value from the tree, with sections that are empty then, and returns it. */
function take(tree: Tree, path: string): unknown {
  const [key = '', ...rest] = path.split('.')
  if (rest.length === 0) {
    const value = tree[key]
    delete tree[key]
    return value
  }
  const section = tree[key]
  if (!isTree(section)) return undefined
  const value = take(section, rest.join('.'))
  if (value !== undefined && Object.keys(section).length === 0) delete tree[key]
  return value
}

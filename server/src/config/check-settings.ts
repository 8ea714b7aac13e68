import type { ConfigProblem } from './config-error.ts'
import { s3ProviderOf } from './s3-providers.ts'
import type { Settings } from './settings.ts'

/** Checks across settings: pairs that contradict each other. */
export function checkSettings(given: Settings): { problems: ConfigProblem[]; warnings: string[] } {
  const problems: ConfigProblem[] = []
  const warnings: string[] = []
  const contradiction = (setting: string, message: string) =>
    problems.push({ code: 'SETTINGS_CONTRADICT', setting, message })
  const { http, https, database, metrics } = given

  checkHttps(https, contradiction)
  if (https?.issuer === 'acme') checkAcme(given, contradiction)
  if (database.url !== undefined && database.file !== undefined) {
    contradiction('database', 'both url (PostgreSQL) and file (SQLite) are set: keep the one that holds your data')
  }
  const { s3, storage } = given
  if (s3.bucket !== undefined && storage.folder !== undefined) {
    contradiction('storage.folder', 'both a folder and s3.bucket are set: keep the one that holds your blobs')
  }
  checkS3(s3, contradiction)
  if (s3.redirect && given.garbage_collection.linger < 180_000) {
    contradiction(
      'garbage_collection.linger',
      'must be 3m at least with s3.redirect: signed URLs lead to bytes for two minutes',
    )
  }
  const { audit, backup } = given
  if (backup.schedule !== undefined && backup.to === undefined)
    contradiction('backup.to', 'a schedule needs a place: set backup.to, or take backup.schedule away')
  if ((audit.elasticsearch_username === undefined) !== (audit.elasticsearch_password === undefined)) {
    const missing = audit.elasticsearch_username === undefined ? 'username' : 'password'
    contradiction(`audit.elasticsearch_${missing}`, 'username and password belong together: set both, or none')
  }
  if (audit.elasticsearch_username !== undefined && audit.elasticsearch_api_key !== undefined)
    contradiction('audit.elasticsearch_api_key', 'the way in is named twice: keep the API key, or the user')
  if (audit.keep_at_least !== undefined && given.events.keep < audit.keep_at_least)
    contradiction('events.keep', 'must not be less than audit.keep_at_least: records would go before their time')
  const outerKeys = (['key_file', 'key', 'key_command'] as const).filter((way) => given.secrets[way] !== undefined)
  if (outerKeys.length > 1)
    contradiction('secrets', `the outer key is named in two ways: keep one of ${outerKeys.join(', ')}`)
  if ((backup.access_key === undefined) !== (backup.secret_key === undefined)) {
    const missing = backup.access_key === undefined ? 'access_key' : 'secret_key'
    contradiction(`backup.${missing}`, 'access_key and secret_key belong together: set both, or none')
  }
  if (given.open && !given.force_open) {
    for (const [setting, host] of [
      ['http.host', http?.host],
      ['https.host', https?.host],
    ] as const) {
      if (host === undefined || isLoopback(host)) continue
      const message = `open mode has no accounts, and ${host} may be reached from other machines: use 127.0.0.1, or set force_open if you mean it`
      problems.push({ code: 'OPEN_NOT_LOOPBACK', setting, message })
    }
  }
  if (given.force_open && !given.open) warnings.push('force_open does nothing without open')
  if (given.open && given.force_open) {
    warnings.push(
      'open mode is reachable from other machines: whoever reaches the port may change and delete everything',
    )
  }

  const servesHttp = https === undefined || !isFromFiles(https)
  const httpPort = http?.port ?? (servesHttp ? 8080 : undefined)
  if (https !== undefined && httpPort === https.port) {
    contradiction('https.port', `http and https cannot share port ${https.port}: give one of them another`)
  }
  if (metrics.enabled && metrics.port !== undefined && [httpPort, https?.port].includes(metrics.port)) {
    contradiction(
      'metrics.port',
      `port ${metrics.port} already serves clients: choose another, or leave metrics.port out`,
    )
  }
  if (metrics.host !== undefined && metrics.port === undefined) {
    contradiction(
      'metrics.host',
      'needs metrics.port: without a port of their own, metrics are served where clients are',
    )
  }
  if (given.external_url?.startsWith('http://') === true && https !== undefined) {
    warnings.push(
      'external_url begins with http:// although https is set: clients will be sent to the unencrypted address',
    )
  }
  if (given.limits.upload > 0 && given.limits.upload < given.limits.manifest) {
    contradiction('limits.upload', 'is smaller than limits.manifest: almost nothing could be pushed; 0 means no limit')
  }
  return { problems, warnings }
}

function checkHttps(https: Settings['https'], contradiction: (setting: string, message: string) => void): void {
  if (https === undefined) return
  const { issuer, certificate, private_key: key } = https
  if (issuer !== undefined && issuer !== 'files') {
    if (certificate !== undefined || key !== undefined)
      contradiction('https.issuer', `${issuer} gets the certificate by itself: take certificate and private_key away`)
    return
  }
  if (certificate !== undefined && key !== undefined) return
  contradiction(
    `https.${certificate === undefined ? 'certificate' : 'private_key'}`,
    'HTTPS needs both a certificate and a private_key: name the two PEM files, set https.issuer to authority, or remove https',
  )
}

function checkAcme(
  { https, acme, hostname, external_url: externalUrl }: Settings,
  contradiction: (setting: string, message: string) => void,
): void {
  if (https?.names.length === 0 && hostname === undefined && externalUrl === undefined)
    contradiction('https.names', 'a service gives certificates for names: set https.names, hostname or external_url')
  if (acme.staging && acme.directory !== undefined)
    contradiction('acme.staging', 'is of Let’s Encrypt, and acme.directory names another service: keep one of them')
  if (acme.challenge === 'dns-01' && acme.dns_command === undefined)
    contradiction('acme.dns_command', 'dns-01 needs a program that sets the record: name it, or use http-01')
  if (acme.challenge === 'http-01' && https?.names.some((name) => name.startsWith('*')) === true)
    contradiction('acme.challenge', 'a name with * is proven by dns-01 only')
  if ((acme.key_id === undefined) !== (acme.hmac_key === undefined))
    contradiction('acme.key_id', 'key_id and hmac_key belong together: set both, or none')
}

function checkS3(s3: Settings['s3'], contradiction: (setting: string, message: string) => void): void {
  if ((s3.access_key === undefined) !== (s3.secret_key === undefined)) {
    const missing = s3.access_key === undefined ? 'access_key' : 'secret_key'
    contradiction(`s3.${missing}`, 'access_key and secret_key belong together: set both, or none to use AWS’s own ways')
  }
  if ((s3.role_arn === undefined) !== (s3.web_identity_token_file === undefined)) {
    const missing = s3.role_arn === undefined ? 'role_arn' : 'web_identity_token_file'
    contradiction(`s3.${missing}`, 'role_arn and web_identity_token_file belong together: set both, or none')
  }
  const ways = [s3.access_key, s3.credentials_file, s3.role_arn].filter((way) => way !== undefined)
  if (ways.length > 1) {
    contradiction('s3', 'keys are named in two ways: keep one of access_key, credentials_file and role_arn')
  }
  if (s3.bucket === undefined && (s3.endpoint !== undefined || ways.length > 0)) {
    contradiction('s3.bucket', 'is missing: without a bucket nothing of s3 is used')
  }
  if (s3.provider === undefined || s3.bucket === undefined) return
  const provider = s3ProviderOf(s3.provider)
  if (s3.endpoint === undefined && provider.needsEndpoint) {
    contradiction('s3.endpoint', `is missing: where ${s3.provider} is reached, nobody but you knows`)
  }
  if (s3.encryption !== 'none' && !provider.capabilities.encryption.includes(s3.encryption)) {
    contradiction(
      's3.encryption',
      `${s3.provider} takes no request for ${s3.encryption}: leave it out, and set encryption on the bucket`,
    )
  }
}

/** Otherwise plain HTTP is needed beside it: clients come there for the root that they do not know yet. */
export const isFromFiles = ({ issuer }: NonNullable<Settings['https']>): boolean =>
  issuer === undefined || issuer === 'files'

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)

import { budgets, parseForeignJson } from '#contract/budget.ts'
import { parseExpression } from './expression.ts'
import { isLdapUrl, LdapFailure } from '../../clients/ldap-names.ts'
import { refusalOfCertificates } from '../../runtime/pem.ts'

/**
 * A setting that an administrator may change at run time, with Harbor's name and default. `implemented`: this version
 * obeys it. `unbuilt`: it promises something that this version does not do, and only the value that stands for "off" is
 * accepted.
 */
export interface SettingKey {
  readonly default: string | number | boolean
  readonly implemented?: true
  /**
   * The sentence for somebody who switches on what this version does not do. The value that stands, and the default, can
   * be said again: tools write back everything they have read.
   */
  readonly unbuilt?: string
  readonly secret?: true
  /** A sentence for the person who sets a value that cannot be; undefined when the value is good. */
  readonly refuse?: (value: string | number | boolean) => string | undefined | Promise<string | undefined>
}

const oneOf =
  (...allowed: readonly string[]) =>
  (value: unknown): string | undefined =>
    allowed.includes(String(value)) ? undefined : `should be one of ${allowed.join(', ')}`

const between =
  (least: number, max: number) =>
  (value: unknown): string | undefined =>
    Number(value) >= least && Number(value) <= max ? undefined : `should be from ${least} to ${max}`

const noUaa = 'cannot be set: this version has no UAA; people come from a directory or an OIDC provider'
const noProxyAuth =
  'cannot be set: this version has no authentication proxy; people come from a directory or an OIDC provider'

export const settingKeys = {
  read_only: { default: false, implemented: true },
  // Minutes.
  token_expiration: { default: 30, implemented: true, refuse: between(1, 10_080) },
  project_creation_restriction: { default: 'everyone', implemented: true, refuse: oneOf('everyone', 'adminonly') },
  self_registration: { default: false, implemented: true },
  session_timeout: { default: 60, implemented: true, refuse: between(1, 525_600) },
  // Beyond Harbor: what is asked of passwords, of 0: nothing more.
  password_min_length: { default: 8, implemented: true, refuse: between(8, 128) },
  password_history: { default: 0, implemented: true, refuse: between(0, 24) },
  password_max_age_days: { default: 0, implemented: true, refuse: between(0, 3_650) },
  // Beyond Harbor: browsers in which somebody is signed in at once. 0: any number.
  sessions_per_user: { default: 0, implemented: true, refuse: between(0, 1_000) },
  // Beyond Harbor: whom the registry asks for a code beside the password.
  second_factor_required: { default: 'off', implemented: true, refuse: oneOf('off', 'administrators', 'everyone') },
  banner_message: { default: '', implemented: true },
  robot_token_duration: { default: 30, implemented: true, refuse: between(1, 36_500) },
  robot_name_prefix: { default: 'robot$', implemented: true, refuse: prefixOfRobots },

  auth_mode: { default: 'db_auth', implemented: true, refuse: oneOf('db_auth', 'ldap_auth', 'oidc_auth') },
  primary_auth_mode: { default: false, implemented: true },
  notification_enable: { default: true, implemented: true },
  quota_per_project_enable: { default: true, implemented: true },
  storage_per_project: { default: -1, implemented: true, refuse: limitOfStorage },
  audit_log_forward_endpoint: { default: '', implemented: true },
  skip_audit_log_database: { default: false, implemented: true },
  disabled_audit_log_event_types: { default: '', implemented: true },
  // Beyond Harbor, which writes one row for every pull. Here a pull costs a write only when this is on.
  audit_log_pull_events: { default: false, implemented: true },
  // Beyond Harbor: vulnerability data that is older is not relied on. 0: data of any age is.
  scan_data_max_age_days: { default: 0, implemented: true, refuse: between(0, 3_650) },
  // Harbor's default is false: there every scan counts as a pull, and keeps what nobody uses from retention.
  scanner_skip_update_pulltime: { default: true, implemented: true },
  ldap_base_dn: { default: '', implemented: true },
  ldap_filter: { default: '', implemented: true, refuse: filterOfDirectory },
  ldap_group_admin_dn: { default: '', implemented: true },
  ldap_group_attach_parallel: { default: false },
  ldap_group_attribute_name: { default: '', implemented: true },
  ldap_group_base_dn: { default: '', implemented: true },
  ldap_group_membership_attribute: { default: 'memberof', implemented: true },
  ldap_group_search_filter: { default: '', implemented: true, refuse: filterOfDirectory },
  ldap_group_search_scope: { default: 2, implemented: true, refuse: between(0, 2) },
  ldap_scope: { default: 2, implemented: true, refuse: between(0, 2) },
  ldap_search_dn: { default: '', implemented: true },
  ldap_search_password: { default: '', implemented: true, secret: true },
  ldap_timeout: { default: 5, implemented: true, refuse: between(1, 60) },
  ldap_uid: { default: 'cn', implemented: true },
  ldap_url: { default: '', implemented: true, refuse: addressOfDirectory },
  ldap_verify_cert: { default: true, implemented: true },
  // Beyond Harbor: TLS on the plain port (RFC 4511 §4.14), and the authority (PEM) that signed the directory's certificate.
  ldap_start_tls: { default: false, implemented: true },
  ldap_ca_certificate: { default: '', implemented: true, refuse: certificates },
  oidc_admin_group: { default: '', implemented: true },
  oidc_auto_onboard: { default: false, implemented: true },
  oidc_client_id: { default: '', implemented: true },
  oidc_client_secret: { default: '', implemented: true, secret: true },
  oidc_endpoint: { default: '', implemented: true, refuse: httpAddress },
  oidc_extra_redirect_parms: { default: '{}', implemented: true, refuse: jsonObject },
  oidc_group_filter: { default: '', implemented: true, refuse: expression },
  oidc_groups_claim: { default: '', implemented: true },
  oidc_logout: { default: false, implemented: true },
  oidc_name: { default: '', implemented: true },
  oidc_scope: { default: '', implemented: true },
  oidc_user_claim: { default: '', implemented: true },
  oidc_verify_cert: { default: true, implemented: true },
  uaa_client_id: { default: '', unbuilt: noUaa },
  uaa_client_secret: { default: '', secret: true, unbuilt: noUaa },
  uaa_endpoint: { default: '', unbuilt: noUaa },
  uaa_verify_cert: { default: false, unbuilt: noUaa },
  http_authproxy_admin_groups: { default: '', unbuilt: noProxyAuth },
  http_authproxy_admin_usernames: { default: '', unbuilt: noProxyAuth },
  http_authproxy_endpoint: { default: '', unbuilt: noProxyAuth },
  http_authproxy_server_certificate: { default: '', unbuilt: noProxyAuth },
  http_authproxy_skip_search: { default: false, unbuilt: noProxyAuth },
  http_authproxy_tokenreview_endpoint: { default: '', unbuilt: noProxyAuth },
  http_authproxy_verify_cert: { default: true, unbuilt: noProxyAuth },
} satisfies Readonly<Record<string, SettingKey>>

export type SettingName = keyof typeof settingKeys

type Widened<Value> = Value extends boolean ? boolean : Value extends number ? number : string

export type SettingValues = { readonly [Name in SettingName]: Widened<(typeof settingKeys)[Name]['default']> }

export const settingNames = Object.keys(settingKeys) as readonly SettingName[]

const known: ReadonlySet<string> = new Set(settingNames)

export const isSettingName = (name: string): name is SettingName => known.has(name)

/**
 * What Harbor tells, or told in an earlier version, beside the settings that are here. Tools that write back all they
 * have read, and configurations of Terraform from that time, name them.
 */
export const passedOverNames: ReadonlySet<string> = new Set([
  'scan_all_policy',
  'count_per_project',
  'http_authproxy_case_sensitive',
  'verify_remote_cert',
  ...['from', 'host', 'identity', 'insecure', 'password', 'port', 'ssl', 'username'].map((part) => `email_${part}`),
])

export const settingKeyOf = (name: SettingName): SettingKey => settingKeys[name]

function addressOfDirectory(value: unknown): string | undefined {
  const isAddress = value === '' || isLdapUrl(String(value))
  return isAddress ? undefined : `should look like ldaps://directory.example.org, not ${String(value).slice(0, 200)}`
}

async function filterOfDirectory(value: unknown): Promise<string | undefined> {
  if (value === '') return undefined
  // Loaded when a directory is configured.
  const { parseFilter } = await import('../../clients/ldap-filter.ts')
  try {
    parseFilter(String(value))
    return undefined
  } catch (error) {
    if (error instanceof LdapFailure) return `should be an LDAP filter such as (objectClass=person): ${error.message}`
    throw error
  }
}

function certificates(value: unknown): string | undefined {
  return value === '' ? undefined : refusalOfCertificates(String(value))
}

function limitOfStorage(value: unknown): string | undefined {
  return Number(value) === -1 || Number(value) > 0 ? undefined : 'should be a number of bytes above 0, or -1 for none'
}

function jsonObject(value: unknown): string | undefined {
  try {
    const parsed: unknown = value === '' ? {} : parseForeignJson(String(value), budgets.fragment)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return undefined
  } catch {
    // Not JSON at all: the same sentence.
  }
  return 'should be a JSON object such as {"prompt":"login"}'
}

function expression(value: unknown): string | undefined {
  try {
    parseExpression(String(value))
    return undefined
  } catch (error) {
    return `should be a regular expression: ${(error as Error).message}`
  }
}

function httpAddress(value: unknown): string | undefined {
  const text = String(value)
  if (text === '' || (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol))) return undefined
  return 'should look like https://login.example.org/realms/company'
}

/** A prefix that no username can begin with would be safest; Harbor allows any that are not empty. */
function prefixOfRobots(value: unknown): string | undefined {
  return /^[^\s:,"~#%/\\]{1,32}$/.test(String(value))
    ? undefined
    : 'should be 1 to 32 characters without spaces and : , " ~ # % / \\'
}

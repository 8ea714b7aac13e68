/**
 * What an administrator may change at run time, with Harbor's names and defaults. `acts`: this version does
 * something with it. The others are kept and given back, so that a tool that writes Harbor's configuration finds what
 * it wrote; secrets among them are not kept before something needs them.
 */
export interface SettingKey {
  readonly default: string | number | boolean
  readonly acts?: true
  readonly secret?: true
  /** A sentence for who set something that cannot be; undefined when the value is good. */
  readonly refuse?: (value: string | number | boolean) => string | undefined
}

const oneOf =
  (...allowed: readonly string[]) =>
  (value: unknown): string | undefined =>
    allowed.includes(String(value)) ? undefined : `should be one of ${allowed.join(', ')}`

const between =
  (least: number, most: number) =>
  (value: unknown): string | undefined =>
    Number(value) >= least && Number(value) <= most ? undefined : `should be from ${least} to ${most}`

export const settingKeys = {
  project_creation_restriction: { default: 'everyone', acts: true, refuse: oneOf('everyone', 'adminonly') },
  self_registration: { default: false, acts: true },
  session_timeout: { default: 60, acts: true, refuse: between(1, 525_600) },
  banner_message: { default: '', acts: true },
  robot_token_duration: { default: 30, acts: true, refuse: between(1, 36_500) },
  robot_name_prefix: { default: 'robot$', acts: true, refuse: prefixOfRobots },

  primary_auth_mode: { default: false },
  notification_enable: { default: true },
  quota_per_project_enable: { default: true },
  storage_per_project: { default: -1 },
  audit_log_forward_endpoint: { default: '' },
  skip_audit_log_database: { default: false },
  disabled_audit_log_event_types: { default: '', acts: true },
  // Beyond Harbor, which writes one row for every pull: here a pull costs no write unless somebody asks for it.
  audit_log_pull_events: { default: false, acts: true },
  scanner_skip_update_pulltime: { default: false },
  ldap_base_dn: { default: '' },
  ldap_filter: { default: '' },
  ldap_group_admin_dn: { default: '' },
  ldap_group_attach_parallel: { default: false },
  ldap_group_attribute_name: { default: '' },
  ldap_group_base_dn: { default: '' },
  ldap_group_membership_attribute: { default: 'memberof' },
  ldap_group_search_filter: { default: '' },
  ldap_group_search_scope: { default: 2 },
  ldap_scope: { default: 2 },
  ldap_search_dn: { default: '' },
  ldap_search_password: { default: '', secret: true },
  ldap_timeout: { default: 5 },
  ldap_uid: { default: 'cn' },
  ldap_url: { default: '' },
  ldap_verify_cert: { default: true },
  oidc_admin_group: { default: '' },
  oidc_auto_onboard: { default: false },
  oidc_client_id: { default: '' },
  oidc_client_secret: { default: '', secret: true },
  oidc_endpoint: { default: '' },
  oidc_extra_redirect_parms: { default: '{}' },
  oidc_group_filter: { default: '' },
  oidc_groups_claim: { default: '' },
  oidc_logout: { default: false },
  oidc_name: { default: '' },
  oidc_scope: { default: '' },
  oidc_user_claim: { default: '' },
  oidc_verify_cert: { default: true },
  uaa_client_id: { default: '' },
  uaa_client_secret: { default: '', secret: true },
  uaa_endpoint: { default: '' },
  uaa_verify_cert: { default: false },
  http_authproxy_admin_groups: { default: '' },
  http_authproxy_admin_usernames: { default: '' },
  http_authproxy_endpoint: { default: '' },
  http_authproxy_server_certificate: { default: '' },
  http_authproxy_skip_search: { default: false },
  http_authproxy_tokenreview_endpoint: { default: '' },
  http_authproxy_verify_cert: { default: true },
} satisfies Readonly<Record<string, SettingKey>>

export type SettingName = keyof typeof settingKeys

type Widened<Value> = Value extends boolean ? boolean : Value extends number ? number : string

export type SettingValues = { readonly [Name in SettingName]: Widened<(typeof settingKeys)[Name]['default']> }

export const settingNames = Object.keys(settingKeys) as readonly SettingName[]

export const settingKeyOf = (name: SettingName): SettingKey => settingKeys[name]

/** A prefix that no username can begin with would be safest; Harbor allows any that are not empty. */
function prefixOfRobots(value: unknown): string | undefined {
  return /^[^\s:,"~#%/\\]{1,32}$/.test(String(value))
    ? undefined
    : 'should be 1 to 32 characters without spaces and : , " ~ # % / \\'
}

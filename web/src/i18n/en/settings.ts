export const settings = {
  title: 'Configuration',
  description: 'Settings that take effect while the registry runs.',
  fixed: 'set in the config file',
  fixedTitle: 'Set in the config file',
  fixedHint: 'These settings come from the config file or the environment. Change them there and restart the registry.',
  secretKept: 'Leave empty to keep the current value',
  sizeExample: 'unlimited; for example {example}',
  sizeInvalid: 'Enter a size such as {example}, or leave empty for no limit.',
  discard: 'Discard {count, plural, one {# change} other {# changes}}',
  groups: { people: 'Users', storage: 'Storage', robots: 'Robots', scanning: 'Scanning', audit: 'Audit log' },
  choices: {
    nobody: 'Nobody',
    everyone: 'Everyone',
    adminonly: 'Administrators',
    scopeBase: 'Base',
    scopeOneLevel: 'One level',
    scopeSubtree: 'Subtree',
  },
  authentication: {
    title: 'Authentication',
    description: 'How users sign in. Robots and tokens are not affected.',
    mode: 'Auth mode',
    modes: { db_auth: 'Database', ldap_auth: 'LDAP', oidc_auth: 'OIDC' },
    hints: {
      db_auth: 'Usernames and passwords are stored in this registry. Administrators create users.',
      ldap_auth:
        'A directory such as OpenLDAP or Active Directory verifies passwords. The admin account keeps its local password.',
      oidc_auth:
        'Users sign in at a provider such as Keycloak or Entra ID. With docker they use a personal token or their CLI secret.',
    },
    connection: 'Directory',
    connectionHint: 'Use ldaps:// or StartTLS. Otherwise passwords are sent in clear text.',
    people: 'Users',
    groups: 'Groups',
    groupsHint: 'Leave the base DN empty to disable groups.',
    provider: 'Provider',
    redirect: 'Redirect URI',
    redirectHint: 'Register this redirect URI with the provider:',
    test: {
      title: 'Test',
      hint: 'Tests the values in the form before they are saved.',
      run: 'Test connection',
      succeeded:
        'Connection successful. Save, then sign in with such an account in another browser before you close this one.',
      causes: {
        certificate:
          'The certificate is not trusted. Enter the CA certificate that signed it, or correct the host name in the address.',
        credentials: 'The directory refused the search account. Check its DN and password.',
        base: 'The base DN or the filter does not match the directory. Check the base DN and the brackets of the filter.',
        blocked:
          'The registry does not connect to its own host or link-local addresses. To allow it, change the named setting in the config file and restart.',
        network:
          'The registry could not reach this address. Check the host name, the port and the firewall on the registry’s host.',
        discovery:
          'No OIDC provider found at this address. Enter the issuer, without /.well-known/openid-configuration.',
        other: 'Correct the form and try again. See the registry’s log for details.',
      },
    },
  },
  fields: {
    project_creation_restriction: { label: 'Project creation', hint: '' },
    self_registration: {
      label: 'Allow self-registration',
      hint: 'Anyone who reaches the registry can create an account.',
    },
    password_min_length: {
      label: 'Minimum password length',
      hint: 'For new passwords of local accounts, beside upper case, lower case and a digit.',
    },
    password_history: { label: 'Former passwords that cannot be used again', hint: '0: any may. Up to 24.' },
    password_max_age_days: {
      label: 'Passwords expire after (days)',
      hint: '0: never. Then the console asks for a new one, and docker with the old one is refused. Personal tokens and robots are not affected.',
    },
    sessions_per_user: {
      label: 'Browsers a user can be signed in with',
      hint: '0: any number. Otherwise the oldest session ends.',
    },
    second_factor_required: {
      label: 'Require two-factor authentication',
      hint: 'Users without it set it up at their next sign-in, and their open sessions end. docker and scripts of these users need a personal token. OIDC users are not asked: their provider does it.',
    },
    session_timeout: { label: 'Session timeout (minutes)', hint: 'Counted from the last use.' },
    token_expiration: {
      label: 'Token expiration (minutes)',
      hint: 'How long docker and other clients can use a token before they ask for the next one.',
    },
    read_only: {
      label: 'Read-only',
      hint: 'Refuses pushes, deletions and new tags. Pulls go on. For maintenance and migration.',
    },
    banner_message: { label: 'Banner', hint: 'Shown on every page, even before sign-in.' },
    quota_per_project_enable: { label: 'Quotas', hint: 'Limits the storage of projects.' },
    storage_per_project: { label: 'Default quota of new projects', hint: 'Leave empty for no limit.' },
    robot_token_duration: { label: 'Robot expiration (days)', hint: 'Default for new robots.' },
    robot_name_prefix: {
      label: 'Robot name prefix',
      hint: 'The start of every robot’s username. Existing robots are renamed too.',
    },
    scan_data_max_age_days: {
      label: 'Oldest vulnerability data (days)',
      hint: 'With older data scans fail. 0: data of any age is good.',
    },
    audit_log_forward_endpoint: {
      label: 'Forward audit log to syslog',
      hint: 'host:port for TCP, tls://host:port for TLS. Empty: not forwarded.',
    },
    skip_audit_log_database: {
      label: 'Do not store audit log in the database',
      hint: 'It then exists at the syslog server only.',
    },
    notification_enable: { label: 'Send webhooks', hint: 'When off, no project sends any.' },
    scanner_skip_update_pulltime: {
      label: 'Scans are not pulls',
      hint: 'A scan leaves the time of the last pull as it is, which retention rules look at. In Harbor this is off by default.',
    },
    audit_log_pull_events: { label: 'Record pulls', hint: 'Writes to the database on every pull.' },
    disabled_audit_log_event_types: {
      label: 'Disabled event types',
      hint: 'Event types that the audit log does not show, separated by commas: create_robot, pull_artifact.',
    },
    ldap_url: { label: 'LDAP URL', hint: 'ldaps://ldap.example.com, or ldap:// with StartTLS.' },
    ldap_start_tls: { label: 'StartTLS', hint: 'Encrypts the connection on the plain port.' },
    ldap_verify_cert: { label: 'Verify certificate', hint: 'If disabled, an attacker in between can read passwords.' },
    ldap_ca_certificate: {
      label: 'CA certificate',
      hint: 'PEM. For a directory whose certificate is signed by a private CA.',
    },
    ldap_search_dn: {
      label: 'Search DN',
      hint: 'An account that can read users, such as cn=reader,dc=example,dc=com. Leave empty for anonymous access.',
    },
    ldap_search_password: { label: 'Search password', hint: '' },
    ldap_timeout: { label: 'Timeout (seconds)', hint: '' },
    ldap_base_dn: { label: 'Base DN', hint: 'Where users are searched, such as ou=people,dc=example,dc=com.' },
    ldap_filter: {
      label: 'Filter',
      hint: 'Only matching users can sign in: (objectClass=person). Leave empty for all.',
    },
    ldap_uid: { label: 'UID attribute', hint: 'uid in OpenLDAP, sAMAccountName in Active Directory.' },
    ldap_scope: { label: 'Search scope', hint: '' },
    ldap_group_base_dn: { label: 'Group base DN', hint: 'ou=groups,dc=example,dc=com' },
    ldap_group_search_filter: { label: 'Group filter', hint: '(objectClass=groupOfNames)' },
    ldap_group_attribute_name: { label: 'Group name attribute', hint: 'Usually cn.' },
    ldap_group_membership_attribute: {
      label: 'Membership attribute',
      hint: 'Lists the groups of a user, such as memberof. Leave empty if only groups list their members.',
    },
    ldap_group_search_scope: { label: 'Group search scope', hint: '' },
    ldap_group_admin_dn: {
      label: 'Admin group DN',
      hint: 'Members of this group are system administrators.',
    },
    oidc_name: { label: 'Provider name', hint: 'Shown on the sign-in button.' },
    oidc_endpoint: { label: 'Issuer URL', hint: 'https://login.example.com/realms/company' },
    oidc_client_id: { label: 'Client ID', hint: '' },
    oidc_client_secret: { label: 'Client secret', hint: '' },
    oidc_scope: { label: 'Scopes', hint: 'Separated by commas: openid,profile,email,offline_access.' },
    oidc_verify_cert: {
      label: 'Verify certificate',
      hint: 'If disabled, an attacker in between can sign in as anyone.',
    },
    oidc_extra_redirect_parms: { label: 'Extra redirect parameters', hint: 'JSON, sent to the provider at sign-in.' },
    primary_auth_mode: { label: 'Primary auth mode', hint: 'Skip the sign-in page and go straight to the provider.' },
    oidc_auto_onboard: {
      label: 'Automatic onboarding',
      hint: 'If disabled, users choose their username at the first sign-in.',
    },
    oidc_user_claim: { label: 'Username claim', hint: 'Such as preferred_username or email. Default: name.' },
    oidc_groups_claim: { label: 'Group claim', hint: 'groups' },
    oidc_group_filter: { label: 'Group filter', hint: 'A regular expression. Other groups are ignored.' },
    oidc_admin_group: { label: 'Admin group', hint: 'Members of this group are system administrators.' },
    oidc_logout: { label: 'Single logout', hint: 'Signing out here also signs out at the provider.' },
  },
} as const

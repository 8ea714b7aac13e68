import { type SettingDescription, type SettingGroup, settingGroups } from './setting-paths.ts'
import { flagOf } from './sources.ts'

/** docs/reference/configuration.md, from the schema. */
export function referencePage(): string {
  return [introduction, ...settingGroups.map(section)].join('\n\n') + '\n'
}

/** deploy/berth.example.yml, from the schema: every setting with its default, commented out. */
export function sampleFile(): string {
  const [alone, ...groups] = settingGroups
  const lines = [...sampleHead, ...(alone?.settings ?? []).flatMap((setting) => ['', ...sampleSetting(setting, '')])]
  for (const group of groups) {
    lines.push('', ...wrapped(group.description, '# '), `# ${group.name}:`)
    for (const setting of group.settings) lines.push(...sampleSetting(setting, '  '))
  }
  return `${lines.join('\n')}\n`
}

const introduction = `# Configuration

<!-- Generated from server/src/config/settings.ts by tools/write-reference.ts. Do not edit. -->

Berth starts without any configuration. Settings come from three places, each over the one before:

1. a YAML file: \`berth.yml\` in the current folder, else \`/etc/berth/berth.yml\`, or the one named by \`--config FILE\` or \`BERTH_CONFIG\`. Harbor’s own \`harbor.yml\` is read as it is; each key of it that has no meaning here is named in a warning at start;
2. environment variables. With \`_FILE\` behind its name, a variable names a file that holds the value, for secrets (\`BERTH_ADMIN_PASSWORD_FILE=/run/secrets/admin\`);
3. flags of \`berth serve\`: each setting has one, named after it.

Durations have a unit: \`500ms\`, \`30s\`, \`15m\`, \`24h\`, \`7d\`, also \`1h30m\`. Sizes are bytes, or have a unit: \`10GB\` is decimal (1000), \`10GiB\` binary (1024). Lists are YAML lists, or separated by commas. A file with an unknown key, or with settings that contradict each other, is refused with a sentence for each.`

function section({ name, description, settings }: SettingGroup): string {
  const head = name === '' ? '## General' : `## \`${name}\`\n\n${description}`
  const rows = settings.map((setting) => {
    const names = [`\`${setting.path}\``, `\`${setting.environment}\``, `\`${flagOf(setting.path)}\``].join('<br>')
    return `| ${names} | ${setting.kind} | ${shownDefault(setting)} | ${setting.description.replaceAll('|', '\\|')} |`
  })
  return [head, '', '| setting, variable, flag | value | default | meaning |', '|---|---|---|---|', ...rows].join('\n')
}

const shownDefault = ({ default: value }: SettingDescription): string =>
  value === undefined || (Array.isArray(value) && value.length === 0) ? '' : `\`${String(value)}\``

const sampleHead = [
  '# Sample configuration of Berth. Everything is optional; what is commented out shows its default.',
  '# Generated from the schema: see `berth docs reference/configuration` for variables and flags of the same settings.',
]

/** Settings whose default depends on others, or that have none, are shown with an example. */
const examples: Record<string, string> = {
  hostname: 'registry.example.com',
  external_url: 'https://registry.example.com',
  internal_url: 'http://berth:8080',
  'http.host': '0.0.0.0',
  'https.host': '0.0.0.0',
  'https.certificate': '/etc/berth/tls/fullchain.pem',
  'https.private_key': '/etc/berth/tls/key.pem',
  'https.issuer': 'authority',
  'https.names': '[registry.example.com, 192.0.2.10]',
  'acme.directory': 'https://ca.example.com/acme/acme/directory',
  'acme.email': 'ops@example.com',
  'acme.dns_command': '/etc/berth/set-record',
  'acme.ca_file': '/etc/berth/tls/ca.pem',
  'acme.key_id': 'kid-1',
  'acme.hmac_key': 'bm90LWEtcmVhbC1rZXk',
  'database.file': './berth-data/berth.db',
  'database.url': 'postgres://berth:secret@db.example.com:5432/berth?sslmode=verify-full',
  'storage.folder': './berth-data/storage',
  's3.bucket': 'registry',
  's3.provider': 'minio',
  's3.prefix': 'berth',
  's3.endpoint': 'https://minio.example.com:9000',
  's3.path_style': 'true',
  's3.access_key': 'berth',
  's3.secret_key': 'secret',
  'metrics.token': 'made-by-openssl-rand-hex-32-or-so',
  's3.credentials_file': '/etc/berth/s3-credentials',
  's3.role_arn': 'arn:aws:iam::123456789012:role/registry',
  's3.web_identity_token_file': '/var/run/secrets/tokens/s3',
  's3.sts_endpoint': 'https://minio.example.com:9000',
  's3.checksums': 'true',
  's3.equal_parts': 'false',
  's3.redirect_endpoint': 'https://s3.example.com',
  's3.ca_file': '/etc/berth/tls/s3-ca.pem',
  's3.kms_key': 'alias/registry',
  'backup.to': '/mnt/backups',
  'backup.schedule': 'daily',
  'backup.region': 'us-east-1',
  'backup.endpoint': 'https://elsewhere.example.com:9000',
  'backup.access_key': 'backup',
  'backup.secret_key': 'secret',
  'audit.elasticsearch_url': 'https://elastic.example.com:9200',
  'audit.elasticsearch_api_key': 'bmFtZTprZXk=',
  'audit.elasticsearch_username': 'berth',
  'audit.elasticsearch_password': 'secret',
  'audit.elasticsearch_ca_file': '/etc/berth/tls/elastic-ca.pem',
  'audit.keep_at_least': '180d',
  'audit.signing_key_file': '/etc/berth/audit-key.pem',
  'audit.syslog_url': 'tls://siem.example.com:6514',
  'audit.syslog_ca_file': '/etc/berth/tls/siem-ca.pem',
  'metrics.host': '127.0.0.1',
  'metrics.port': '9090',
}

function sampleSetting({ path, description, default: value }: SettingDescription, indent: string): string[] {
  const shown = examples[path] ?? (Array.isArray(value) ? `[${value.join(', ')}]` : String(value))
  return [
    ...wrapped(description, `${indent === '' ? '# ' : '#   # '}`),
    `# ${indent}${path.split('.').at(-1)}: ${shown}`,
  ]
}

/** Lines of at most 110 columns. */
function wrapped(text: string, prefix: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && prefix.length + line.length + 1 + word.length > 110) {
      lines.push(prefix + line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return line === '' ? lines : [...lines, prefix + line]
}

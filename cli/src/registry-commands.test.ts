import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keyPairForTest } from '#server-test/key-pair.ts'
import { adminToken, berth, serve, type Serving } from '../test/berth-process.ts'
import { commandLine, commandsOf } from '../test/command-line.ts'

setDefaultTimeout(120_000)

let folder: string
let registry: Serving
let env: Record<string, string>
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-commands-'))
  registry = await serve(['--data', join(folder, 'data'), '--outbound-allow-local'], { cwd: folder })
  env = { BERTH_CONTEXTS: join(folder, 'contexts.json') }
  await pushImage('library/app', ['v1', 'stable'])
  const login = await berth(['login', registry.url, '-u', 'admin', '--name', 'here', '--password-stdin'], {
    stdin: 'Harbor12345\n',
    cwd: folder,
    env,
  })
  expect([login.code, login.stderr]).toEqual([0, ''])
})
afterAll(async () => {
  await registry.stop()
  rmSync(folder, { recursive: true })
})

async function pushImage(repository: string, tags: readonly string[]): Promise<void> {
  const authorization = `Bearer ${await adminToken(registry.url, repository)}`
  const config = '{"architecture":"amd64","os":"linux"}'
  const digest = `sha256:${new Bun.CryptoHasher('sha256').update(config).digest('hex')}`
  const base = `${registry.url}/v2/${repository}`
  const upload = await fetch(`${base}/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    headers: { authorization },
    body: config,
  })
  expect(upload.status).toBe(201)
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: config.length },
    layers: [],
    annotations: { of: repository },
  })
  for (const tag of tags) {
    const put = await fetch(`${base}/manifests/${tag}`, {
      method: 'PUT',
      headers: { authorization, 'content-type': mediaType },
      body: manifest,
    })
    expect(put.status).toBe(201)
  }
}

const policy = {
  rules: [
    {
      action: 'retain',
      template: 'latestPushedK',
      params: { latestPushedK: 1 },
      tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: '**' }],
      scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
    },
  ],
}

const openVex = {
  '@context': 'https://openvex.dev/ns/v0.2.0',
  author: 'Ada',
  timestamp: '2026-01-01T00:00:00Z',
  statements: [
    {
      vulnerability: { name: 'CVE-2026-1' },
      products: [{ '@id': 'pkg:npm/lodash' }],
      status: 'not_affected',
      justification: 'component_not_present',
    },
  ],
}

/** A command line, what it says, and its exit code where that is not 0. `$name` stands for what an earlier one said. */
type Step = readonly [line: string, says: RegExp, code?: number]

/** Exemptions end within a year. */
const tomorrow = new Date(Date.now() + 24 * 60 * 60_000).toISOString()

const journey: readonly Step[] = [
  ['whoami', /as +(admin|the program)/],
  ['status', /health +healthy/, 1],
  ['project create backend', /created private project backend/],
  ['project list -o wide', /backend +private/],
  ['project public backend', /backend is public/],
  ['project private backend', /backend is private/],
  ['project show backend', /access +private/],
  ['project set backend auto_scan=false', /set auto_scan of backend/],
  ['user list', /admin +admin/],
  ['user admin mei', /mei is a system administrator/],
  ['user admin mei --remove', /ordinary user/],
  ['user show mei', /kind +user/],
  ['user disable mei', /mei is disabled/],
  ['user enable mei', /mei is enabled/],
  ['user reset-second-factor mei --yes', /mei signs in .*with the password alone/],
  ['project member add backend mei project-admin', /mei is project-admin of backend/],
  ['project member set-role backend mei developer', /mei is developer of backend/],
  ['project member list backend', /mei +user +developer/],
  ['project member remove backend mei', /mei is no member of backend any more/],
  ['user delete mei --dry-run', /nothing was changed/],
  ['user delete mei --yes', /deleted user mei/],
  ['scan-all stop', /no scan all job is found/, 2],
  ['audit checkpoint', /checkpoint \d+: \d+ records/],
  ['audit verify', /records as sealed/],
  ['audit keys', /BEGIN PUBLIC KEY/],
  ['audit sinks', /KIND +ADDRESS/],
  ['signature-key create release backend', /the key release \(\d+\) signs in/],
  ['signature-key list backend', /release +1 +active/],
  ['signature-key show release backend', /state +active/],
  ['signature-key rotate release backend', /release/],
  ['signature-key revoke release backend --reason lost --yes', /release/],
  ['signing-request list backend', /ID +STATE/],
  ['signing-request approve 999999 backend', /not found|no request|forbidden/i, 4],
  ['signing-request reject 999999 backend --reason no', /not found|no request|forbidden/i, 4],
  ['security export backend', /no vulnerability was found that matches/],
  ['security export nowhere', /not found|forbidden/i, 4],
  ['repository list', /library\/app +1/],
  ['repository list library', /library\/app +1/],
  ['artifact list library/app', /sha256:[0-9a-f]{12} +(v1, stable|stable, v1)/],
  ['artifact show library/app:v1', /platform +linux\/amd64/],
  ['artifact copy library/app:v1 backend/copy', /copied library\/app:v1 to backend\/copy/],
  ['artifact packages library/app:v1', /are not known/, 1],
  // Nothing says which layers this image is made of.
  ['artifact generate-sbom library/app:v1', /was queued/],
  ['artifact sbom library/app:v1 --format cyclonedx', /The sbom is not found/, 4],
  ['tag add library/app:v1 next', /library\/app:next is library\/app:v1 now/],
  ['tag list library/app', /next +sha256/],
  ['tag delete library/app:next --yes', /deleted the tag library\/app:next/],
  ['tag history library/app:next', /admin|cli/],
  ['label create tested backend', /created label tested \((?<label>\d+)\)/],
  ['label list backend', /tested/],
  ['label attach $label backend/copy:v1', /is on backend\/copy:v1/],
  ['label detach $label backend/copy:v1', /is off backend\/copy:v1/],
  ['label delete $label --yes', /deleted label tested/],
  ['webhook create backend ci https://192.0.2.1/hook --event PUSH_ARTIFACT', /created webhook ci of backend/],
  ['webhook list backend', /https:\/\/192\.0\.2\.1\/hook +PUSH_ARTIFACT +enabled/],
  ['webhook disable backend ci', /is disabled/],
  ['webhook enable backend ci', /is enabled/],
  ['webhook test backend ci', /webhook logs .*backend ci (?<delivery>\d+)/],
  ['webhook deliveries backend ci', /PUSH_ARTIFACT +(Pending|Running)/],
  ['webhook logs backend ci $delivery', /start to run webhook job|nothing was sent yet/],
  ['webhook redeliver backend ci', /0 of what was given up/],
  ['webhook delete backend ci --yes', /deleted webhook ci of backend/],
  ['allowlist add CVE-2026-1 CVE-2026-2 --project backend', /accepted in backend \(2 on the list\)/],
  ['allowlist remove CVE-2026-1 --project backend', /accepted no more in backend \(1 on the list\)/],
  ['allowlist show --project backend', /counts for nothing until reuse_sys_cve_allowlist=false[^]*CVE-2026-2/],
  ['allowlist add CVE-2026-3', /accepted by the registry/],
  ['allowlist show', /for ever[^]*CVE-2026-3/],
  ['allowlist remove CVE-2026-3', /accepted no more by the registry/],
  ['vex add statements.json --project backend', /added statements.json to backend \((?<vex>\d+)\)/],
  ['vex list --project backend', /statements.json +openvex +1/],
  ['vex delete $vex --project backend --yes', /deleted VEX document/],
  ['artifact delete backend/copy:stable --yes', /deleted sha256/],
  ['trash list backend', /(?<entry>\d+) +artifact +backend\/copy/],
  ['trash restore backend $entry', /restored sha256/],
  ['repository delete backend/copy --yes', /deleted backend\/copy/],
  ['trash restore backend --repository backend/copy', /restored 1 entry/],
  ['repository delete backend/copy --yes', /deleted backend\/copy/],
  ['trash list backend', /(?<again>\d+) +artifact +backend\/copy/],
  ['trash delete backend $again --yes', /forgot \d+ entr(?:y|ies)/],
  ['trash empty backend --yes', /forgot 0 entries/],
  ['trash empty --all --yes', /forgot \d+ entr(?:y|ies)/],
  ['quota set backend 10GiB', /backend may use 10.7 GB/],
  ['quota show backend', /limit +10.7 GB/],
  ['quota list', /backend +\S+ \S+ +10.7 GB/],
  ['quota recount backend', /backend uses/],
  ['immutability create backend --tags v*', /rule (?<rule>\d+): v\* in \*\* of backend/],
  ['immutability disable backend $rule', /disabled/],
  ['immutability enable backend $rule', /enabled/],
  ['immutability list backend', /v\* +\*\* +enabled/],
  ['immutability delete backend $rule --yes', /deleted rule/],
  ['retention set library --file policy.json', /latestPushedK 1/],
  ['retention set library --file policy.json', /policy \d+ of library/],
  ['retention show library', /latestPushedK 1 +\*\*/],
  ['retention preview library', /keep +app +v1/],
  ['retention preview library --file policy.json -o json', /"retained": true/],
  ['retention run library --dry-run', /job (?<run>\d+)/],
  ['job logs $run -f', /Z /],
  ['retention runs library', /Success/],
  ['retention tasks library $run', /(?<task>\d+) +library\/app|(?<other>\d+) +app/],
  ['retention stop library $run', /asked to stop/],
  ['retention set library --file narrow.json', /policy \d+ of library/],
  ['retention run library --yes', /job (?<swept>\d+)/],
  ['job logs $swept -f', /Z /],
  ['trash list library', /artifact +library\/app/],
  ['trash restore library --run $swept', /restored 1 entry of run \d+/],
  ['trash restore library 1 --run $swept', /what is restored/, 2],
  ['retention delete library --yes', /no retention policy any more/],
  [
    'robot create ci --project backend --permission repository:pull,repository:push --days 3',
    /backend\+ci \((?<robot>\d+)\)\nsecret: \S+/,
  ],
  ['robot list backend', /ci +active/],
  ['robot show $robot', /in backend +repository:pull, repository:push/],
  ['robot disable $robot', /disabled/],
  ['robot enable $robot', /enabled/],
  ['robot secret $robot --yes', /secret: \S+/],
  [
    'trust-rule create $robot --issuer $url --audience berth --claim repository=company/*',
    /the issuer should look like/,
    2,
  ],
  ['trust-rule list $robot', /ISSUER/],
  ['trust-rule delete $robot 99 --yes', /./, 4],
  ['robot delete $robot --yes', /deleted robot/],
  ['ca show', /no certificate authority of its own/, 4],
  ['ca init --offline-root cosign.pub', /cosign\.pub\/root\.key cannot be written/, 2],
  ['ca renew --offline-root nowhere', /root\.pem cannot be read/, 2],
  ['certificate status', /from +none/],
  ['certificate renew', /not the registry’s to renew/, 5],
  ['signer create release --key cosign.pub', /signer release \((?<signer>\d+)\) counts in every project/],
  ['signer create release --key cosign.pub', /there is a signer release already/, 5],
  ['signer create nobody --issuer https://login.example.com', /--issuer needs --subject/, 2],
  ['policy evaluate backend --file policy-of-pulls.json', /would be held back/],
  ['policy evaluate --file policy-of-pulls.json', /would be held back/],
  ['policy set backend --file policy-of-pulls.json', /policy scanned \(enforce\) holds in project backend/],
  ['policy set backend --file policy-of-pulls.json', /policy scanned \(enforce\) holds in project backend/],
  ['policy list backend', /scanned +enforce +scanned/],
  ['policy exempt backend --reason later --until 2000-01-01', /within a year/, 2],
  [`policy exempt backend --reason later --until ${tomorrow}`, /exemption (?<exemption>\d+) until/],
  ['policy exemptions backend', /all +\*\* .*later/],
  ['policy end-exemption $exemption backend', /has ended in project backend/],
  ['policy delete scanned backend --yes', /is gone from project backend/],
  ['quarantine list backend', /REPOSITORY +DIGEST/],
  [`quarantine release backend 99999 --reason seen --until ${tomorrow}`, /not in quarantine/, 4],
  ['quarantine release backend 1 --reason seen --until soon', /is no date/, 2],
  ['quarantine reject backend 99999 --reason none --yes', /not in quarantine/, 4],
  ['signer list', /release +key +registry +ecdsa sha256:[0-9a-f]{64}/],
  ['signer create ci backend --key cosign.pub', /ci \((?<ci>\d+)\) counts in project backend/],
  ['signer list backend', /release[^]*ci +key +project/],
  ['signer show $signer', /public_key +-----BEGIN PUBLIC KEY/],
  ['signer delete $ci backend --yes', /ci is trusted no more in project backend/],
  ['signer delete $signer --yes', /release is trusted no more in every project/],
  ['signer show $signer', /not found/, 4],
  ['artifact signatures library/app:v1', /STATE/],
  ['permission list', /repository:pull +projects/],
  ['group create developers --kind oidc', /created group developers \((?<group>\d+)\)/],
  ['group rename $group engineers', /is called engineers/],
  ['group list', /engineers +oidc/],
  ['group delete $group --yes', /deleted group engineers/],
  ['gc run --dry-run', /job (?<gc>\d+)/],
  ['gc logs $gc -f', /dry run/],
  ['gc list', /Success +Manual +yes/],
  ['gc stop $gc', /asked to stop/],
  ['gc schedule', /only when it is asked to/],
  ['gc schedule daily', /0 0 0 \* \* \*/],
  ['schedule list', /GARBAGE_COLLECTION|collect-garbage/],
  ['gc schedule none', /only when it is asked to/],
  ['scrub run --rate 50MB', /job (?<scrub>\d+)/],
  ['scrub logs $scrub -f', /./],
  ['scrub status', /damaged blobs +0/],
  ['scrub findings', /DIGEST/],
  ['scrub stop $scrub', /asked to stop/],
  ['scrub schedule weekly', /0 0 0 \* \* 0/],
  ['scrub schedule none', /only when it is asked to/],
  ['job list --status succeeded', /collect-garbage +succeeded/],
  ['job show $gc', /status +succeeded/],
  ['job stop $gc', /has ended already/, 5],
  ['job queues', /GARBAGE_COLLECTION/],
  ['job pause GARBAGE_COLLECTION', /paused/],
  ['job resume GARBAGE_COLLECTION', /resumed/],
  ['job workers', /HEARTBEAT\n\S+/],
  ['audit list --limit 5', /there are more/],
  ['audit list backend --type artifact --operation create --since 1h', /create +artifact +/],
  ['audit list backend --operation create --since 1h', /create +\S+ +/],
  ['audit purge --keep 24 --events pull_artifact --dry-run', /job (?<purge>\d+)/],
  ['audit logs $purge -f', /./],
  ['audit stop $purge', /asked to stop/],
  ['audit schedule', /only when it is asked to/],
  ['event list --types create_project', /create_project +\S+ +/],
  ['event acknowledge siem oldest', /siem is at/],
  ['event consumers', /siem/],
  ['event forget siem --yes', /forgot siem/],
  ['registry list', /NAME/],
  ['registry create other $url', /created other/],
  ['registry show other', /url +http/],
  ['registry test other', /other can be used/],
  ['project create-cache mirror other --public', /created public project mirror, the cache of other/],
  ['project cache mirror', /state +unasked/],
  ['project delete mirror --yes', /deleted project mirror/],
  ['replication create out --to other --repositories backend/none --namespace far', /created rule out/],
  ['replication create both --to other --from other', /pushes to a registry or pulls from one/, 2],
  ['replication list', /out +here → other +manual +enabled/],
  ['replication disable out', /is disabled/],
  ['replication run out', /is disabled/, 5],
  ['replication enable out', /is enabled/],
  ['replication preview out', /run (?<preview>\d+) of out has started/],
  ['replication report $preview', /the same|not done yet/],
  ['replication compare out', /of out has started/],
  ['replication run out', /run (?<copy>\d+) of out has started/],
  ['replication runs out', /copy +\w+ +manual/],
  ['replication tasks $copy', /TASK/],
  ['replication logs $copy 999999', /not found/, 4],
  ['replication stop $copy', /asked to stop/],
  ['replication drop out', /0 deletions of out are dropped/],
  ['replication continue out --yes', /0 deletions of out go on/],
  ['registry delete other --yes', /referenced by replication policies/, 5],
  ['replication delete out --yes', /deleted rule out/],
  ['registry delete other --yes', /deleted other/],
  ['settings set banner_message=hello', /set banner_message/],
  ['settings show banner_message', /hello\n/],
  ['settings test-ldap', /./, 1],
  ['settings list', /banner_message +hello/],
  ['api /projects --query name=backend', /"name":"backend"/],
  ['api /nowhere', /not found/, 4],
  ['project delete backend --yes', /deleted project backend/],
  ['project show backend', /not found/, 4],
]

/** Not on the API of a registry, or looked at by a test of their own. */
const elsewhere = new Set([
  ...[
    'completion',
    'support-bundle',
    'help',
    'serve',
    'serve-worker',
    'migrate',
    'config show',
    'config check',
    'config sample',
    'doctor',
    'health',
    'version',
    'docs',
  ],
  // conformance/api/security-hub.test.ts, and the files beside the commands of vulnerability data.
  ...['scan-all run', 'scan-all status', 'scan-all failures', 'scan-all schedule'],
  ...['security show', 'security list', 'security findings', 'security artifacts', 'security rebuilds'],
  ...['db delete', 'db remove-source', 'db pull', 'db schedule', 'db push'],
  ...[
    'import registry',
    'import oci',
    'import harbor',
    'backup',
    'backup list',
    'backup schedule',
    'backup verify',
    'restore',
    'verify',
    'export',
    'scan',
    'db import',
    'db status',
    'db use',
  ],
  ...['user add', 'user set-password', 'user relink'],
  // conformance/api/duties.test.ts, conformance/clients/cosign.test.ts and cli/test/secrets.test.ts.
  ...['user duty', 'sign', 'audit export'],
  ...['status', 'rotate', 'new-key', 'forget-old-keys', 'reset'].map((verb) => `secrets ${verb}`),
  ...['login', 'logout', 'context list', 'context use', 'context remove', 'event follow'],
  ...['token list', 'token create', 'token delete', 'retention logs'],
])

const wordsOf = (line: string): string => {
  const words = line.split(' ')
  return [...commandsOf().keys()].filter((path) => `${words.join(' ')} `.startsWith(`${path} `)).at(-1) ?? line
}

test('every command is tried below', () => {
  const tried = new Set(journey.map(([line]) => wordsOf(line)))
  const missing = [...commandsOf().keys()].filter((path) => !tried.has(path) && !elsewhere.has(path))
  expect(missing).toEqual([])
})

describe.each(['at an address', 'on its own machine'])('commands on a registry, %s', (where) => {
  const known = new Map<string, string>()
  const flags = () =>
    where === 'at an address' ? ['--context', 'here'] : ['--data', join(folder, 'data'), '--outbound-allow-local']

  test('a user is made', async () => {
    writeFileSync(join(folder, 'cosign.pub'), keyPairForTest().pem)
    const scanned = { name: 'scanned', mode: 'enforce', condition: { kind: 'scanned' } }
    writeFileSync(join(folder, 'policy-of-pulls.json'), JSON.stringify(scanned))
    writeFileSync(join(folder, 'policy.json'), JSON.stringify(policy))
    writeFileSync(join(folder, 'statements.json'), JSON.stringify(openVex))
    writeFileSync(join(folder, 'narrow.json'), JSON.stringify(policy).replace('"**"', '"keep-*"'))
    const { code, stdout } = await berth(
      ['user', 'create', 'mei', '--email', 'mei@example.org', '--password-stdin', ...flags()],
      {
        stdin: 'Another12345\n',
        cwd: folder,
        env,
      },
    )
    expect([code, stdout]).toEqual([0, expect.stringContaining('created user mei')])
  })

  test.each(journey.map(([line, says, code = 0], at) => [`${at} ${line}`, says, code] as const))(
    '%s',
    async (name, says, code) => {
      known.set('url', registry.url)
      const line = name
        .replace(/^\d+ /, '')
        .replaceAll(/\$(\w+)/g, (_, key: string) => known.get(key) ?? `NOTHING SAID ${key}`)
        .replace(/\b(policy\.json|policy-of-pulls\.json|narrow\.json|statements\.json|cosign\.pub)/, (name) =>
          join(folder, name),
        )
      const said = await commandLine(
        [...line.split(' '), ...(line === 'whoami' && where !== 'at an address' ? [] : flags())],
        env,
      )
      expect(`${said.code} ${said.stdout}${said.stderr}`).toMatch(
        new RegExp(`^${code} [^]*(?:${says.source})`, says.flags),
      )
      const found = says.exec(said.stdout)?.groups ?? {}
      for (const [key, value] of Object.entries(found)) if (value !== undefined) known.set(key, value)
    },
  )
})

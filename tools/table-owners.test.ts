import { expect, test } from 'bun:test'
import { nounOf, production, withoutComments } from './sources.ts'

/** Only its noun writes a table: the order of nouns holds for rows as it does for imports. */
const owners: Readonly<Record<string, readonly string[]>> = {
  access: [
    ...['user_account', 'user_group', 'user_group_member', 'personal_token', 'role', 'session', 'signing_key'],
    'second_factor',
    'former_password',
    'recovery_code',
    'passkey',
    'passkey_challenge',
  ],
  activity: ['activity_sample', 'storage_sample'],
  certificates: [
    'certificate_authority',
    'served_certificate',
    'certificate_attempt',
    'acme_account',
    'acme_challenge',
  ],
  artifacts: [
    ...['absent_child', 'artifact', 'artifact_blob', 'artifact_child', 'artifact_payload', 'tag', 'tag_move'],
    ...['artifact_review', 'subject_review', 'scan_review'],
  ],
  content: [
    'blob',
    'blob_damage',
    'blob_trash',
    'gone_manifest',
    'link_review',
    'repository_blob',
    'storage_hold',
    'upload',
  ],
  events: ['event', 'event_consumer', 'event_log', 'event_log_head'],
  identities: ['oidc_session', 'pending_sign_in'],
  jobs: ['job', 'job_kind', 'job_log', 'job_schedule', 'job_worker'],
  labels: ['artifact_label', 'label'],
  policies: ['immutability_rule', 'protected_tag_rule'],
  'proxy-cache': [
    'proxy_entry',
    'proxy_fill',
    'proxy_ghost',
    'proxy_manifest',
    'proxy_tag',
    'proxy_traffic',
    'proxy_upstream',
  ],
  'pull-policies': ['policy_exemption', 'pull_policy'],
  quarantine: ['quarantine_entry'],
  projects: [
    ...['project', 'project_cve_allowlist', 'project_member', 'project_metadata', 'repository'],
    'system_cve_allowlist',
  ],
  quotas: ['project_blob', 'project_usage', 'quota', 'quota_reservation'],
  registries: ['registry'],
  retention: ['retention_policy'],
  robots: ['robot', 'robot_permission', 'trust_rule'],
  backup: ['backup_run'],
  scanning: [
    ...['advisory_generation', 'advisory_chunk', 'advisory_upload', 'advisory_upload_chunk', 'advisory_pull'],
    ...['scanner', 'blob_inventory', 'artifact_inventory'],
    'scan_data_chunk',
    ...['scan', 'scan_finding', 'scan_layer', 'security_total', 'vulnerability_total', 'layer_total'],
    ...['sbom_run', 'vex_document', 'scan_view'],
  ],
  audit: ['audit_chain', 'audit_checkpoint', 'audit_key', 'audit_link', 'audit_purge', 'audit_sink'],
  scrub: ['scrub_progress'],
  secrets: ['secret_key'],
  settings: ['setting'],
  signing: ['signature_key', 'signing_request'],
  signatures: ['artifact_signature', 'signature_verdict', 'trusted_signer'],
  trash: ['trash_blob', 'trash_entry', 'trash_repository'],
  replication: ['replication_change', 'replication_execution', 'replication_policy', 'replication_task'],
  webhooks: ['webhook_delivery', 'webhook_policy'],
  // Below the domain, or beside it.
  'server/src/jobs/background.ts': ['lease'],
  'server/src/database/migrate.ts': ['schema_migration'],
  'server/src/database/write-probe.ts': ['write_probe'],
}

/** Nouns that write a table of another, and why its owner cannot do it for them. */
const exceptions: Readonly<Record<string, string>> = {
  'scanning → scan_review': 'whoever keeps scans ends the queue of images that left a repository',
  'garbage-collection → blob': 'the collector alone ends what the noun began: condemned → gone, under its locks',
  'garbage-collection → blob_trash': 'the same, for the bytes',
  'garbage-collection → link_review': 'the same, for the queue of links',
  'garbage-collection → repository_blob': 'the same, for links without a manifest',
  'access → project_member': 'who is deleted is a member no longer, in the same transaction; projects lie above',
  'access → robot': 'a secret that was verified is hashed anew; robots lie above',
  'identities → user_account': 'who vouches for an account writes what it says of it at each sign-in',
  'projects → quota': 'a project comes with its limit, in the same transaction; quotas lie above',
  'projects → link_review': 'a repository that goes leaves links to review; content lies above',
  'audit → event': 'people purge the audit log, not the domain',
  'backup → sqlite_sequence': 'a restore into SQLite goes on counting where the archive ended',
}

const byBuilder = /\b(?:insertInto|updateTable|deleteFrom|mergeInto|replaceInto)\(\s*['"`](\w+)/g
const rawSql = /\bsql(?:<[^>`]*>)?`([^`]*)`/g
const bySql = [
  /\b(?:insert\s+(?:or\s+\w+\s+)?into|delete\s+from|replace\s+into|merge\s+into)\s+"?([a-z_]+)"?/gi,
  /\bupdate\s+"?([a-z_]+)"?\s+set\b/gi,
]

/** Tables that code writes, by Kysely or in SQL of its own. */
function writtenBy(code: string): Set<string> {
  const statements = [...code.matchAll(rawSql)].map(([, statement]) => statement!)
  const raw = statements.flatMap((statement) => bySql.flatMap((pattern) => [...statement.matchAll(pattern)]))
  return new Set([...code.matchAll(byBuilder), ...raw].map(([, table]) => table!))
}

interface Writing {
  readonly path: string
  /** The noun of the domain, or the file where there is none. */
  readonly writer: string
  readonly table: string
}

const writings: readonly Writing[] = production
  .filter(({ path }) => path.startsWith('server/src/') && !path.startsWith('server/src/database/migrations/'))

  .flatMap(({ path, text }) => {
    return [...writtenBy(withoutComments(text))].map((table) => ({ path, writer: nounOf(path) ?? path, table }))
  })

const ownerOf = (table: string): string | undefined =>
  Object.entries(owners).find(([, tables]) => tables.includes(table))?.[0]

test('every table that is written has one owner, and every owner writes its tables', () => {
  const listed = Object.values(owners).flat()
  expect(listed.length).toBe(new Set(listed).size)
  const written = new Set(writings.map(({ table }) => table))
  const known = new Set([...listed, 'sqlite_sequence'])
  expect([...written].filter((table) => !known.has(table))).toEqual([])
  const unwritten = Object.entries(owners).flatMap(([owner, tables]) =>
    tables
      .filter((table) => !writings.some((one) => one.writer === owner && one.table === table))
      .map((table) => `${owner} does not write ${table}`),
  )
  expect(unwritten).toEqual([])
})

test('only its noun writes a table', () => {
  const wrong = writings
    .filter(({ writer, table }) => ownerOf(table) !== writer)
    .filter(({ writer, table }) => !Object.hasOwn(exceptions, `${writer} → ${table}`))
  expect(wrong.map(({ path, table }) => `${path} must ask ${ownerOf(table)} to write ${table}`)).toEqual([])
})

test('a reason that is not needed any more goes', () => {
  const needed = new Set(writings.map(({ writer, table }) => `${writer} → ${table}`))
  expect(Object.keys(exceptions).filter((exception) => !needed.has(exception))).toEqual([])
})

test('SQL of one’s own is seen', () => {
  const code = 'sql`insert or replace into "a" (x) values (1)`; sql<number>`update b set x = 1`; sql`DELETE FROM c`'
  expect([...writtenBy(code)].sort()).toEqual(['a', 'b', 'c'])
})

/** Tables that reactions to events say they write. */
function reactionTables(code: string): string[] {
  const lists = [...code.matchAll(/\breaction\(\{[^]*?\btables:\s*\[([^\]]*)\]/g)].map(([, list]) => list!)
  return lists.flatMap((list) => [...list.matchAll(/'(\w+)'/g)].map(([, table]) => table!))
}

test('a reaction to events writes tables of its own noun', () => {
  const wrong = production
    .filter(({ path }) => path.startsWith('server/src/'))
    .flatMap(({ path, text }) => {
      const foreign = reactionTables(withoutComments(text)).filter((table) => ownerOf(table) !== (nounOf(path) ?? path))
      return foreign.map((table) => `${path} must ask ${ownerOf(table)} to write ${table}`)
    })
  expect(wrong).toEqual([])
  const code = "reaction({ types: ['push_artifact'], tables: ['a', 'b'], react }) + reaction({ types, tables: ['c'] })"
  expect(reactionTables(code)).toEqual(['a', 'b', 'c'])
})

import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** Vulnerability data, what was found in layers and images, and what is wrong with it. */
export const scanning: Migration = {
  name: '0029-scanning',
  async up(tx: Writer, dialect: Dialect) {
    for (const statement of statements(dialect)) await sql.raw(statement).execute(tx)
  },
}

function statements(dialect: Dialect): string[] {
  const sqlite = dialect === 'sqlite'
  const long = sqlite ? 'integer' : 'bigint'
  const small = sqlite ? 'integer' : 'smallint'
  const bytes = sqlite ? 'blob' : 'bytea'
  const text = sqlite ? 'text' : 'text collate "C"'
  const plain = sqlite ? ') strict' : ')'
  const keyed = sqlite ? ') strict, without rowid' : ')'
  return [
    `create table advisory_generation (
      number ${long} not null primary key,
      state text not null,
      digest text not null,
      size ${long} not null,
      sources text not null,
      data_time ${long},
      imported_at ${long} not null,
      username text not null
    ${plain}`,
    `create unique index advisory_generation_in_use on advisory_generation (state) where state = 'in-use'`,
    `create table advisory_chunk (
      generation ${long} not null references advisory_generation (number),
      position ${long} not null,
      bytes ${bytes} not null,
      primary key (generation, position)
    ${plain}`,
    `create table scanner (
      id text not null primary key,
      name text not null,
      url text not null,
      description text not null,
      auth text not null,
      credential text not null,
      skip_certificate_check ${small} not null,
      use_internal_address ${small} not null,
      disabled ${small} not null,
      is_default ${small} not null,
      is_built_in ${small} not null,
      created_at ${long} not null,
      updated_at ${long} not null
    ${plain}`,
    `create unique index scanner_name on scanner (name)`,
    `create unique index scanner_url on scanner (url)`,
    `create unique index scanner_default on scanner (is_default) where is_default = 1`,
    `create table layer_inventory (
      diff_id ${text} not null,
      analyser ${long} not null,
      body ${bytes} not null,
      used_at ${long} not null,
      primary key (diff_id, analyser)
    ${plain}`,
    `create index layer_inventory_used on layer_inventory (used_at)`,
    `create table artifact_inventory (
      digest ${text} not null primary key,
      analyser ${long} not null,
      body ${bytes} not null,
      created_at ${long} not null
    ${plain}`,
    `create table scan (
      digest ${text} not null,
      scanner_id text not null,
      kind text not null,
      report_id text not null,
      job_id ${long},
      status text not null,
      error text,
      started_at ${long},
      finished_at ${long},
      reported_at ${long},
      generation ${long},
      severity ${small},
      summary text,
      body ${bytes},
      created_at ${long} not null,
      primary key (digest, scanner_id, kind)
    ${plain}`,
    `create unique index scan_report on scan (report_id)`,
    `create index scan_job on scan (job_id) where job_id is not null`,
    `create index scan_generation on scan (generation, digest) where kind = 'vulnerability'`,
    `create table scan_finding (
      digest ${text} not null,
      scanner_id text not null,
      vulnerability ${text} not null,
      package ${text} not null,
      version ${text} not null,
      fix_version text not null,
      severity ${small} not null,
      score ${small},
      exploited ${small} not null,
      probability ${long},
      primary key (digest, scanner_id, vulnerability, package, version)
    ${keyed}`,
    `create index scan_finding_vulnerability on scan_finding (vulnerability, digest)`,
    `create index scan_finding_worst on scan_finding (severity, score, vulnerability, digest)`,
    `create index scan_finding_package on scan_finding (package, digest)`,
  ]
}

import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** What scans found in the whole registry, counted as reports come and go; and what a report changed. */
export const securityTotals: Migration = {
  name: '0036-security-totals',
  async up(tx: Writer, dialect: Dialect) {
    for (const statement of [...tables(dialect), ...countReports(dialect)]) await sql.raw(statement).execute(tx)
  },
}

const severities = ['Critical', 'High', 'Medium', 'Low', 'Negligible', 'Unknown']

function tables(dialect: Dialect): string[] {
  const sqlite = dialect === 'sqlite'
  const long = sqlite ? 'integer' : 'bigint'
  const small = sqlite ? 'integer' : 'smallint'
  const text = sqlite ? 'text' : 'text collate "C"'
  const keyed = sqlite ? ') strict, without rowid' : ')'
  const last = sqlite ? '' : ' nulls last'
  const count = (name: string) => `${name} ${long} not null default 0`
  return [
    `alter table scan add column ${count('exploited')}`,
    `alter table scan add column ${count('danger')}`,
    `alter table scan add column changes text`,
    `create index scan_danger on scan (scanner_id, danger desc, digest) where danger > 0`,
    `create index scan_exploited on scan (scanner_id, exploited desc, danger desc, digest) where danger > 0`,
    // With the scanner in front: beside an index that begins with it, SQLite would not choose the others.
    `drop index scan_finding_vulnerability`,
    `create index scan_finding_vulnerability on scan_finding (scanner_id, vulnerability, digest)`,
    `drop index scan_finding_package`,
    `create index scan_finding_package on scan_finding (scanner_id, package, digest)`,
    `create index scan_finding_exploited on scan_finding
      (scanner_id, score desc${last}, severity desc, vulnerability desc, digest, package, version) where exploited = 1`,
    `create table security_total (
      scanner_id text not null primary key,
      ${['images', 'reports', 'findings', 'fixable', 'exploited', ...severities.map((each) => each.toLowerCase())]
        .map(count)
        .join(', ')}
    ${keyed}`,
    `create table vulnerability_total (
      scanner_id text not null,
      vulnerability ${text} not null,
      ${count('images')},
      ${count('fixable')},
      severity ${small} not null,
      score ${small},
      exploited ${small} not null,
      probability ${long},
      primary key (scanner_id, vulnerability)
    ${keyed}`,
    `create index vulnerability_total_worst on vulnerability_total
      (scanner_id, exploited desc, severity desc, score desc${last}, images desc, vulnerability)`,
    `create index vulnerability_total_score on vulnerability_total
      (scanner_id, score desc${last}, severity desc, vulnerability desc)`,
    `create table scan_layer (
      scanner_id text not null,
      layer ${text} not null,
      digest ${text} not null,
      ${count('findings')},
      ${count('fixable')},
      ${count('exploited')},
      primary key (scanner_id, layer, digest)
    ${keyed}`,
    `create index scan_layer_digest on scan_layer (digest)`,
    `create table layer_total (
      scanner_id text not null,
      layer ${text} not null,
      ${count('images')},
      ${count('fixable')},
      ${count('exploited')},
      primary key (scanner_id, layer)
    ${keyed}`,
    `create index layer_total_fixable on layer_total (scanner_id, fixable desc, layer)`,
    `create table scan_review (digest ${text} not null primary key${keyed}`,
  ]
}

/** Of the reports that are there. Layers are counted as images are scanned again: findings do not say which layer brought them. */
export function countReports(dialect: Dialect): string[] {
  const sqlite = dialect === 'sqlite'
  const field = (path: string) =>
    sqlite
      ? `coalesce(json_extract(summary, '$.${path}'), 0)`
      : `coalesce((summary::json #>> '{${path.replace('.', ',')}}')::bigint, 0)`
  const least = sqlite ? 'min' : 'least'
  const ranked = (severity: string, most: number) => `${least}(${field(`bySeverity.${severity}`)}, ${most})`
  const danger = `((${ranked('Critical', 8_999)} * 10000 + ${ranked('High', 9_999)}) * 10000
    + ${ranked('Medium', 9_999)}) * 10000 + ${ranked('Low', 9_999)}`
  const sums = ['total', 'fixable', 'exploited', ...severities.map((each) => `bySeverity.${each}`)]
  return [
    `update scan set exploited = ${field('exploited')}, danger = ${danger} where summary is not null`,
    `insert into security_total
      select scanner_id, count(*), count(summary), ${sums.map((path) => `sum(${field(path)})`).join(', ')}
      from scan where kind = 'vulnerability' group by scanner_id`,
    `insert into vulnerability_total
      select scanner_id, vulnerability, count(distinct digest),
        count(distinct case when fix_version <> '' then digest end),
        max(severity), max(score), max(exploited), max(probability)
      from scan_finding group by scanner_id, vulnerability`,
    `insert into scan_review select distinct digest from scan`,
  ]
}

import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** Projects that fill themselves from a remote registry, and what they know of it. */
export const proxyCache: Migration = {
  name: '0057-proxy-cache',
  async up(tx: Writer, dialect: Dialect) {
    for (const statement of statements(dialect)) await sql.raw(statement).execute(tx)
  },
}

function statements(dialect: Dialect): string[] {
  const sqlite = dialect === 'sqlite'
  const long = sqlite ? 'integer' : 'bigint'
  const text = sqlite ? 'text' : 'text collate "C"'
  const bytes = sqlite ? 'blob' : 'bytea'
  const withoutRowid = sqlite ? ') strict, without rowid' : ')'
  return [
    `alter table project add column registry_id ${long} references registry (id)`,
    `create index project_registry on project (registry_id) where registry_id is not null`,
    // Manifests that were fetched and wait for their blobs.
    `create table proxy_manifest (
      repository ${text} not null,
      digest ${text} not null,
      project_id ${long} not null references project (id) on delete cascade,
      media_type text not null,
      bytes ${bytes} not null,
      fetched_at ${long} not null,
      tried_at ${long} not null,
      primary key (repository, digest)
    ${sqlite ? ') strict' : ')'}`,
    `create index proxy_manifest_project on proxy_manifest (project_id)`,
    `create index proxy_manifest_tried on proxy_manifest (tried_at)`,
    // What the upstream last said of a tag.
    `create table proxy_tag (
      repository ${text} not null,
      tag ${text} not null,
      project_id ${long} not null references project (id) on delete cascade,
      digest ${text} not null,
      checked_at ${long} not null,
      primary key (repository, tag)
    ${withoutRowid}`,
    `create index proxy_tag_project on proxy_tag (project_id)`,
    // Blobs that some process is downloading just now.
    `create table proxy_fill (
      repository ${text} not null,
      digest ${text} not null,
      project_id ${long} not null references project (id) on delete cascade,
      holder text not null,
      upload_id text,
      size ${long},
      started_at ${long} not null,
      renewed_at ${long} not null,
      primary key (repository, digest)
    ${withoutRowid}`,
    `create index proxy_fill_project on proxy_fill (project_id)`,
    // How a remote registry behaves, as the proxy cache sees it.
    `create table proxy_upstream (
      registry_id ${long} not null primary key references registry (id) on delete cascade,
      answered_at ${long},
      failing_since ${long},
      failed_at ${long},
      failure_code text,
      failure_message text,
      retry_at ${long},
      limit_total ${long},
      limit_remaining ${long},
      limit_window_seconds ${long},
      limit_seen_at ${long}
    ${sqlite ? ') strict' : ')'}`,
  ]
}

import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** VEX documents that were given to the registry, and what they and referrers say of reports, in each repository. */
export const vex: Migration = {
  name: '0032-vex',
  async up(tx: Writer, dialect: Dialect) {
    const sqlite = dialect === 'sqlite'
    const long = sqlite ? 'integer' : 'bigint'
    const small = sqlite ? 'integer' : 'smallint'
    const bytes = sqlite ? 'blob' : 'bytea'
    const text = sqlite ? 'text' : 'text collate "C"'
    const end = sqlite ? ') strict' : ')'
    const id = sqlite ? 'integer not null primary key autoincrement' : 'bigint generated always as identity primary key'
    for (const statement of [
      `create table vex_document (
        id ${id},
        project_id ${long},
        name text not null,
        format text not null,
        statements ${long} not null,
        body ${bytes} not null,
        username text not null,
        created_at ${long} not null
      ${end}`,
      `create index vex_document_project on vex_document (project_id, id)`,
      `create table scan_view (
        repository_id ${long} not null,
        digest ${text} not null,
        scanner_id text not null,
        reported_at ${long} not null,
        severity ${small},
        summary text not null,
        referrers text not null,
        body ${bytes} not null,
        primary key (repository_id, digest, scanner_id)
      ${end}`,
      `create index scan_view_digest on scan_view (digest)`,
    ])
      await sql.raw(statement).execute(tx)
  },
}

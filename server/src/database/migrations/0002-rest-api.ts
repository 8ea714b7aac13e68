import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** What Harbor's API keeps beyond /v2: properties of projects, sessions of people, settings of the registry. */
export const restApi: Migration = {
  name: '0002-rest-api',
  async up(tx: Writer, dialect: Dialect) {
    for (const statement of statements(dialect)) await sql.raw(statement).execute(tx)
  },
}

function statements(dialect: Dialect): string[] {
  const long = dialect === 'sqlite' ? 'integer' : 'bigint'
  const keyed = dialect === 'sqlite' ? ') strict, without rowid' : ')'
  return [
    // `public` is a column of the project itself: it decides about every request.
    `create table project_metadata (
      project_id ${long} not null references project (id) on delete cascade,
      name text not null check (name <> 'public'),
      value text not null,
      primary key (project_id, name)
    ${keyed}`,

    `create table project_cve_allowlist (
      project_id ${long} not null primary key references project (id) on delete cascade,
      expires_at ${long},
      items text not null,
      created_at ${long} not null,
      updated_at ${long} not null
    ${keyed}`,

    `create table session (
      id_hash text not null primary key,
      user_id ${long} not null references user_account (id) on delete cascade,
      account_version ${long} not null,
      created_at ${long} not null,
      expires_at ${long} not null
    ${keyed}`,
    `create index session_account on session (user_id)`,
    `create index session_expiry on session (expires_at)`,

    `create table setting (
      name text not null primary key,
      value text not null,
      updated_at ${long} not null
    ${keyed}`,

    `create index user_account_email on user_account (email) where email is not null`,
  ]
}

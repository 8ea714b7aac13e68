import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** What went on, hour by hour. */
export const activity: Migration = {
  name: '0014-activity',
  async up(tx: Writer, dialect: Dialect) {
    for (const statement of statements(dialect)) await sql.raw(statement).execute(tx)
  },
}

function statements(dialect: Dialect): string[] {
  const sqlite = dialect === 'sqlite'
  const long = sqlite ? 'integer' : 'bigint'
  const keyed = sqlite ? ') strict, without rowid' : ')'
  return [
    `create table activity_sample (
      hour ${long} not null,
      project_id ${long} not null references project (id) on delete cascade,
      pushes ${long} not null,
      pulls ${long} not null,
      primary key (hour, project_id)
    ${keyed}`,
    `create index activity_sample_project on activity_sample (project_id)`,
    `create table storage_sample (
      hour ${long} not null primary key,
      logical_bytes ${long} not null,
      physical_bytes ${long} not null
    ${keyed}`,
  ]
}

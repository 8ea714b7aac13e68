import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** Artifacts that are held back since their push, until policies let them pass. */
export const quarantine: Migration = {
  name: '0050-quarantine',
  async up(tx: Writer, dialect: Dialect) {
    for (const statement of statements(dialect)) await sql.raw(statement).execute(tx)
  },
}

function statements(dialect: Dialect): string[] {
  const sqlite = dialect === 'sqlite'
  const long = sqlite ? 'integer' : 'bigint'
  const small = sqlite ? 'integer' : 'smallint'
  const plain = sqlite ? ') strict' : ')'
  return [
    `create table quarantine_entry (
      artifact_id ${long} not null primary key references artifact (id) on delete cascade,
      project_id ${long} not null,
      digest text not null,
      pushed_by text not null,
      username text not null,
      entered_at ${long} not null,
      expires_at ${long},
      review_at ${long} not null,
      announced ${small} not null,
      awaits text not null,
      released_at ${long},
      released_by text,
      reason text
    ${plain}`,
    // What is held is little beside what was released.
    `create index quarantine_entry_due on quarantine_entry (review_at) where released_at is null`,
    `create index quarantine_entry_held on quarantine_entry (project_id, artifact_id) where released_at is null`,
    `create index quarantine_entry_digest on quarantine_entry (digest) where released_at is null`,
    `create index quarantine_entry_end on quarantine_entry (expires_at) where released_at is null and expires_at is not null`,
  ]
}

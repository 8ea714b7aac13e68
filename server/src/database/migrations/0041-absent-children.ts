import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** Children of sparse indexes that the repository does not have. */
export const absentChildren: Migration = {
  name: '0041-absent-children',
  async up(tx: Writer, dialect: Dialect) {
    const sqlite = dialect === 'sqlite'
    const long = sqlite ? 'integer' : 'bigint'
    const name = sqlite ? 'text' : 'text collate "C"'
    for (const statement of [
      `create table absent_child (
        parent_id ${long} not null references artifact (id) on delete cascade,
        repository_id ${long} not null,
        digest ${name} not null,
        primary key (parent_id, digest)
      )${sqlite ? ' strict, without rowid' : ''}`,
      `create index absent_child_digest on absent_child (repository_id, digest)`,
    ])
      await sql.raw(statement).execute(tx)
  },
}

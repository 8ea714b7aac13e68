import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** Keys that seal secrets. The server seals the secrets that are there when it starts: a migration has no outer key. */
export const secretKeys: Migration = {
  name: '0052-secret-keys',
  async up(tx: Writer, dialect: Dialect) {
    const sqlite = dialect === 'sqlite'
    const long = sqlite ? 'integer' : 'bigint'
    const text = sqlite ? 'text' : 'text collate "C"'
    for (const statement of [
      `create table secret_key (
        id ${text} not null primary key,
        wrapped text not null,
        outer_key_id text not null,
        created_at ${long} not null,
        retired_at ${long}
      )${sqlite ? ' strict' : ''}`,
      // One key seals.
      `create unique index secret_key_sealing on secret_key (coalesce(retired_at, 0)) where retired_at is null`,
    ])
      await sql.raw(statement).execute(tx)
  },
}

import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** What a directory calls somebody wherever it moves them. Accounts get theirs at the next login. */
export const stableIdentities: Migration = {
  name: '0021-stable-identities',
  async up(tx: Writer, dialect: Dialect) {
    const text = dialect === 'sqlite' ? 'text' : 'text collate "C"'
    await sql.raw(`alter table user_account add column stable_id ${text}`).execute(tx)
    await sql`create unique index user_account_stable on user_account (source, stable_id)
      where stable_id is not null`.execute(tx)
  },
}

import { sql } from 'kysely'
import type { Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** The process that holds bytes for a backup: one that is known to be dead keeps nobody waiting. */
export const holdHolder: Migration = {
  name: '0023-hold-holder',
  async up(tx: Writer) {
    await sql`alter table storage_hold add column holder text`.execute(tx)
  },
}

import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** The run of a retention policy that deleted an entry of the trash, so that all of a run can be had back. */
export const trashRun: Migration = {
  name: '0027-trash-run',
  async up(tx: Writer, dialect: Dialect) {
    const long = sql.raw(dialect === 'sqlite' ? 'integer' : 'bigint')
    await sql`alter table trash_entry add column run_id ${long}`.execute(tx)
    await sql`create index trash_entry_run on trash_entry (project_id, run_id, id) where part_of is null and run_id is not null`.execute(
      tx,
    )
  },
}

import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** Backups that ended well, whoever made them: the audit log that tells of them is purged. */
export const backupRun: Migration = {
  name: '0028-backup-run',
  async up(tx: Writer, dialect: Dialect) {
    const long = dialect === 'sqlite' ? 'integer' : 'bigint'
    const end = dialect === 'sqlite' ? ') strict, without rowid' : ')'
    await sql
      .raw(
        `create table backup_run (
          id text not null primary key,
          archive text not null,
          started_at ${long} not null,
          finished_at ${long} not null,
          blobs ${long} not null,
          bytes ${long} not null,
          new_bytes ${long} not null,
          damaged ${long} not null
        ${end}`,
      )
      .execute(tx)
    await sql`create index backup_run_finished on backup_run (finished_at)`.execute(tx)
  },
}

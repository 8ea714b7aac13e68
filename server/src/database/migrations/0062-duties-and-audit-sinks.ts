import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** The duty of an administrator, where duties are separate. How receivers of the audit log stand, for whoever looks after them; their positions are those of consumers. */
export const dutiesAndAuditSinks: Migration = {
  name: '0062-duties-and-audit-sinks',
  async up(tx: Writer, dialect: Dialect) {
    const sqlite = dialect === 'sqlite'
    await sql.raw('alter table user_account add column duty text').execute(tx)
    // Each sign-in of an administrator asks whether somebody has it.
    await sql.raw('create index user_account_duty on user_account (duty) where duty is not null').execute(tx)
    const long = sqlite ? 'integer' : 'bigint'
    await sql
      .raw(
        `create table audit_sink (
          name text not null primary key,
          sent_at ${long},
          failed_at ${long},
          error text not null default '',
          missed_at ${long},
          missed ${long} not null default 0,
          refused_at ${long},
          refused ${long} not null default 0
        ${sqlite ? ') strict, without rowid' : ')'}`,
      )
      .execute(tx)
  },
}

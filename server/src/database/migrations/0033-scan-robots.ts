import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** Robots that a scan is given for one repository, and that end with it. */
export const scanRobots: Migration = {
  name: '0033-scan-robots',
  async up(tx: Writer, dialect: Dialect) {
    const text = sql.raw(dialect === 'sqlite' ? 'text' : 'text collate "C"')
    await sql`alter table robot add column repository ${text}`.execute(tx)
    await sql`create index robot_repository on robot (expires_at) where repository is not null`.execute(tx)
  },
}

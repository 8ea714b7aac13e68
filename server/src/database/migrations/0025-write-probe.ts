import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** Where `/ready` tries whether the disk has room. It never holds a row. */
export const writeProbe: Migration = {
  name: '0025-write-probe',
  async up(tx: Writer, dialect: Dialect) {
    const isSqlite = dialect === 'sqlite'
    await sql.raw(`create table write_probe (filler text not null ${isSqlite ? ') strict' : ')'}`).execute(tx)
    // Compressed, the filler would take no room.
    if (!isSqlite) await sql`alter table write_probe alter column filler set storage plain`.execute(tx)
  },
}

import { sql } from 'kysely'
import { DatabaseBusy, type Database } from './database.ts'

/** Some pages: an index that grows, a row with a manifest. */
const probedBytes = 256 << 10
const rowBytes = 8_000

/** Ends the transaction of a probe that found what it looked for. */
class RollBack extends Error {}

/**
 * Takes room on the disk of a PostgreSQL server as a push would, and gives it back: a new file is written and rolled
 * back, because a table with free pages tells nothing about the disk. Another process at it at the same moment, or a dump
 * that reads the table, leaves the answer to the next call.
 * @throws DatabaseFull, and what every write throws
 */
export async function probeRoom(database: Pick<Database, 'write'>): Promise<void> {
  try {
    await database.write(async (tx) => {
      await sql`lock table write_probe in access exclusive mode nowait`.execute(tx)
      await sql`truncate write_probe`.execute(tx)
      await sql`
        insert into write_probe (filler)
        select repeat('x', ${sql.lit(rowBytes)}) from generate_series(1, ${sql.lit(Math.ceil(probedBytes / rowBytes))})
      `.execute(tx)
      throw new RollBack()
    }, 'relaxed')
  } catch (error) {
    if (!(error instanceof RollBack) && !(error instanceof DatabaseBusy)) throw error
  }
}

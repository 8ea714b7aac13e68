import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** Files of exports, until they end. */
export const scanDataChunk: Migration = {
  name: '0034-scan-data-chunk',
  async up(tx: Writer, dialect: Dialect) {
    const sqlite = dialect === 'sqlite'
    const long = sqlite ? 'integer' : 'bigint'
    const table = `create table scan_data_chunk (
      job_id ${long} not null,
      position ${long} not null,
      bytes ${sqlite ? 'blob' : 'bytea'} not null,
      expires_at ${long} not null,
      primary key (job_id, position)
    ${sqlite ? ') strict, without rowid' : ')'}`
    await sql.raw(table).execute(tx)
    await sql`create index scan_data_chunk_end on scan_data_chunk (expires_at)`.execute(tx)
  },
}

import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** What is found in the bill of materials that somebody attached to an image, for repositories whose project prefers those. */
export const attachedSboms: Migration = {
  name: '0047-attached-sboms',
  async up(tx: Writer, dialect: Dialect) {
    const sqlite = dialect === 'sqlite'
    for (const statement of [
      `alter table scan_view add column sbom ${sqlite ? 'text' : 'text collate "C"'}`,
      `alter table scan_view add column findings ${sqlite ? 'blob' : 'bytea'}`,
    ])
      await sql.raw(statement).execute(tx)
  },
}

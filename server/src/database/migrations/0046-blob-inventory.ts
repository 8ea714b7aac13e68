import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/**
 * What was found in layers is kept by the digest of their bytes. It was kept by the DiffID that a config claims, which nobody had
 * compared with the layer: what was found that way is found anew.
 */
export const blobInventory: Migration = {
  name: '0046-blob-inventory',
  async up(tx: Writer, dialect: Dialect) {
    const sqlite = dialect === 'sqlite'
    const long = sqlite ? 'integer' : 'bigint'
    const text = sqlite ? 'text' : 'text collate "C"'
    for (const statement of [
      `create table blob_inventory (
        digest ${text} not null,
        analyser ${long} not null,
        body ${sqlite ? 'blob' : 'bytea'} not null,
        used_at ${long} not null,
        primary key (digest, analyser)
      ${sqlite ? ') strict' : ')'}`,
      `create index blob_inventory_used on blob_inventory (used_at)`,
      `drop table layer_inventory`,
      `delete from artifact_inventory`,
    ])
      await sql.raw(statement).execute(tx)
  },
}

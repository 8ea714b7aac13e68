import { sql } from 'kysely'
import type { Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** The digest of an upload's bytes so far: any process can then finish a push without reading them again. */
export const uploadDigest: Migration = {
  name: '0018-upload-digest',
  async up(tx: Writer) {
    await sql`alter table upload add column digest_state text`.execute(tx)
  },
}

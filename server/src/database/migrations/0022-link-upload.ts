import { sql } from 'kysely'
import type { Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** The upload that a link came of, and its actor: a client whose answer was lost asks again for a session that ended. */
export const linkUpload: Migration = {
  name: '0022-link-upload',
  async up(tx: Writer) {
    await sql`alter table repository_blob add column upload_id text`.execute(tx)
    await sql`alter table repository_blob add column uploaded_by text`.execute(tx)
  },
}

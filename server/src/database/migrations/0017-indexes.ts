import { sql } from 'kysely'
import type { Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** What ten million manifests asked for (bench/RESULTS.md). Takes some seconds for each million on PostgreSQL. */
export const indexes: Migration = {
  name: '0017-indexes',
  async up(tx: Writer) {
    const statements = [
      // Nothing looked by it, and with it no renewal of a lease could stay within its page.
      `drop index repository_blob_lease`,
      // Lists show the newest first: a page is then as much work as it has rows.
      `create index artifact_pushed on artifact (repository_id, pushed_at, id)`,
      `create index repository_created on repository (created_at, id)`,
      `create index repository_project_created on repository (project_id, created_at, id)`,
    ]
    for (const statement of statements) await sql.raw(statement).execute(tx)
  },
}

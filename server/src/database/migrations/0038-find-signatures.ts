import { sql } from 'kysely'
import type { Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/**
 * Signatures that were pushed before the registry verified any have no verdict: a job looks for them. A registry without
 * artifacts has none.
 */
export const findSignatures: Migration = {
  name: '0038-find-signatures',
  async up(tx: Writer) {
    const now = Date.now()
    await sql`insert into job
      (kind, payload, status, priority, run_at, started_by, actor, username, created_at, updated_at)
      select 'find-signatures', '{}', 'pending', -10, ${now}, 'event', 'system:migration', 'migration', ${now}, ${now}
      where exists (select 1 from artifact)`.execute(tx)
  },
}

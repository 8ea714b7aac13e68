import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** Findings of the whole registry, the highest score first; and what their publishers say about mending them. */
export const securityHub: Migration = {
  name: '0030-security-hub',
  async up(tx: Writer, dialect: Dialect) {
    const sqlite = dialect === 'sqlite'
    const last = sqlite ? '' : ' nulls last'
    const text = sqlite ? 'text' : 'text collate "C"'
    for (const statement of [
      // Reports are known by digest, whatever repositories have it.
      `create index artifact_digest on artifact (digest)`,
      `alter table scan_finding add column status ${text} not null default ''`,
      `create index scan_finding_score on scan_finding
        (scanner_id, score desc${last}, severity desc, vulnerability desc, digest, package, version)`,
    ])
      await sql.raw(statement).execute(tx)
  },
}

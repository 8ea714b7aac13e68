import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** Beside what a project uses: how large its artifacts would be if they shared nothing. */
export const logicalUsage: Migration = {
  name: '0011-logical-usage',
  async up(tx: Writer, dialect: Dialect) {
    const long = dialect === 'sqlite' ? 'integer' : 'bigint'
    const statements = [
      `alter table project_usage add column logical_bytes ${long} not null default 0`,
      `insert into project_usage (project_id, bytes, logical_bytes)
        select repository.project_id, 0, sum(artifact.size) from artifact
        join repository on repository.id = artifact.repository_id group by repository.project_id`,
    ]
    for (const statement of statements) await sql.raw(statement).execute(tx)
  },
}

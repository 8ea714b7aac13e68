import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** How the making of bills of materials stands. The bills themselves are artifacts. */
export const sbomRuns: Migration = {
  name: '0031-sbom-runs',
  async up(tx: Writer, dialect: Dialect) {
    const sqlite = dialect === 'sqlite'
    const long = sqlite ? 'integer' : 'bigint'
    const text = sqlite ? 'text' : 'text collate "C"'
    const end = sqlite ? ') strict' : ')'
    await sql
      .raw(
        `create table sbom_run (
          repository_id ${long} not null,
          digest ${text} not null,
          report_id text not null,
          job_id ${long},
          status text not null,
          error text,
          started_at ${long},
          finished_at ${long},
          created_at ${long} not null,
          primary key (repository_id, digest)
        ${end}`,
      )
      .execute(tx)
    await sql`create unique index sbom_run_report on sbom_run (report_id)`.execute(tx)
    await sql`create index sbom_run_digest on sbom_run (digest)`.execute(tx)
  },
}

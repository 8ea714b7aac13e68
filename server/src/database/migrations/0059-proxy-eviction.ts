import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** The order in which a full proxy project gives up what it holds. */
export const proxyEviction: Migration = {
  name: '0059-proxy-eviction',
  async up(tx: Writer, dialect: Dialect) {
    for (const statement of statements(dialect)) await sql.raw(statement).execute(tx)
  },
}

function statements(dialect: Dialect): string[] {
  const sqlite = dialect === 'sqlite'
  const long = sqlite ? 'integer' : 'bigint'
  const text = sqlite ? 'text' : 'text collate "C"'
  const end = sqlite ? ') strict' : ')'
  return [
    `create table proxy_entry (
      artifact_id ${long} not null primary key references artifact (id) on delete cascade,
      project_id ${long} not null references project (id) on delete cascade,
      queue text not null,
      position ${long} not null,
      hits ${long} not null,
      size ${long} not null
    ${end}`,
    `create index proxy_entry_order on proxy_entry (project_id, queue, position)`,
    // What was given up lately: what comes back was wanted more than once.
    `create table proxy_ghost (
      project_id ${long} not null references project (id) on delete cascade,
      digest ${text} not null,
      position ${long} not null,
      primary key (project_id, digest)
    ${end}`,
    `create index proxy_ghost_order on proxy_ghost (project_id, position)`,
  ]
}

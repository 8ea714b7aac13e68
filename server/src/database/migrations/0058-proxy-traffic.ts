import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** How often each proxy project was asked, by day and outcome. */
export const proxyTraffic: Migration = {
  name: '0058-proxy-traffic',
  async up(tx: Writer, dialect: Dialect) {
    const sqlite = dialect === 'sqlite'
    const long = sqlite ? 'integer' : 'bigint'
    await sql
      .raw(
        `create table proxy_traffic (
          project_id ${long} not null references project (id) on delete cascade,
          day ${long} not null,
          outcome text not null,
          requests ${long} not null,
          bytes ${long} not null,
          primary key (project_id, day, outcome)
        ${sqlite ? ') strict, without rowid' : ')'}`,
      )
      .execute(tx)
    await sql.raw(`create index proxy_traffic_day on proxy_traffic (day)`).execute(tx)
  },
}

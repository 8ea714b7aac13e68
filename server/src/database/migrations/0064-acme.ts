import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** Accounts at certificate services, and the answers that they look for. */
export const acme: Migration = {
  name: '0064-acme',
  async up(tx: Writer, dialect: Dialect) {
    const sqlite = dialect === 'sqlite'
    const long = sqlite ? 'integer' : 'bigint'
    const end = sqlite ? ') strict' : ')'
    const statements = [
      `create table acme_account (
        directory text not null primary key,
        private_key text not null,
        url text,
        created_at ${long} not null
      ${end}`,
      `create table acme_challenge (
        token text not null primary key,
        key_authorization text not null,
        expires_at ${long} not null
      ${end}`,
    ]
    for (const statement of statements) await sql.raw(statement).execute(tx)
  },
}

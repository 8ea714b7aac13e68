import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** Codes beside the password of people. */
export const secondFactor: Migration = {
  name: '0065-second-factor',
  async up(tx: Writer, dialect: Dialect) {
    for (const statement of statements(dialect)) await sql.raw(statement).execute(tx)
  },
}

function statements(dialect: Dialect): string[] {
  const sqlite = dialect === 'sqlite'
  const long = sqlite ? 'integer' : 'bigint'
  const small = sqlite ? 'integer' : 'smallint'
  const text = sqlite ? 'text' : 'text collate "C"'
  const end = sqlite ? ') strict' : ')'
  return [
    `alter table user_account add column second_factor ${small} not null default 0`,
    `alter table session add column proved_at ${long}`,
    `create table second_factor (
      user_id ${long} not null primary key references user_account (id) on delete cascade,
      secret text not null,
      confirmed_at ${long},
      last_step ${long} not null,
      wrong_codes ${long} not null,
      wrong_at ${long} not null,
      created_at ${long} not null
    ${end}`,
    `create table recovery_code (
      user_id ${long} not null references user_account (id) on delete cascade,
      code_hash ${text} not null,
      primary key (user_id, code_hash)
    ${end}`,
    `create table passkey (
      id ${text} not null primary key,
      user_id ${long} not null references user_account (id) on delete cascade,
      name text not null,
      rp_id text not null,
      public_key text not null,
      counter ${long} not null,
      created_at ${long} not null,
      last_used_at ${long}
    ${end}`,
    `create index passkey_user on passkey (user_id)`,
    `create table passkey_challenge (
      hash ${text} not null primary key,
      expires_at ${long} not null
    ${end}`,
    `create index passkey_challenge_expires on passkey_challenge (expires_at)`,
  ]
}

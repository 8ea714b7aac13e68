import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** The chain that audit records are sealed into (docs/adr/0011). */
export const auditChain: Migration = {
  name: '0061-audit-chain',
  async up(tx: Writer, dialect: Dialect) {
    for (const statement of statements(dialect)) await sql.raw(statement).execute(tx)
  },
}

function statements(dialect: Dialect): string[] {
  const sqlite = dialect === 'sqlite'
  const long = sqlite ? 'integer' : 'bigint'
  const keyed = sqlite ? ') strict, without rowid' : ')'
  return [
    `alter table event add column sequence ${long}`,
    `create unique index event_sequence on event (sequence) where sequence is not null`,
    // As small as what was committed since the last seal.
    `create index event_unsealed on event (id) where sequence is null`,
    `create table audit_link (
      sequence ${long} not null primary key,
      sealed_at ${long} not null,
      record_hash text not null,
      hash text not null,
      purge ${long}
    ${keyed}`,
    `create index audit_link_kept on audit_link (sequence) where purge is null`,
    `create table audit_chain (
      id ${long} not null primary key check (id = 1),
      sequence ${long} not null,
      hash text not null,
      base_sequence ${long} not null,
      base_hash text not null,
      history ${long} not null,
      checkpoints ${long} not null,
      sealed_at ${long} not null,
      document text not null,
      signature text not null,
      verified_at ${long},
      verification text
    ${keyed}`,
    `create table audit_checkpoint (
      number ${long} not null primary key,
      sequence ${long} not null,
      hash text not null,
      created_at ${long} not null,
      document text not null,
      signature text not null
    ${keyed}`,
    `create table audit_purge (
      number ${long} not null primary key,
      first_sequence ${long} not null,
      last_sequence ${long} not null,
      document text not null,
      signature text not null
    ${keyed}`,
    `create table audit_key (
      fingerprint text not null primary key,
      public_key text not null,
      private_key text,
      created_at ${long} not null
    ${keyed}`,
  ]
}

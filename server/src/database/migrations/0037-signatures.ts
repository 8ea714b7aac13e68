import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** Whose signatures count, the signatures that there are, and what follows for what they sign. */
export const signatures: Migration = {
  name: '0037-signatures',
  async up(tx: Writer, dialect: Dialect) {
    for (const statement of statements(dialect)) await sql.raw(statement).execute(tx)
  },
}

function statements(dialect: Dialect): string[] {
  const sqlite = dialect === 'sqlite'
  const id = sqlite ? 'integer not null primary key autoincrement' : 'bigint generated always as identity primary key'
  const long = sqlite ? 'integer' : 'bigint'
  const name = sqlite ? 'text' : 'text collate "C"'
  const plain = sqlite ? ') strict' : ')'
  const keyed = sqlite ? ') strict, without rowid' : ')'
  return [
    `create table trusted_signer (
      id ${id},
      project_id ${long} references project (id) on delete cascade,
      name ${name} not null,
      kind text not null,
      definition text not null,
      username text not null,
      created_at ${long} not null
    ${plain}`,
    `create unique index trusted_signer_name on trusted_signer (coalesce(project_id, 0), name)`,
    `create table artifact_signature (
      repository_id ${long} not null references repository (id) on delete cascade,
      subject_digest ${name} not null,
      signature_digest ${name} not null,
      position ${long} not null,
      method text not null,
      format text not null,
      state text not null,
      refusal text,
      detail text,
      signer_id ${long},
      signer_name text,
      identity text,
      issuer text,
      certificates text not null,
      stamped_at ${long},
      stamped_by text,
      valid_until ${long},
      predicate_type text,
      trust text not null,
      checked_at ${long} not null,
      primary key (repository_id, subject_digest, signature_digest, position)
    ${keyed}`,
    `create index artifact_signature_digest on artifact_signature (repository_id, signature_digest)`,
    `create table signature_verdict (
      repository_id ${long} not null references repository (id) on delete cascade,
      digest ${name} not null,
      project_id ${long} not null,
      cosign_state text not null,
      cosign_signer ${long},
      cosign_until ${long},
      cosign_index ${name},
      notation_state text not null,
      notation_signer ${long},
      notation_until ${long},
      notation_index ${name},
      ends_at ${long},
      decided_at ${long} not null,
      primary key (repository_id, digest)
    ${keyed}`,
    `create index signature_verdict_ends on signature_verdict (ends_at) where ends_at is not null`,
    `create index signature_verdict_cosign_index on signature_verdict (repository_id, cosign_index) where cosign_index is not null`,
    `create index signature_verdict_notation_index on signature_verdict (repository_id, notation_index)
      where notation_index is not null`,
    `create index signature_verdict_project on signature_verdict (project_id)`,
  ]
}

import type { Selectable } from 'kysely'
import type { Reader } from '../../../database/database.ts'
import type { AuditCheckpointTable } from '../../../database/schema/audit-chain.ts'
import type { Signed } from './statements.ts'

/** A checkpoint as it is kept. */
export interface KeptCheckpoint extends Signed {
  readonly number: number
  readonly sequence: number
  readonly hash: string
  readonly createdAt: number
}

/** The newest first. `before`: the number of the last one of the page before. */
export async function listCheckpoints(
  reader: Reader,
  { before, limit }: { readonly before: number | undefined; readonly limit: number },
): Promise<readonly KeptCheckpoint[]> {
  const all = reader.selectFrom('audit_checkpoint').selectAll().orderBy('number', 'desc').limit(limit)
  const rows = await (before === undefined ? all : all.where('number', '<', before)).execute()
  return rows.map(checkpointOf)
}

function checkpointOf(row: Selectable<AuditCheckpointTable>): KeptCheckpoint {
  const { hash, document, signature } = row
  return {
    ...{ number: Number(row.number), sequence: Number(row.sequence), createdAt: Number(row.created_at) },
    ...{ hash, document, signature },
  }
}

/** The public halves of the keys that signed, the oldest first. */
export async function listAuditKeys(reader: Reader) {
  const rows = await reader
    .selectFrom('audit_key')
    .select(['fingerprint', 'public_key', 'created_at'])
    .orderBy('created_at')
    .execute()
  return rows.map(({ fingerprint, public_key, created_at }) => ({
    ...{ fingerprint, public_key, createdAt: Number(created_at) },
  }))
}

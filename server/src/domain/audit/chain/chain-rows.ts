import type { Database, Reader, Writer } from '../../../database/database.ts'
import { lockRows } from '../../../database/locking.ts'
import { genesis, type ChainedRecord } from './hashes.ts'
import type { AuditKey, Head } from './statements.ts'

export interface ChainHead {
  readonly sequence: number
  readonly hash: string
  readonly baseSequence: number
  readonly baseHash: string
  readonly history: number
  readonly checkpoints: number
  readonly sealedAt: number
}

export async function findChainHead(reader: Reader): Promise<ChainHead | undefined> {
  const row = await reader.selectFrom('audit_chain').selectAll().executeTakeFirst()
  if (row === undefined) return undefined
  return {
    sequence: Number(row.sequence),
    hash: row.hash,
    baseSequence: Number(row.base_sequence),
    baseHash: row.base_hash,
    history: Number(row.history),
    checkpoints: Number(row.checkpoints),
    sealedAt: Number(row.sealed_at),
  }
}

/** The head under its lock: one transaction at a time changes the chain. The first one begins it. */
export async function lockChain(database: Pick<Database, 'dialect'>, tx: Writer): Promise<ChainHead> {
  await lockRows(database, tx.selectFrom('audit_chain').select('id')).execute()
  const head = await findChainHead(tx)
  if (head !== undefined) return head
  const { count } = await tx
    .selectFrom('event')
    .select((eb) => eb.fn.countAll<number | string>().as('count'))
    .executeTakeFirstOrThrow()
  const fresh = {
    ...{ sequence: 0, hash: genesis, base_sequence: 0, base_hash: genesis, checkpoints: 0, sealed_at: 0 },
    ...{ history: Number(count), document: '', signature: '' },
  }
  await tx
    .insertInto('audit_chain')
    .values({ id: 1, ...fresh })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
  await lockRows(database, tx.selectFrom('audit_chain').select('id')).execute()
  return (await findChainHead(tx))!
}

/** Writes the head down and signs it. */
export async function signHead(tx: Writer, key: AuditKey, head: ChainHead): Promise<void> {
  const statement: Head = {
    type: 'berth-audit-head/1',
    ...{ sequence: head.sequence, hash: head.hash, base: { sequence: head.baseSequence, hash: head.baseHash } },
    ...{ history: head.history, checkpoints: head.checkpoints },
    ...{ time: new Date(head.sealedAt).toISOString(), key: key.fingerprint },
  }
  await tx
    .updateTable('audit_chain')
    .set({
      ...{ sequence: head.sequence, hash: head.hash, base_sequence: head.baseSequence, base_hash: head.baseHash },
      ...{ checkpoints: head.checkpoints, sealed_at: head.sealedAt, ...key.sign(statement) },
    })
    .where('id', '=', 1)
    .execute()
}

/** PostgreSQL gives whole numbers as text. */
export type Whole = number | string

export interface RecordColumns {
  readonly id: Whole
  readonly type: string
  readonly occurred_at: Whole
  readonly actor: string
  readonly project_id: Whole | null
  readonly resource: string
  readonly payload: string
  readonly username: string
  readonly client_address: string
  readonly succeeded: Whole
}

export const recordOf = (row: RecordColumns): ChainedRecord => ({
  id: Number(row.id),
  type: row.type,
  occurredAt: Number(row.occurred_at),
  actor: row.actor,
  projectId: row.project_id === null ? null : Number(row.project_id),
  resource: row.resource,
  payload: row.payload,
  username: row.username,
  clientAddress: row.client_address,
  succeeded: Number(row.succeeded),
})

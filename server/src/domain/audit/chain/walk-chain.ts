import type { Reader, Snapshot } from '../../../database/database.ts'
import { recordOf, type RecordColumns, type Whole } from './chain-rows.ts'
import type { ChainPiece } from './verify-chain.ts'

export type LinkPiece = Extract<ChainPiece, { kind: 'link' }>

interface JoinedRow extends Omit<RecordColumns, 'id'> {
  readonly id: Whole | null
  readonly sequence: Whole
  readonly sealed_at: Whole
  readonly record_hash: string
  readonly hash: string
  readonly purge: Whole | null
}

const signedTables = { checkpoint: 'audit_checkpoint', purge: 'audit_purge' } as const

const joined = `select link.sequence, link.sealed_at, link.record_hash, link.hash, link.purge,
    event.id, event.type, event.occurred_at, event.actor, event.project_id, event.resource, event.payload,
    event.username, event.client_address, event.succeeded
  from audit_link as link left join event on event.sequence = link.sequence
  order by link.sequence`

const strays = `select id, sequence from event where sequence is not null
  and not exists (select 1 from audit_link where audit_link.sequence = event.sequence) order by sequence`

const waiting = `select count(*) as count, min(occurred_at) as oldest from event where sequence is null`

/** Keys, and what they signed. */
export async function* walkSigned(snapshot: Snapshot): AsyncGenerator<ChainPiece, void> {
  for await (const rows of snapshot.rows<{ public_key: string }>(
    'select public_key from audit_key order by created_at',
  ))
    for (const row of rows) yield { kind: 'key', publicKey: row.public_key }
  for await (const rows of snapshot.rows<{ document: string; signature: string }>(
    'select document, signature from audit_chain',
  ))
    for (const { document, signature } of rows) yield { kind: 'head', signed: { document, signature } }
  for (const kind of ['checkpoint', 'purge'] as const)
    for await (const rows of snapshot.rows<{ document: string; signature: string }>(
      `select document, signature from ${signedTables[kind]} order by number`,
    ))
      for (const { document, signature } of rows) yield { kind, signed: { document, signature } }
}

/** The chain as it is kept at one moment, piece by piece, in the order that `ChainVerifier` takes. */
export async function* walkChain(snapshot: Snapshot): AsyncGenerator<ChainPiece, void> {
  yield* walkSigned(snapshot)
  for await (const rows of snapshot.rows<JoinedRow>(joined)) for (const row of rows) yield linkOf(row)
  for await (const rows of snapshot.rows<{ id: Whole; sequence: Whole }>(strays))
    for (const row of rows) yield { kind: 'stray', id: Number(row.id), sequence: Number(row.sequence) }
  for await (const rows of snapshot.rows<{ count: Whole; oldest: Whole | null }>(waiting))
    for (const { count, oldest } of rows)
      yield { kind: 'unsealed', count: Number(count), oldest: oldest === null ? undefined : Number(oldest) }
}

/** Links with their records, in their order. */
export async function readLinks(
  reader: Reader,
  { after, through, limit }: { readonly after: number; readonly through: number; readonly limit: number },
): Promise<readonly LinkPiece[]> {
  const rows = await reader
    .selectFrom('audit_link as link')
    .leftJoin('event', 'event.sequence', 'link.sequence')
    .select(['link.sequence', 'link.sealed_at', 'link.record_hash', 'link.hash', 'link.purge', 'event.id'])
    .select(['event.type', 'event.occurred_at', 'event.actor', 'event.project_id', 'event.resource', 'event.payload'])
    .select(['event.username', 'event.client_address', 'event.succeeded'])
    .where('link.sequence', '>', after)
    .where('link.sequence', '<=', through)
    .orderBy('link.sequence')
    .limit(limit)
    .execute()
  // The columns of a record are there all together, or none is.
  return rows.map((row) => linkOf(row as JoinedRow))
}

function linkOf(row: JoinedRow): LinkPiece {
  const { sequence, sealed_at: sealedAt, record_hash: recordHash, hash, purge, id } = row
  return {
    kind: 'link',
    link: {
      ...{ sequence: Number(sequence), sealedAt: Number(sealedAt), recordHash, hash },
      purge: purge === null ? null : Number(purge),
    },
    record: id === null ? undefined : recordOf({ ...row, id }),
  }
}

import { z } from 'zod'
import { wordsOf } from '../../../domain/audit/audit-records.ts'
import { exportChain } from '../../../domain/audit/chain/export-chain.ts'
import { writeLine } from '../../../domain/audit/chain/export-lines.ts'
import type { ChainPiece } from '../../../domain/audit/chain/verify-chain.ts'
import type { LinkPiece } from '../../../domain/audit/chain/walk-chain.ts'
import { csvLine } from '../../../domain/scanning/exports/csv.ts'
import { streamOf } from '../../streamed.ts'
import { timeOf } from '../frame/answers.ts'
import { route, type Route } from '../frame/route.ts'

const formats = {
  jsonl: { type: 'application/x-ndjson', lines: jsonLines },
  csv: { type: 'text/csv; charset=utf-8', lines: csvLines },
}

/** Written together, so that a log of millions is not millions of pieces. */
const pieceLength = 64 * 1024

export const auditExportRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/system/audit-log/export',
    tag: 'auditlog',
    operationId: 'exportAuditLog',
    summary:
      'The whole audit log. `jsonl` comes with its proof: keys, signed statements and links, for `berth audit verify --file`. `csv` names the place and the hashes of each record.',
    access: { kind: 'system', permission: 'audit-log:list' },
    query: z.object({ format: z.enum(['jsonl', 'csv']).default('jsonl') }),
    answers: { 200: z.string() },
    handle: async ({ actor, query: { format } }, { auditChain, auditReadings, database, clock }) => {
      await auditReadings.noteExport(actor, format)
      await auditChain.seal()
      const now = timeOf(clock.now())
      const { type, lines } = formats[format]
      return new Response(streamOf(inPieces(lines(exportChain(database), now))), {
        headers: {
          'content-type': type,
          'content-disposition': `attachment; filename="audit-log-${now.slice(0, 10)}.${format}"`,
          'x-content-type-options': 'nosniff',
        },
      })
    },
  }),
]

async function* jsonLines(pieces: AsyncGenerator<ChainPiece, void>, time: string): AsyncGenerator<string, void> {
  yield writeLine({ kind: 'export', format: 'berth-audit-export/1', time })
  let links = 0
  for await (const piece of pieces) {
    if (piece.kind === 'link') links += 1
    yield writeLine(piece)
  }
  yield writeLine({ kind: 'end', links })
}

const titles = [
  ...['sequence', 'id', 'time', 'username', 'operation', 'resource_type', 'resource', 'result', 'client_address'],
  ...['payload', 'sealed_at', 'record_hash', 'hash'],
]

async function* csvLines(pieces: AsyncGenerator<ChainPiece, void>): AsyncGenerator<string, void> {
  yield csvLine(titles)
  for await (const piece of pieces)
    if (piece.kind === 'link' && piece.record !== undefined) yield csvLine(cellsOf(piece.link, piece.record))
}

function cellsOf(
  { sequence, sealedAt, recordHash, hash }: LinkPiece['link'],
  record: NonNullable<LinkPiece['record']>,
) {
  const { id, type, occurredAt, username, resource, clientAddress, payload } = record
  const { operation, resourceType } = wordsOf(type)
  return [
    ...[String(sequence), String(id), timeOf(occurredAt), username, operation, resourceType, resource],
    ...[record.succeeded === 1 ? 'success' : 'failed', clientAddress, payload, timeOf(sealedAt), recordHash, hash],
  ]
}

async function* inPieces(lines: AsyncGenerator<string, void>): AsyncGenerator<Uint8Array, void> {
  const encoder = new TextEncoder()
  let piece = ''
  for await (const line of lines) {
    piece += line
    if (piece.length < pieceLength) continue
    yield encoder.encode(piece)
    piece = ''
  }
  if (piece !== '') yield encoder.encode(piece)
}

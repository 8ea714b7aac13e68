import { z } from 'zod'
import { parseForeignJson } from '#contract/budget.ts'
import type { ChainPiece } from './verify-chain.ts'

/** What an export begins with, and what it ends with when it was not broken off. */
export type ExportLine =
  | { readonly kind: 'export'; readonly format: 'berth-audit-export/1'; readonly time: string }
  | ChainPiece
  | { readonly kind: 'end'; readonly links: number }

const whole = z.number().int()
const text = z.string()
const signed = z.object({ document: text, signature: text })

const record = z.object({
  ...{ id: whole, type: text, occurredAt: whole, actor: text, projectId: whole.nullable(), resource: text },
  ...{ payload: text, username: text, clientAddress: text, succeeded: whole },
})

const line = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('export'), format: z.literal('berth-audit-export/1'), time: text }),
  z.object({ kind: z.literal('key'), publicKey: text }),
  z.object({ kind: z.literal('head'), signed }),
  z.object({ kind: z.literal('checkpoint'), signed }),
  z.object({ kind: z.literal('purge'), signed }),
  z.object({
    kind: z.literal('link'),
    link: z.object({ sequence: whole, sealedAt: whole, recordHash: text, hash: text, purge: whole.nullable() }),
    record: record.optional(),
  }),
  z.object({ kind: z.literal('end'), links: whole }),
])

const budget = { subject: 'a line of the export', maxBytes: 1024 * 1024, maxDepth: 8, maxValues: 200 }

/** JSON, one object on a line. The payload of a record is the text that was hashed, not what it means. */
export const writeLine = (written: ExportLine): string => `${JSON.stringify(written)}\n`

/** @throws ContractError, ZodError for a line that is none of an export */
export const parseLine = (written: string): ExportLine => line.parse(parseForeignJson(written, budget)) as ExportLine

import { callForRows } from '../../../api/client.ts'
import { unattended } from '../../../api/session.ts'
import { csvBlob, csvField } from '../../../components/download.ts'
import type { AuditRecord } from './audit-columns.tsx'

export type ExportFormat = 'csv' | 'ndjson'

/** A browser holds the file until it is written; whoever needs more narrows the filter by time. */
export const mostExported = 100_000
const perPage = 100

interface ExportOptions {
  readonly q: string | undefined
  readonly format: ExportFormat
  onProgress(count: number): void
}

/** Page by page, as much as the filter shows, the newest first. */
export async function exportRecords({
  q,
  format,
  onProgress,
}: ExportOptions): Promise<{ blob: Blob; count: number; cut: boolean }> {
  const parts: string[] = format === 'csv' ? [`${columns.join(',')}\r\n`] : []
  let count = 0
  let next: Readonly<Record<string, string>> | undefined = {}
  while (next !== undefined && count < mostExported) {
    const query: Record<string, string | number | undefined> = { q, page_size: perPage, ...next }
    const page = await callForRows('GET /auditlog-exts', { query, ...unattended })
    parts.push(page.rows.map(format === 'csv' ? csvLine : jsonLine).join(''))
    count += page.rows.length
    next = page.next
    onProgress(count)
  }
  const blob = format === 'csv' ? csvBlob(parts) : new Blob(parts, { type: 'application/x-ndjson' })
  return { blob, count, cut: next !== undefined }
}

const columns = [
  'id',
  'op_time',
  'username',
  'operation',
  'resource_type',
  'resource',
  'operation_result',
  'client_address',
  'operation_description',
] as const

const jsonLine = (record: AuditRecord): string => `${JSON.stringify(record)}\n`

export function csvLine(record: AuditRecord): string {
  return `${columns.map((column) => csvField(String(record[column] ?? ''))).join(',')}\r\n`
}

import { callForRows } from '../../../api/client.ts'
import { unattended } from '../../../api/session.ts'
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
  const type = format === 'csv' ? 'text/csv;charset=utf-8' : 'application/x-ndjson'
  // A spreadsheet reads UTF-8 only where a mark says so.
  return { blob: new Blob(format === 'csv' ? ['\uFEFF', ...parts] : parts, { type }), count, cut: next !== undefined }
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

/** What somebody named their repository must not become a formula in a spreadsheet. */
function csvField(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

/** Gives the file to who asked for it. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // Not at once: the browser has still to read it.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

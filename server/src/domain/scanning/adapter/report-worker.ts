import { budgets } from '#contract/budget.ts'
import { serveStreams } from '../../../runtime/stream-worker.ts'
import { readAdapterReport } from './adapter-report.ts'
import type { ScannerIdentity } from '../../../clients/scanner/scanner-adapter.ts'

export interface ReportRequest {
  readonly digest: string
  readonly scanner: ScannerIdentity
}

/** The thread of report-threads.ts: reads one report after another. */
serveStreams(async (request, open) => {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of open()) {
    length += chunk.byteLength
    // What is sent without an end ends here, before it is stored anywhere.
    if (length > budgets.scannerReport.maxBytes)
      throw new Error(`the report has more than ${budgets.scannerReport.maxBytes} bytes`)
    chunks.push(chunk)
  }
  return readAdapterReport(Buffer.concat(chunks), request as ReportRequest)
})

import { StreamThreads, ThreadDied, threadProgram, ThreadStuck } from '../../../runtime/stream-threads.ts'
import type { ScanFindings } from '../finding.ts'
import type { ReportRequest } from './report-worker.ts'
import { ScannerFailure, type ScannerIdentity } from '../../../clients/scanner/scanner-adapter.ts'

/** Reads a report off the event loop. @throws ScannerFailure for one that cannot be believed */
export type ReadAdapterReport = (
  body: AsyncIterable<Uint8Array>,
  expected: { readonly digest: string; readonly scanner: ScannerIdentity },
  signal: AbortSignal,
) => Promise<ScanFindings>

export interface ReportThreadsOptions {
  readonly stuckAfterMs?: number
  /** Of one report, with the time that its bytes take to come. */
  readonly deadlineMs?: number
}

/** Reads what adapters report in a thread: millions of values in one text would hold up every pull. */
export class ReportThreads implements AsyncDisposable {
  readonly #threads: StreamThreads

  constructor({ stuckAfterMs = 60_000, deadlineMs = 5 * 60_000 }: ReportThreadsOptions = {}) {
    const program = threadProgram('server/src/domain/scanning/adapter/report-worker.ts')
    this.#threads = new StreamThreads({ program, maxThreads: 1, stuckAfterMs, deadlineMs })
  }

  readonly read: ReadAdapterReport = async (body, expected, signal) => {
    const request: ReportRequest = expected
    try {
      return (await this.#threads.run(request, () => body, { signal })) as ScanFindings
    } catch (error) {
      if (signal.aborted) throw error
      if (error instanceof ScannerFailure) throw error
      if (error instanceof ThreadStuck || error instanceof ThreadDied)
        throw new ScannerFailure(`its report cannot be read: ${error.message}`, { cause: error })
      throw new ScannerFailure(error instanceof Error ? error.message : String(error), { cause: error })
    }
  };

  [Symbol.asyncDispose](): Promise<void> {
    return this.#threads[Symbol.asyncDispose]()
  }
}

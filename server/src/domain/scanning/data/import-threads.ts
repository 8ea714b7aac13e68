import { StreamThreads, threadProgram } from '../../../runtime/stream-threads.ts'
import { NothingToImport, type ImportResult } from './import-advisories.ts'
import type { ImportAnswer, ImportRequest } from './import-worker.ts'

/** Of one import; the database of Trivy takes minutes. */
const deadlineMs = 60 * 60_000

/** Imports in a thread: reading a gigabyte of advisories would keep the event loop from everything else. */
export class ImportThreads implements AsyncDisposable {
  readonly #threads = new StreamThreads({
    program: threadProgram('server/src/domain/scanning/data/import-worker.ts'),
    maxThreads: 1,
    // It reads from a file, and asks for no bytes until it is done.
    stuckAfterMs: deadlineMs,
    deadlineMs,
  })

  /** @throws NothingToImport; ThreadStuck, ThreadDied; the reason of `signal` */
  async import(request: ImportRequest, signal: AbortSignal): Promise<ImportResult> {
    const answer = (await this.#threads.run(request, none, { signal })) as ImportAnswer
    if (answer.kind === 'refused') throw new NothingToImport(answer.reason)
    return answer.result
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#threads[Symbol.asyncDispose]()
  }
}

async function* none(): AsyncGenerator<Uint8Array, void> {}

import { StreamThreads, threadProgram } from '../../../runtime/stream-threads.ts'
import type { Inventory } from '../inventory.ts'

/** Reads a bill of materials that somebody else made, off the event loop. @throws Error with a sentence; what the stream throws */
export type ReadBomStream = (open: () => AsyncIterable<Uint8Array>) => Promise<Inventory>

/** Reads what others attached in a thread: a list of half a million packages would hold up every pull. */
export class BomThreads implements AsyncDisposable {
  readonly #threads = new StreamThreads({
    program: threadProgram('server/src/domain/scanning/sboms/bom-worker.ts'),
    maxThreads: 1,
    stuckAfterMs: 60_000,
    deadlineMs: 5 * 60_000,
  })

  readonly read: ReadBomStream = async (open) => (await this.#threads.run(undefined, open)) as Inventory;

  [Symbol.asyncDispose](): Promise<void> {
    return this.#threads[Symbol.asyncDispose]()
  }
}

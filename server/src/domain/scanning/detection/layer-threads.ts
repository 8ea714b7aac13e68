import { StreamThreads, ThreadDied, threadProgram, ThreadStuck } from '../../../runtime/stream-threads.ts'
import { unreadLayer } from './detect.ts'
import type { LayerSource } from './inputs/image-source.ts'
import type { LayerInventory } from './layer-inventory.ts'
import type { LayerRequest } from './layer-worker.ts'
import { type DetectionLimits, defaultLimits } from './limits.ts'

export interface LayerThreadsOptions {
  readonly maxThreads: number
  readonly limits?: DetectionLimits
  /** A file that one analyser computes on for longer ends the layer. */
  readonly stuckAfterMs?: number
  /** Of one layer, with the time that its bytes take to come. */
  readonly deadlineMs?: number
}

/** Reads layers in threads: nothing that somebody pushed computes on the event loop, or holds a scan up for ever. */
export class LayerThreads implements AsyncDisposable {
  readonly #threads: StreamThreads
  readonly #limits: DetectionLimits

  constructor({
    maxThreads,
    limits = defaultLimits,
    stuckAfterMs = 60_000,
    deadlineMs = 30 * 60_000,
  }: LayerThreadsOptions) {
    const program = threadProgram('server/src/domain/scanning/detection/layer-worker.ts')
    this.#threads = new StreamThreads({ program, maxThreads, stuckAfterMs, deadlineMs })
    this.#limits = limits
  }

  /** @throws what the layer's stream throws, and the reason of `signal`; a thread that is stuck or died is a verdict */
  async read(layer: LayerSource, signal?: AbortSignal): Promise<LayerInventory> {
    const request: LayerRequest = { where: layer.diffId, diffId: layer.diffId, mode: 'image', limits: this.#limits }
    try {
      const found = await this.#threads.run(request, () => layer.open(), signal === undefined ? {} : { signal })
      return found as LayerInventory
    } catch (error) {
      if (error instanceof ThreadStuck) return unreadLayer(layer.diffId, { code: 'TOO_LARGE', reason: error.message })
      if (error instanceof ThreadDied) {
        return unreadLayer(layer.diffId, { code: 'TOO_LARGE', reason: `its reader died: ${error.message}` })
      }
      throw error
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#threads[Symbol.asyncDispose]()
  }
}

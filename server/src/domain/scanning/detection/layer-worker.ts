import { serveStreams } from '../../../runtime/stream-worker.ts'
import type { DetectionMode } from './analyser.ts'
import type { DetectionLimits } from './limits.ts'
import { readLayer } from './read-layer.ts'

export interface LayerRequest {
  readonly where: string
  readonly diffId?: string
  readonly mode: DetectionMode
  readonly limits: DetectionLimits
}

/** The thread of layer-threads.ts: reads one layer after another. */
serveStreams((request, open) => readLayer(open, request as LayerRequest))

import { Connection, type Endpoint } from './connection.ts'

/** One operation on one connection; gives the body bytes it moved. `index` counts over all connections. */
export type Operation = (connection: Connection, index: number) => Promise<number>

/** When a loop ends: after a time, or after a number of operations. */
export type Extent = { readonly durationMs: number } | { readonly operations: number }

export interface LoopResult {
  readonly operations: number
  readonly bytes: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** What the load generator itself burnt: near 1 per second, it is the limit and not the server. */
  readonly clientCpuSeconds: number
}

/**
 * Closed loop: every connection sends its next request when the answer to the last one is complete.
 * Connections are opened before the clock starts.
 * @throws what the first failing operation throws: a benchmark of errors measures nothing
 */
export async function closedLoop(
  endpoint: Endpoint,
  connections: number,
  extent: Extent,
  operation: Operation,
): Promise<LoopResult> {
  const pool = await Promise.all(Array.from({ length: connections }, () => Connection.open(endpoint)))
  const latencies: number[] = []
  let next = 0
  let bytes = 0
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  const until = 'durationMs' in extent ? startedAt + extent.durationMs : Infinity
  const limit = 'operations' in extent ? extent.operations : Infinity
  try {
    await Promise.all(
      pool.map(async (connection) => {
        let before = performance.now()
        while (next < limit && before < until) {
          const moved = await operation(connection, next++)
          bytes += moved
          const after = performance.now()
          latencies.push(after - before)
          before = after
        }
      }),
    )
  } finally {
    for (const connection of pool) connection.close()
  }
  const seconds = (performance.now() - startedAt) / 1000
  const cpu = process.cpuUsage(cpuBefore)
  const sorted = Float64Array.from(latencies).sort()
  return {
    operations: sorted.length,
    bytes,
    seconds,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    clientCpuSeconds: (cpu.user + cpu.system) / 1e6,
  }
}

/** Nearest-rank percentile of sorted values; 0 when there are none. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return 0
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = sorted.length >> 1
  if (sorted.length === 0) return Number.NaN
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

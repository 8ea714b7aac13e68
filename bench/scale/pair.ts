import { percentile } from '../client/closed-loop.ts'
import { Connection } from '../client/connection.ts'
import type { Site, Usage } from './site.ts'
import type { Workload } from './workloads.ts'

export type Pair<Each> = readonly [small: Each, large: Each]

/** One registry's part of a line. */
export interface Measured extends Usage {
  readonly operations: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/**
 * Asks both registries in turn, request by request, so that whatever else the machine does meets both alike. What is one
 * long piece of work is done by the one and then by the other.
 */
export async function measurePair(
  pair: Pair<Site>,
  workload: Workload,
  pace: { readonly connections: number; readonly durationMs: number },
): Promise<Pair<Measured>> {
  const before = await usageOf(pair)
  const latencies = 'work' in workload ? await workThrough(pair, workload.work) : await takeTurns(pair, workload, pace)
  const after = await usageOf(pair)
  const measured = (index: 0 | 1): Measured => {
    const sorted = Float64Array.from(latencies[index]).sort()
    const spent = (value: (usage: Usage) => number) => value(after[index]) - value(before[index])
    return {
      operations: sorted.length,
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
      statements: spent((usage) => usage.statements),
      serverCpuSeconds: spent((usage) => usage.serverCpuSeconds),
      databaseCpuSeconds: spent((usage) => usage.databaseCpuSeconds),
      blocksRead: spent((usage) => usage.blocksRead),
    }
  }
  return [measured(0), measured(1)]
}

const usageOf = async ([small, large]: Pair<Site>): Promise<Pair<Usage>> => [await small.usage(), await large.usage()]

async function takeTurns(
  pair: Pair<Site>,
  { operation }: Extract<Workload, { operation: unknown }>,
  { connections, durationMs }: { readonly connections: number; readonly durationMs: number },
): Promise<Pair<number[]>> {
  const latencies: Pair<number[]> = [[], []]
  const operations = [operation(pair[0]), operation(pair[1])] as const
  let until = Infinity
  let index = 0
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const opened = [await Connection.open(pair[0].endpoint), await Connection.open(pair[1].endpoint)] as const
      try {
        // Once for nothing: plans are made, passwords are remembered.
        for (const side of [0, 1] as const) await operations[side](opened[side], index++)
        until = Math.min(until, performance.now() + durationMs)
        while (performance.now() < until) {
          for (const side of [0, 1] as const) {
            const startedAt = performance.now()
            await operations[side](opened[side], index++)
            latencies[side].push(performance.now() - startedAt)
          }
        }
      } finally {
        for (const connection of opened) connection.close()
      }
    }),
  )
  return latencies
}

async function workThrough(
  pair: Pair<Site>,
  work: Extract<Workload, { work: unknown }>['work'],
): Promise<Pair<number[]>> {
  const each = async (site: Site) => {
    const { parts, seconds } = await work(site)
    return Array.from({ length: parts }, () => (seconds * 1000) / parts)
  }
  return [await each(pair[0]), await each(pair[1])]
}

import { closedLoop, type Extent, type LoopResult, type Operation } from './client/closed-loop.ts'
import { resetPeakMemory, usageOf } from './process-usage.ts'
import type { Subject } from './subjects/subject.ts'

/** One round of one workload against one registry. */
export interface Measurement extends LoopResult {
  readonly serverCpuSeconds: number
  readonly serverPeakMemoryBytes: number
}

/** What identifies a line of the result. */
export interface RowKey {
  readonly workload: string
  readonly connections: number
  readonly tls: boolean
  readonly sizeBytes?: number
  /** What else tells lines of one workload apart. */
  readonly detail?: string
  /** In what the rate counts. */
  readonly unit: 'requests' | 'images' | 'bytes' | 'milliseconds'
}

/** A line: for every round, the measurement of each registry by its name. */
export interface Row extends RowKey {
  readonly rounds: readonly Readonly<Record<string, Measurement>>[]
}

export async function measure(
  subject: Subject,
  connections: number,
  extent: Extent,
  operation: Operation,
): Promise<Measurement> {
  return measureWork(subject, () => closedLoop(subject.endpoint, connections, extent, operation))
}

export async function measureWork(subject: Subject, work: () => Promise<LoopResult>): Promise<Measurement> {
  await resetPeakMemory(subject.pid)
  const before = await usageOf(subject.pid)
  const result = await work()
  const after = await usageOf(subject.pid)
  return {
    ...result,
    serverCpuSeconds: after.cpuSeconds - before.cpuSeconds,
    serverPeakMemoryBytes: after.peakMemoryBytes,
  }
}

/** What was moved per second, in the row's unit. */
export function rateOf(unit: RowKey['unit'], measurement: Measurement): number {
  return (unit === 'bytes' ? measurement.bytes : measurement.operations) / measurement.seconds
}

/** CPU-seconds of the server per GB moved, or per 1,000 operations. */
export function cpuCostOf(unit: RowKey['unit'], measurement: Measurement): number {
  return measurement.serverCpuSeconds / (unit === 'bytes' ? measurement.bytes / 1e9 : measurement.operations / 1000)
}

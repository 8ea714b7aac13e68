import { readdirSync, readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { version } from '../../version.ts'
import { counterFamily, fact, gaugeFamily } from './families.ts'
import type { MetricFamily } from './metric-families.ts'

/** Metrics of this process that every program has, under their usual names. */
export function processFamilies(): MetricFamily[] {
  const { user, system } = process.cpuUsage()
  const memory = process.memoryUsage()
  const descriptors = countDescriptors()
  const startedAt = Math.round(Date.now() / 1000 - process.uptime())
  const own = (name: string, help: string, value: number) => gaugeFamily(name, help, 'each', [[{}, value]])
  return [
    fact('berth_build_info', 'The version that runs.', [{ version }, 1]),
    counterFamily('process_cpu_seconds_total', 'Processor time used.', [[{}, (user + system) / 1e6]]),
    own('process_resident_memory_bytes', 'Resident memory.', memory.rss),
    own('process_heap_bytes', 'Heap of the JavaScript engine in use.', memory.heapUsed),
    own('process_start_time_seconds', 'Start of the process, since the epoch.', startedAt),
    own('berth_event_loop_lag_seconds', 'Longest wait of the event loop in the last ten to twenty seconds.', lag()),
    ...goFamilies(memory.heapUsed),
    ...(descriptors === undefined ? [] : [own('process_open_fds', 'Open file descriptors.', descriptors)]),
    ...(maxDescriptors === undefined ? [] : [own('process_max_fds', 'Most open file descriptors.', maxDescriptors)]),
  ]
}

/** Names that Harbor's dashboards ask of every component. What this runtime does not have has no value. */
function goFamilies(heapBytes: number): MetricFamily[] {
  const runtime = `bun${process.versions['bun'] ?? ''}`
  return [
    fact('go_info', 'The runtime; it is not Go.', [{ version: runtime }, 1]),
    gaugeFamily('go_memstats_alloc_bytes', 'Bytes of the heap in use.', 'each', [[{}, heapBytes]]),
    gaugeFamily('go_goroutines', 'This runtime has no goroutines.', 'each', []),
    gaugeFamily(
      'go_gc_duration_seconds',
      'This runtime does not tell the pauses of its garbage collector.',
      'each',
      [],
    ),
  ]
}

function countDescriptors(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return undefined // only Linux tells
  }
}

/** `Max open files            1024                 1048576              files`: the first is in force. */
const maxDescriptors = ((): number | undefined => {
  try {
    const [, max] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return max === undefined ? undefined : Number(max)
  } catch {
    return undefined
  }
})()

const resolutionMs = 20
const windowMs = 10_000
let delays: ReturnType<typeof monitorEventLoopDelay> | undefined
let before = 0
let windowEndsAt = 0

/** A scrape more often than the window must not hide what the one before it did not see. */
function lag(): number {
  if (delays === undefined) {
    delays = monitorEventLoopDelay({ resolution: resolutionMs })
    delays.enable()
    windowEndsAt = performance.now() + windowMs
    return 0
  }
  const now = Math.max(0, delays.max / 1e9 - resolutionMs / 1000)
  const worst = Math.max(before, now)
  if (performance.now() > windowEndsAt) {
    before = now
    delays.reset()
    windowEndsAt = performance.now() + windowMs
  }
  return worst
}

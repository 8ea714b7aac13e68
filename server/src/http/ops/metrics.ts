import { readdirSync } from 'node:fs'
import { operationOf, type Operation } from '../operation.ts'
import type { Exchange } from '../router.ts'

/** Upper bounds in seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

interface Duration {
  readonly counts: Uint32Array
  sumSeconds: number
}

export interface SharedGauge {
  readonly help: string
  readonly label: string
  readonly read: () => Iterable<readonly [labelValue: string, value: number]>
}

/** Of a value of a label, as the text format wants it. */
const escaped = (text: string): string => text.replace(/[\\"\n]/g, (each) => (each === '\n' ? '\\n' : `\\${each}`))

/**
 * Counters of this process in Prometheus' text format. On the way of a request there are only additions;
 * text is made when somebody asks. Labels come from closed lists, never from a client.
 */
export class Metrics {
  readonly #requests = new Map<string, number>()
  readonly #durations = new Map<Operation, Duration>()
  readonly #totals = new Map<string, number>()
  readonly #gauges = new Map<string, { readonly help: string; readonly read: () => number }>()
  readonly #shared = new Map<string, SharedGauge>()
  #bytesIn = 0
  #bytesOut = 0

  observe({ request, route, path, status, response, startedAt }: Exchange): void {
    const operation = operationOf(request.method, route, path)
    const key = `operation="${operation}",status="${status}"`
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1)
    this.#observeDuration(operation, (performance.now() - startedAt) / 1000)
    this.#bytesIn += bytesOf(request.headers.get('content-length'))
    if (request.method !== 'HEAD') this.#bytesOut += bytesOf(response.headers.get('content-length'))
  }

  #observeDuration(operation: Operation, seconds: number): void {
    let duration = this.#durations.get(operation)
    if (duration === undefined) {
      duration = { counts: new Uint32Array(buckets.length + 1), sumSeconds: 0 }
      this.#durations.set(operation, duration)
    }
    let index = 0
    while (index < buckets.length && seconds > buckets[index]!) index += 1
    duration.counts[index]! += 1
    duration.sumSeconds += seconds
  }

  /** Adds to a counter that the code elsewhere names: `berth_<name>_total`. */
  add(name: string, amount: number): void {
    this.#totals.set(name, (this.#totals.get(name) ?? 0) + amount)
  }

  /** A value that is asked for when metrics are: `berth_<name>`. */
  gauge(name: string, help: string, read: () => number): void {
    this.#gauges.set(name, { help, read })
  }

  /**
   * Values by the values of one label, the same in every process of a registry: who adds up processes takes them once.
   * `berth_<name>{<label>="…"}`
   */
  sharedGauge(name: string, gauge: SharedGauge): void {
    this.#shared.set(name, gauge)
  }

  render(): string {
    const lines: string[] = []
    const family = (name: string, type: string, help: string) =>
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)

    family('berth_http_requests_total', 'counter', 'Requests answered, by operation and status.')
    for (const [labels, count] of this.#requests) lines.push(`berth_http_requests_total{${labels}} ${count}`)

    const seconds = 'berth_http_request_duration_seconds'
    family(seconds, 'histogram', 'Time until an answer was ready to be sent.')
    for (const [operation, { counts, sumSeconds }] of this.#durations) {
      let sum = 0
      for (const [index, count] of counts.entries()) {
        sum += count
        lines.push(`${seconds}_bucket{operation="${operation}",le="${buckets[index] ?? '+Inf'}"} ${sum}`)
      }
      lines.push(
        `${seconds}_sum{operation="${operation}"} ${sumSeconds}`,
        `${seconds}_count{operation="${operation}"} ${sum}`,
      )
    }

    family('berth_http_request_bytes_total', 'counter', 'Bytes announced as request bodies.')
    lines.push(`berth_http_request_bytes_total ${this.#bytesIn}`)
    family('berth_http_response_bytes_total', 'counter', 'Bytes announced as response bodies.')
    lines.push(`berth_http_response_bytes_total ${this.#bytesOut}`)

    for (const [name, value] of this.#totals) {
      family(`berth_${name}_total`, 'counter', `${name.replaceAll('_', ' ')}.`)
      lines.push(`berth_${name}_total ${value}`)
    }
    for (const [name, { help, read }] of this.#gauges) {
      family(`berth_${name}`, 'gauge', help)
      lines.push(`berth_${name} ${read()}`)
    }
    for (const [name, { help, label, read }] of this.#shared) {
      family(`berth_${name}`, 'gauge', help)
      for (const [of, value] of read()) lines.push(`berth_${name}{${label}="${escaped(of)}"} ${value}`)
    }
    for (const [name, type, help, value] of processMetrics()) {
      family(name, type, help)
      lines.push(`${name} ${value}`)
    }
    return `${lines.join('\n')}\n`
  }

  respond(): Response {
    return new Response(this.render(), {
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' },
    })
  }
}

function processMetrics(): [name: string, type: string, help: string, value: number][] {
  const { user, system } = process.cpuUsage()
  const memory = process.memoryUsage()
  const descriptors = openDescriptors()
  return [
    ['process_cpu_seconds_total', 'counter', 'Processor time used.', (user + system) / 1e6],
    ['process_resident_memory_bytes', 'gauge', 'Resident memory.', memory.rss],
    ['process_heap_bytes', 'gauge', 'Heap of the JavaScript engine in use.', memory.heapUsed],
    [
      'process_start_time_seconds',
      'gauge',
      'Start of the process, since the epoch.',
      Math.round(Date.now() / 1000 - process.uptime()),
    ],
    ...(descriptors === undefined
      ? []
      : ([['process_open_fds', 'gauge', 'Open file descriptors.', descriptors]] as [string, string, string, number][])),
  ]
}

function openDescriptors(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return undefined // only Linux tells
  }
}

const bytesOf = (header: string | null): number => (header === null ? 0 : Number(header) || 0)

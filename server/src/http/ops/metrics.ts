import { readdirSync } from 'node:fs'
import { operationOf, type Operation } from '../operation.ts'
import type { Exchange, Route } from '../router.ts'
import { addUp, renderFamilies, type Across, type FamiliesOfWorker, type MetricFamily } from './metric-families.ts'

/** Upper bounds in seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800]

/** The other workers of the registry, where there are some. */
export interface MetricPeers {
  readonly number: number
  readonly metricsOfOthers: () => Promise<readonly FamiliesOfWorker[]>
}

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
  readonly #gauges = new Map<string, { readonly help: string; readonly read: () => number; readonly across: Across }>()
  readonly #shared = new Map<string, SharedGauge>()
  readonly #sources: (() => readonly MetricFamily[])[] = []
  readonly #peers: MetricPeers | undefined
  readonly #aborted = new Map<Operation, number>()
  readonly #errors = new Map<string, number>()
  #bytesIn = 0
  #bytesOut = 0
  #inFlight = 0

  constructor(peers?: MetricPeers) {
    this.#peers = peers
  }

  /** A request has come. The scrape itself is not counted among those in flight. */
  begin(route: Route): void {
    if (route !== 'metrics') this.#inFlight += 1
  }

  /** Its answer has been sent, or given up. */
  observe(exchange: Exchange): void {
    const { route, path, status, durationMs, bytesIn, bytesOut, aborted, failure } = exchange
    if (route !== 'metrics') this.#inFlight -= 1
    const kind = operationOf(exchange.method, route, path)
    const method = knownMethods.has(exchange.method) ? exchange.method : 'other'
    const labels = `target="${targetOf(route)}",operation="${exchange.operation}",method="${method}",status="${status}"`
    addTo(this.#requests, labels)
    if (aborted) addTo(this.#aborted, kind)
    if (failure !== undefined) addTo(this.#errors, failure.code)
    this.#observeDuration(kind, durationMs / 1000)
    this.#bytesIn += bytesIn
    this.#bytesOut += bytesOut ?? 0
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
  gauge(name: string, help: string, read: () => number, across: Across = 'sum'): void {
    this.#gauges.set(name, { help, read, across })
  }

  /**
   * Values by the values of one label, the same in every process of a registry: a sum over processes takes them once.
   * `berth_<name>{<label>="…"}`
   */
  sharedGauge(name: string, gauge: SharedGauge): void {
    this.#shared.set(name, gauge)
  }

  /** Families that somebody else keeps, asked for when metrics are. */
  collect(source: () => readonly MetricFamily[]): void {
    this.#sources.push(source)
  }

  /** Of this process alone. */
  families(): MetricFamily[] {
    const families: MetricFamily[] = [
      {
        name: 'berth_http_requests_total',
        type: 'counter',
        help: 'Requests answered, by target, operation, method and status.',
        across: 'sum',
        samples: [...this.#requests].map(([labels, count]) => [`{${labels}}`, count] as const),
      },
      this.#durationFamily(),
      counterBy('berth_http_requests_aborted_total', 'Answers that clients did not wait for.', {
        ...{ label: 'operation', values: this.#aborted },
      }),
      counterBy('berth_errors_total', 'Requests refused or failed, by the code of the error.', {
        ...{ label: 'code', values: this.#errors },
      }),
      counter('berth_http_request_bytes_total', 'Bytes of request bodies that were read.', this.#bytesIn),
      counter('berth_http_response_bytes_total', 'Bytes of response bodies that were sent.', this.#bytesOut),
      {
        ...{ name: 'berth_http_requests_in_flight', type: 'gauge', across: 'sum' },
        help: 'Requests being answered now, without the one for these metrics.',
        samples: [['', this.#inFlight]],
      },
    ]
    for (const [name, value] of this.#totals) {
      families.push(counter(`berth_${name}_total`, `${name.replaceAll('_', ' ')}.`, value))
    }
    for (const [name, { help, read, across }] of this.#gauges) {
      families.push({ name: `berth_${name}`, type: 'gauge', help, across, samples: [['', read()]] })
    }
    for (const [name, { help, label, read }] of this.#shared) {
      const samples = [...read()].map(([of, value]) => [`{${label}="${escaped(of)}"}`, value] as const)
      families.push({ name: `berth_${name}`, type: 'gauge', help, across: 'same', samples })
    }
    return [...families, ...this.#sources.flatMap((source) => source()), ...processMetrics()]
  }

  #durationFamily(): MetricFamily {
    const samples: (readonly [string, number])[] = []
    for (const [operation, { counts, sumSeconds }] of this.#durations) {
      const label = `operation="${operation}"`
      let sum = 0
      for (const [index, count] of counts.entries()) {
        sum += count
        samples.push([`_bucket{${label},le="${buckets[index] ?? '+Inf'}"}`, sum])
      }
      samples.push([`_sum{${label}}`, sumSeconds], [`_count{${label}}`, sum])
    }
    const help = 'Time until the last byte of an answer was sent, or its client went away.'
    return { name: 'berth_http_request_duration_seconds', type: 'histogram', help, across: 'sum', samples }
  }

  render(): string {
    return renderFamilies(this.families())
  }

  /** Of all workers, where there are several: whichever of them is asked. */
  async respond(): Promise<Response> {
    const text = this.#peers === undefined ? this.render() : await this.#renderAll(this.#peers)
    return new Response(text, {
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' },
    })
  }

  async #renderAll({ number: worker, metricsOfOthers }: MetricPeers): Promise<string> {
    const others = await metricsOfOthers()
    return renderFamilies(addUp([{ worker, families: this.families() }, ...others]))
  }
}

function counter(name: string, help: string, value: number): MetricFamily {
  return { name, type: 'counter', help, across: 'sum', samples: [['', value]] }
}

function processMetrics(): MetricFamily[] {
  const { user, system } = process.cpuUsage()
  const memory = process.memoryUsage()
  const descriptors = openDescriptors()
  const startedAt = Math.round(Date.now() / 1000 - process.uptime())
  const gauge = (name: string, help: string, value: number): MetricFamily => ({
    ...{ name, type: 'gauge', help, across: 'each' },
    samples: [['', value]],
  })
  return [
    counter('process_cpu_seconds_total', 'Processor time used.', (user + system) / 1e6),
    gauge('process_resident_memory_bytes', 'Resident memory.', memory.rss),
    gauge('process_heap_bytes', 'Heap of the JavaScript engine in use.', memory.heapUsed),
    gauge('process_start_time_seconds', 'Start of the process, since the epoch.', startedAt),
    ...(descriptors === undefined ? [] : [gauge('process_open_fds', 'Open file descriptors.', descriptors)]),
  ]
}

function openDescriptors(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return undefined // only Linux tells
  }
}

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** The door that a request came in by. */
function targetOf(route: Route): string {
  if (route === 'oci') return 'v2'
  if (route === 'api' || route === 'api-version') return 'api'
  return route === 'health' || route === 'ready' || route === 'metrics' ? 'probe' : route
}

function addTo<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

/** @param values from a closed list */
function counterBy(
  name: string,
  help: string,
  { label, values }: { readonly label: string; readonly values: ReadonlyMap<string, number> },
): MetricFamily {
  const samples = [...values].map(([value, count]) => [`{${label}="${value}"}`, count] as const)
  return { name, type: 'counter', help, across: 'sum', samples }
}

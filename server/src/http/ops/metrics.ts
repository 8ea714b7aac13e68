import type { Exchange, Route } from '../router.ts'
import { Counter } from './counter.ts'
import { Durations } from './durations.ts'
import { counterFamily, gaugeFamily } from './families.ts'
import { HarborHttp } from './harbor-http.ts'
import {
  addUp,
  isHarborComponent,
  renderFamilies,
  type Across,
  type FamiliesOfWorker,
  type HarborComponent,
  type MetricFamily,
} from './metric-families.ts'
import { processFamilies } from './process-metrics.ts'

/** Upper bounds in seconds. Pulls of large layers take minutes. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800]

/** The other workers of the registry, where there are some. */
export interface MetricPeers {
  readonly number: number
  readonly metricsOfOthers: () => Promise<readonly FamiliesOfWorker[]>
}

export interface SharedGauge {
  readonly help: string
  readonly label: string
  readonly read: () => Iterable<readonly [labelValue: string, value: number]>
}

/**
 * Counters of this process in Prometheus' text format. On the way of a request there are only additions;
 * text is made when somebody asks. Labels come from closed lists, never from a client.
 */
export class Metrics {
  /** By everything that is a label of one of its families: closed lists, so there are few. */
  readonly #observers = new Map<string, (exchange: Exchange) => void>()
  readonly #requests = new Counter(
    'berth_http_requests_total',
    'Requests answered, by target, operation, method and status.',
  )
  readonly #aborted = new Counter('berth_http_requests_aborted_total', 'Answers that clients did not wait for.')
  readonly #errors = new Counter('berth_errors_total', 'Requests refused or failed, by the code of the error.')
  readonly #durations = new Durations(
    'berth_http_request_duration_seconds',
    'Time until the last byte of an answer was sent, or its client went away.',
    buckets,
  )
  readonly #harbor = new HarborHttp()
  readonly #totals = new Map<string, { value: number; readonly help: string }>()
  readonly #sources: (() => readonly MetricFamily[])[] = []
  readonly #peers: MetricPeers | undefined
  #bytesIn = 0
  #bytesOut = 0
  #inFlight = 0

  constructor(peers?: MetricPeers) {
    this.#peers = peers
    // An alert asks how many more there are: Prometheus sees no growth in a series that begins with 1.
    this.#errors.series({ code: 'QUOTA_EXCEEDED' })
    processFamilies() // begins to watch the event loop
  }

  /** A request has come. The scrape itself is not counted among those in flight. */
  begin(route: Route): void {
    if (route !== 'metrics') this.#inFlight += 1
  }

  /** Its answer has been sent, or given up. */
  observe(exchange: Exchange): void {
    const { route, kind, status, bytesIn, bytesOut, aborted, failure, operation } = exchange
    if (route !== 'metrics') this.#inFlight -= 1
    const method = knownMethods.has(exchange.method) ? exchange.method : 'other'
    const key = `${method} ${operation} ${status} ${kind} ${route}`
    let observer = this.#observers.get(key)
    if (observer === undefined) {
      observer = this.#composeObserver(exchange, method)
      this.#observers.set(key, observer)
    }
    observer(exchange)
    if (aborted) this.#aborted.add({ operation: kind })
    if (failure !== undefined) this.#errors.add({ code: failure.code })
    this.#bytesIn += bytesIn
    this.#bytesOut += bytesOut ?? 0
  }

  /** All that is counted of requests that agree in everything that a label says: found once, then only added to. */
  #composeObserver({ route, kind, operation, status }: Exchange, method: string): (exchange: Exchange) => void {
    // Several routes are one target, and count in one series.
    const count = this.#requests.series({ target: targetOf(route), operation, method, status })
    const observeDuration = this.#durations.series(kind, { operation: kind })
    const observeHarbor = this.#harbor.series({ route, kind, operation, status }, method)
    return (exchange) => {
      count(1)
      observeDuration(exchange.durationMs / 1000)
      observeHarbor?.(exchange)
    }
  }

  /** Adds to a counter that the code elsewhere names: `berth_<name>_total`. */
  add(name: string, amount: number, help = `${name.replaceAll('_', ' ')}.`): void {
    const total = this.#totals.get(name)
    if (total === undefined) this.#totals.set(name, { value: amount, help })
    else total.value += amount
  }

  /** A value that is asked for when metrics are: `berth_<name>`. */
  gauge(name: string, help: string, read: () => number, across: Across = 'sum'): void {
    this.collect(() => [gaugeFamily(`berth_${name}`, help, across, [[{}, read()]])])
  }

  /**
   * Values by the values of one label, the same in every process of a registry: a sum over processes takes them once.
   * `berth_<name>{<label>="…"}`
   */
  sharedGauge(name: string, { help, label, read }: SharedGauge): void {
    this.collect(() => {
      const samples = [...read()].map(([of, value]) => [{ [label]: of }, value] as const)
      return [gaugeFamily(`berth_${name}`, help, 'same', samples)]
    })
  }

  /** Families that somebody else keeps, asked for when metrics are. */
  collect(source: () => readonly MetricFamily[]): void {
    this.#sources.push(source)
  }

  /** Families under Harbor's names, of one of its components. */
  collectHarbor(component: HarborComponent, source: () => readonly MetricFamily[]): void {
    this.collect(() => source().map((family) => ({ ...family, component })))
  }

  /** Of this process alone. */
  families(): MetricFamily[] {
    return [
      ...this.#httpFamilies(),
      ...[...this.#totals].map(([name, { value, help }]) => counterFamily(`berth_${name}_total`, help, [[{}, value]])),
      ...this.#sources.flatMap((source) => source()),
      ...this.#harbor.families(this.#inFlight),
      ...processFamilies(),
    ]
  }

  #httpFamilies(): MetricFamily[] {
    return [
      this.#requests.family(),
      this.#durations.family(),
      this.#aborted.family(),
      this.#errors.family(),
      counterFamily('berth_http_request_bytes_total', 'Bytes of request bodies that were read.', [[{}, this.#bytesIn]]),
      counterFamily('berth_http_response_bytes_total', 'Bytes of response bodies that were sent.', [
        [{}, this.#bytesOut],
      ]),
      gaugeFamily(
        'berth_http_requests_in_flight',
        'Requests being answered now, without the one for these metrics.',
        'sum',
        [[{}, this.#inFlight]],
      ),
    ]
  }

  /** Harbor's exporter stands beside Berth's own metrics; its other components are asked for by name. */
  render(component?: HarborComponent): string {
    return renderFamilies(selected(this.families(), component))
  }

  /** Of all workers, where there are several: whichever of them is asked. `?comp=` names a component of Harbor. */
  async respond(url: string): Promise<Response> {
    const asked = new URL(url).searchParams.get('comp') ?? undefined
    const component = asked !== undefined && isHarborComponent(asked) ? asked : undefined
    const text = this.#peers === undefined ? this.render(component) : await this.#renderAll(this.#peers, component)
    return new Response(text, {
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' },
    })
  }

  async #renderAll(
    { number: worker, metricsOfOthers }: MetricPeers,
    component: HarborComponent | undefined,
  ): Promise<string> {
    const others = await metricsOfOthers()
    return renderFamilies(selected(addUp([{ worker, families: this.families() }, ...others]), component))
  }
}

const isOfProcess = ({ name }: MetricFamily): boolean => /^(process|go)_/.test(name)

function selected(families: readonly MetricFamily[], component: HarborComponent | undefined): MetricFamily[] {
  if (component !== undefined) return families.filter((family) => family.component === component || isOfProcess(family))
  return families.filter((family) => family.component === undefined || family.component === 'exporter')
}

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** The door that a request came in by. */
function targetOf(route: Route): string {
  if (route === 'oci') return 'v2'
  if (route === 'api' || route === 'api-version') return 'api'
  return route === 'health' || route === 'ready' || route === 'metrics' ? 'probe' : route
}

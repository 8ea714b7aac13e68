import type { Exchange } from '../router.ts'
import type { Operation } from '../operation.ts'
import { Counter } from './counter.ts'
import { Durations } from './durations.ts'
import { gaugeFamily } from './families.ts'
import type { HarborComponent, MetricFamily } from './metric-families.ts'
import { Summary } from './summary.ts'

/** What Harbor's core calls a request of /v2. */
function coreName(operation: Operation): string | undefined {
  if (operation === 'catalog') return 'v2_catalog'
  if (operation === 'tags') return 'v2_tags'
  if (operation === 'referrers') return 'v2_referrers'
  if (operation.startsWith('manifest-')) return 'v2_manifest'
  if (operation.startsWith('upload-')) return 'v2_blob_upload'
  if (operation.startsWith('blob-')) return 'v2_blob'
  return operation === 'base' || operation === 'oci-other' ? 'v2_others' : undefined
}

/** The handler of Distribution, which stands behind Harbor's core. */
function handlerOf(operation: Operation): string | undefined {
  if (operation === 'upload-start') return 'blob_upload'
  if (operation.startsWith('upload-')) return 'blob_upload_chunk'
  return coreName(operation)?.replace('v2_others', 'base').replace('v2_', '')
}

const timeBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100]
const sizeBuckets = [1024, 16_384, 262_144, 4_194_304, 67_108_864, 1_073_741_824]

type Kind = Pick<Exchange, 'route' | 'kind' | 'operation' | 'status'>
type ObserveRequest = (exchange: Pick<Exchange, 'durationMs' | 'bytesIn' | 'bytesOut'>) => void

/** Requests under the names that Harbor's core and its registry have for them. */
export class HarborHttp {
  readonly #core = new Counter('harbor_core_http_request_total', 'The total number of requests')
  readonly #coreTimes = new Summary('harbor_core_http_request_duration_seconds', 'The time duration of the requests')
  readonly #registry = new Counter('registry_http_requests_total', 'Total number of HTTP requests made.')
  readonly #times = new Durations(
    'registry_http_request_duration_seconds',
    'The HTTP request latencies in seconds.',
    timeBuckets,
  )
  readonly #requestSizes = new Durations(
    'registry_http_request_size_bytes',
    'The HTTP request sizes in bytes.',
    sizeBuckets,
  )
  readonly #responseSizes = new Durations(
    'registry_http_response_size_bytes',
    'The HTTP response sizes in bytes.',
    sizeBuckets,
  )

  /** Observes requests of one kind; undefined where Harbor has no name for them. */
  series({ route, kind, operation: named, status }: Kind, method: string): ObserveRequest | undefined {
    if (route !== 'oci' && route !== 'api' && route !== 'token') return undefined
    const operation = coreName(kind) ?? (named === kind ? 'unknown' : named)
    const count = this.#core.series({ method, code: status, operation })
    const observeTime = this.#coreTimes.series(`${method} ${operation}`, { method, operation })
    const observeRegistry = route === 'oci' ? this.#registrySeries(kind, method, status) : undefined
    return (exchange) => {
      count(1)
      observeTime(exchange.durationMs / 1000)
      observeRegistry?.(exchange)
    }
  }

  #registrySeries(kind: Operation, method: string, status: number): ObserveRequest | undefined {
    const handler = handlerOf(kind)
    if (handler === undefined) return undefined
    const lower = method.toLowerCase()
    const count = this.#registry.series({ code: status, handler, method: lower })
    const observeTime = this.#times.series(`${lower} ${handler}`, { handler, method: lower })
    const observeRequestSize = this.#requestSizes.series(handler, { handler })
    const observeResponseSize = this.#responseSizes.series(handler, { handler })
    return ({ durationMs, bytesIn, bytesOut }) => {
      count(1)
      observeTime(durationMs / 1000)
      observeRequestSize(bytesIn)
      observeResponseSize(bytesOut ?? 0)
    }
  }

  families(inFlight: number): MetricFamily[] {
    const of = (component: HarborComponent, families: readonly MetricFamily[]) =>
      families.map((family) => ({ ...family, component }))
    return [
      ...of('core', [
        gaugeFamily('harbor_core_http_inflight_requests', 'The total number of requests', 'sum', [[{}, inFlight]]),
        this.#core.family(),
        this.#coreTimes.family(),
      ]),
      ...of('registry', [
        gaugeFamily('registry_http_in_flight_requests', 'The in-flight HTTP requests.', 'sum', [[{}, inFlight]]),
        this.#registry.family(),
        this.#times.family(),
        this.#requestSizes.family(),
        this.#responseSizes.family(),
      ]),
    ]
  }
}

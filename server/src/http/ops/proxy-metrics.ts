import type { CachedKind, CacheOutcome, ProxyMeter } from '../../domain/proxy-cache/proxy-meter.ts'
import type { ProxyProject } from '../../domain/proxy-cache/proxy-projects.ts'
import { Counter } from './counter.ts'
import type { MetricFamily } from './metric-families.ts'

/** Registries with a series of their own; the rest share one. */
const maxUpstreams = 100
/** How much the newest download says of the speed of its registry. */
const newestWeight = 0.2

/** What proxy projects do, in numbers of this process. */
export class ProxyMetrics implements ProxyMeter {
  readonly #requests = new Counter(
    'berth_proxy_requests_total',
    'Requests to proxy projects, by kind and outcome: hit, confirmed, miss, stale, absent.',
  )
  readonly #served = new Counter(
    'berth_proxy_served_bytes_total',
    'Bytes given to clients of proxy projects, by outcome.',
  )
  readonly #fetched = new Counter(
    'berth_proxy_upstream_bytes_total',
    'Bytes of blobs that came from remote registries.',
  )
  readonly #asked = new Counter('berth_proxy_upstream_requests_total', 'Questions to remote registries.')
  readonly #failed = new Counter(
    'berth_proxy_upstream_errors_total',
    'Questions to remote registries without an answer that helps, by the reason.',
  )
  readonly #saved = new Counter(
    'berth_proxy_saved_seconds_total',
    'Time that bytes from the cache would have taken from their registry, at the speed of its last downloads.',
  )
  /** Bytes per millisecond. */
  readonly #speeds = new Map<string, number>()
  readonly #upstreams = new Set<string>()

  served(project: ProxyProject, kind: CachedKind, outcome: CacheOutcome, bytes: number): void {
    this.#requests.add({ kind, outcome })
    if (bytes === 0) return
    this.#served.add({ outcome }, bytes)
    const speed = this.#speeds.get(this.#nameOf(project))
    if (outcome !== 'miss' && speed !== undefined) this.#saved.add({}, bytes / speed / 1_000)
  }

  fetched(project: ProxyProject, bytes: number, ms: number): void {
    const upstream = this.#nameOf(project)
    this.#fetched.add({ upstream }, bytes)
    if (bytes === 0 || ms <= 0) return
    const before = this.#speeds.get(upstream) ?? bytes / ms
    this.#speeds.set(upstream, before * (1 - newestWeight) + (bytes / ms) * newestWeight)
  }

  asked(project: ProxyProject): void {
    this.#asked.add({ upstream: this.#nameOf(project) })
  }

  failed(project: ProxyProject, code: string): void {
    this.#failed.add({ upstream: this.#nameOf(project), code })
  }

  families(): MetricFamily[] {
    return [this.#requests, this.#served, this.#fetched, this.#asked, this.#failed, this.#saved].map((each) =>
      each.family(),
    )
  }

  #nameOf({ registryName }: ProxyProject): string {
    if (this.#upstreams.has(registryName)) return registryName
    if (this.#upstreams.size >= maxUpstreams) return 'other'
    this.#upstreams.add(registryName)
    return registryName
  }
}

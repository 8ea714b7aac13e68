import type { CachedKind, CacheOutcome, ProxyMeter } from '../../domain/proxy-cache/proxy-meter.ts'
import type { ProxyProject } from '../../domain/proxy-cache/proxy-projects.ts'
import { Counter } from './counter.ts'
import { gaugeFamily } from './families.ts'
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
  readonly #evicted = new Counter('berth_proxy_evicted_total', 'Artifacts that went to make room, by their queue.')
  readonly #evictedBytes = new Counter('berth_proxy_evicted_bytes_total', 'Bytes of these artifacts.')
  readonly #saved = new Counter(
    'berth_proxy_saved_seconds_total',
    'Time that bytes from the cache would have taken from their registry, at the speed of its last downloads.',
  )
  /** Bytes per millisecond. */
  readonly #speeds = new Map<string, number>()
  readonly #upstreams = new Set<string>()
  readonly #failing = new Map<string, 0 | 1>()

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

  answered(project: ProxyProject): void {
    this.#failing.set(this.#nameOf(project), 0)
  }

  failed(project: ProxyProject, code: string): void {
    const upstream = this.#nameOf(project)
    this.#failed.add({ upstream, code })
    // A refusal is an answer.
    this.#failing.set(upstream, code === 'DENIED' || code === 'UNAUTHORIZED' ? 0 : 1)
  }

  evicted(_project: ProxyProject, queue: 'small' | 'main', bytes: number): void {
    this.#evicted.add({ queue })
    this.#evictedBytes.add({ queue }, bytes)
  }

  families(): MetricFamily[] {
    const counters = [
      this.#requests,
      this.#served,
      this.#fetched,
      this.#asked,
      this.#failed,
      this.#saved,
      this.#evicted,
      this.#evictedBytes,
    ]
    return [
      ...counters.map((each) => each.family()),
      gaugeFamily(
        'berth_proxy_upstream_failing',
        'Whether the last question to a remote registry had no answer that helps.',
        'max',
        [...this.#failing].map(([upstream, isFailing]) => [{ upstream }, isFailing]),
      ),
    ]
  }

  #nameOf({ registryName }: ProxyProject): string {
    if (this.#upstreams.has(registryName)) return registryName
    if (this.#upstreams.size >= maxUpstreams) return 'other'
    this.#upstreams.add(registryName)
    return registryName
  }
}

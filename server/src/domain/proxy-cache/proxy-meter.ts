import type { ProxyProject } from './proxy-projects.ts'

export type CachedKind = 'manifest' | 'blob' | 'tags' | 'referrers'

/**
 * `hit`: without asking upstream. `confirmed`: upstream was asked, and what is here is right. `miss`: it came from upstream.
 * `stale`: upstream could not be asked. `absent`: upstream does not have it.
 */
export type CacheOutcome = 'hit' | 'confirmed' | 'miss' | 'stale' | 'absent'

/** Hears of everything that a proxy project does, for metrics. Never throws. */
export interface ProxyMeter {
  served(project: ProxyProject, kind: CachedKind, outcome: CacheOutcome, bytes: number): void
  /** Bytes that came from upstream, and how long they took. */
  fetched(project: ProxyProject, bytes: number, ms: number): void
  asked(project: ProxyProject): void
  answered(project: ProxyProject): void
  failed(project: ProxyProject, code: string): void
  /** An artifact went to make room. */
  evicted(project: ProxyProject, queue: 'small' | 'main', bytes: number): void
}

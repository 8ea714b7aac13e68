import { completeWaiting, type CompleteWaitingServices } from '../domain/proxy-cache/complete-waiting.ts'
import type { CacheRoom } from '../domain/proxy-cache/cache-room.ts'
import type { ProxyTraffic } from '../domain/proxy-cache/proxy-traffic.ts'
import type { UpstreamHealth } from '../domain/proxy-cache/upstream-health.ts'
import type { BackgroundTask } from '../jobs/background.ts'

const minuteMs = 60_000
const flushMs = 5_000
/** In one round; each may be many gigabytes. */
const completedAtOnce = 4

/** What proxy projects need done beside the requests. */
export function proxyTasks(
  services: CompleteWaitingServices & {
    readonly traffic: ProxyTraffic
    readonly room: CacheRoom
    readonly health: UpstreamHealth
  },
): readonly BackgroundTask[] {
  const { traffic, room, health } = services
  return [
    { name: 'flush-proxy-traffic', runs: 'everywhere', intervalMs: flushMs, run: () => traffic.flush() },
    { name: 'refresh-upstream-health', runs: 'everywhere', intervalMs: flushMs, run: () => health.refresh() },
    { name: 'flush-cache-hits', runs: 'everywhere', intervalMs: flushMs, run: () => room.flush() },
    { name: 'prune-proxy-traffic', runs: 'once', intervalMs: 60 * minuteMs, run: () => traffic.prune() },
    {
      name: 'complete-cached-manifests',
      runs: 'once',
      intervalMs: minuteMs,
      run: async () => void (await completeWaiting(services, completedAtOnce)),
    },
  ]
}

import { tmpdir } from 'node:os'
import type { ContentServices } from '../domain/artifacts/content-services.ts'
import { BlobFills } from '../domain/proxy-cache/blob-fills.ts'
import { CacheRoom } from '../domain/proxy-cache/cache-room.ts'
import { CachedBlobs } from '../domain/proxy-cache/cached-blobs.ts'
import { CachedLists } from '../domain/proxy-cache/cached-lists.ts'
import { CachedManifests } from '../domain/proxy-cache/cached-manifests.ts'
import { Completions } from '../domain/proxy-cache/completions.ts'
import { FillLeases } from '../domain/proxy-cache/fill-leases.ts'
import type { ProxyMeter } from '../domain/proxy-cache/proxy-meter.ts'
import { allOf, ProxyTraffic } from '../domain/proxy-cache/proxy-traffic.ts'
import { ProxyProjects } from '../domain/proxy-cache/proxy-projects.ts'
import type { OpenUpstream } from '../domain/proxy-cache/upstream.ts'
import { UpstreamHealth } from '../domain/proxy-cache/upstream-health.ts'
import { Upstreams } from '../domain/proxy-cache/upstreams.ts'
import type { Registries } from '../domain/registries/registries.ts'
import type { BackgroundTask } from '../jobs/background.ts'
import type { OciServices } from '../http/oci/oci-request.ts'
import type { Logger } from '../logging.ts'
import { openSpool } from '../storage/spool.ts'
import type { Foundation } from './foundation.ts'
import { proxyTasks } from './proxy-tasks.ts'

export interface ProxyCacheNeeds {
  readonly content: ContentServices
  readonly registries: Pick<Registries, 'getAddress'>
  readonly openUpstream: OpenUpstream
  readonly meter: ProxyMeter
  readonly logger: Pick<Logger, 'warn'>
}

export interface ProxyCache extends AsyncDisposable {
  readonly health: UpstreamHealth
  readonly projects: ProxyProjects
  readonly completions: Completions
  readonly fills: BlobFills
  readonly room: CacheRoom
  readonly traffic: ProxyTraffic
  readonly tasks: readonly BackgroundTask[]
  /** Stands in front of the roles that read. */
  inFrontOf(services: OciServices): OciServices
}

/** The cache of other registries, with what this process knows of them. */
export function composeProxyCache(
  foundation: Pick<Foundation, 'database' | 'store' | 'clock' | 'events'>,
  { content, registries, openUpstream, meter: heard, logger }: ProxyCacheNeeds,
): ProxyCache {
  const { database, clock, store } = foundation
  const { admit, uploads, pushedSignatures } = content
  const onError = (error: unknown) => logger.warn({ error }, 'what is known of a remote registry was not written down')
  const health = new UpstreamHealth({ database, clock, onError })
  const traffic = new ProxyTraffic({ database, clock })
  const meter = allOf(heard, traffic)
  const upstreams = new Upstreams({ registries, open: openUpstream, health, meter, clock })
  const projects = new ProxyProjects(database)
  const leases = new FillLeases({ database, clock })
  const viewStaged = store.viewStaged?.bind(store)
  const common = { database, clock, admit, projects, upstreams, meter }
  const room = new CacheRoom({ ...foundation, admit, meter })
  const fills = new BlobFills({ ...common, room, uploads, leases, viewStaged, openSpool: () => openSpool(tmpdir()) })
  const onProblem = (repository: string, digest: string, error: unknown) =>
    logger.warn({ error, repository, digest }, 'a cached manifest waits for its blobs; they are asked for again')
  const completions = new Completions({ ...foundation, admit, pushedSignatures, fills, room, onProblem })
  const tasks = proxyTasks({ ...common, completions, onProblem, traffic, room, health })
  return {
    ...{ health, projects, completions, fills, room, traffic, tasks },
    inFrontOf(services) {
      const lists = new CachedLists({ ...common, inner: { ...services.tags, ...services.referrers } })
      return {
        ...services,
        manifests: new CachedManifests({ ...common, inner: services.manifests, completions, room }),
        blobs: new CachedBlobs({ ...common, inner: services.blobs, fills }),
        tags: lists,
        referrers: lists,
      }
    },
    async [Symbol.asyncDispose]() {
      await fills[Symbol.asyncDispose]()
      await completions.settled()
      upstreams[Symbol.dispose]()
    },
  }
}

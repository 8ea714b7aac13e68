import type { Database } from '../../database/database.ts'
import { standardFreshnessSeconds, parseFreshness, type Freshness } from '../projects/proxy-settings.ts'
import { leaseMs } from './fill-leases.ts'
import type { ProxyProject } from './proxy-projects.ts'
import { readTraffic, type Traffic, type TrafficOutcome } from './proxy-traffic.ts'
import { readHealth, type Health } from './upstream-health.ts'

/** A proxy project at a glance, from what all processes have written down. */
export interface ProxyStatus {
  readonly health: Health
  /** What holds for tags that no pattern matches stands last. */
  readonly freshness: readonly Freshness[]
  readonly traffic: Readonly<Record<TrafficOutcome, Traffic>>
  /** When the tag that was not compared for the longest was compared (ms); undefined without tags. */
  readonly oldestCheckAt: number | undefined
  /** Manifests that wait for their blobs. */
  readonly waiting: number
  /** Blobs that come just now. */
  readonly downloads: number
}

export async function readProxyStatus(
  database: Pick<Database, 'read'>,
  project: ProxyProject,
  { now, days }: { readonly now: number; readonly days: number },
): Promise<ProxyStatus> {
  const { read } = database
  const { id, registryId, metadata } = project
  const { waiting, downloads, oldest } = await read
    .selectNoFrom((eb) => [
      eb
        .selectFrom('proxy_manifest')
        .select((of) => of.fn.countAll<number | string>().as('count'))
        .where('project_id', '=', id)
        .as('waiting'),
      eb
        .selectFrom('proxy_fill')
        .select((of) => of.fn.countAll<number | string>().as('count'))
        .where('project_id', '=', id)
        .where('renewed_at', '>', now - leaseMs)
        .as('downloads'),
      eb
        .selectFrom('proxy_tag')
        .select((of) => of.fn.min<number | string>('checked_at').as('oldest'))
        .where('project_id', '=', id)
        .as('oldest'),
    ])
    .executeTakeFirstOrThrow()
  const said = metadata.proxy_cache_freshness ?? ''
  return {
    health: await readHealth(database, registryId),
    freshness: [...(said === '' ? [] : parseFreshness(said)), { pattern: '**', seconds: standardFreshnessSeconds }],
    traffic: await readTraffic(read, id, { now, days }),
    oldestCheckAt: oldest === null ? undefined : Number(oldest),
    waiting: Number(waiting),
    downloads: Number(downloads),
  }
}

import type { Database, Reader } from '../../database/database.ts'
import type { Clock } from '../clock.ts'
import type { CachedKind, CacheOutcome, ProxyMeter } from './proxy-meter.ts'
import type { ProxyProject } from './proxy-projects.ts'

/** `upstream`: questions to the remote registry and bytes of blobs from it. `failed`: questions without an answer that helps. `evicted`: artifacts that went to make room. */
export const trafficOutcomes = ['hit', 'confirmed', 'miss', 'stale', 'absent', 'upstream', 'failed', 'evicted'] as const
export type TrafficOutcome = (typeof trafficOutcomes)[number]

export interface Traffic {
  readonly requests: number
  readonly bytes: number
}

const dayMs = 86_400_000
const keptMs = 92 * dayMs
const dayOf = (time: number): number => time - (time % dayMs)

interface Gathered {
  readonly projectId: number
  readonly day: number
  readonly outcome: TrafficOutcome
  requests: number
  bytes: number
}

/**
 * Counts what proxy projects do, by project and day: in memory on the way of a request, in rows from time to time. Counts that were
 * not yet written when a process dies are lost.
 */
export class ProxyTraffic implements ProxyMeter {
  readonly #database: Database
  readonly #clock: Clock
  #gathered = new Map<string, Gathered>()

  constructor({ database, clock }: { readonly database: Database; readonly clock: Clock }) {
    this.#database = database
    this.#clock = clock
  }

  served(project: ProxyProject, _kind: CachedKind, outcome: CacheOutcome, bytes: number): void {
    this.#add(project.id, outcome, 1, bytes)
  }

  fetched(project: ProxyProject, bytes: number): void {
    this.#add(project.id, 'upstream', 0, bytes)
  }

  asked(project: ProxyProject): void {
    this.#add(project.id, 'upstream', 1, 0)
  }

  failed(project: ProxyProject): void {
    this.#add(project.id, 'failed', 1, 0)
  }

  evicted(project: ProxyProject, _queue: string, bytes: number): void {
    this.#add(project.id, 'evicted', 1, bytes)
  }

  answered(): void {
    // Questions are counted when they end, however they end.
  }

  /** Writes what has gathered; on failure it is kept for the next time. */
  async flush(): Promise<void> {
    if (this.#gathered.size === 0) return
    const gathered = this.#gathered
    this.#gathered = new Map()
    try {
      await this.#database.write(async (tx) => {
        // One order for everybody: processes that count at once wait for each other and not in a circle.
        const ordered = [...gathered.values()].toSorted(
          (one, other) =>
            one.projectId - other.projectId || one.day - other.day || (one.outcome < other.outcome ? -1 : 1),
        )
        for (const { projectId, day, outcome, requests, bytes } of ordered) {
          // Projects that were deleted meanwhile have no row to count in.
          const project = await tx.selectFrom('project').select('id').where('id', '=', projectId).executeTakeFirst()
          if (project === undefined) continue
          await tx
            .insertInto('proxy_traffic')
            .values({ project_id: projectId, day, outcome, requests, bytes })
            .onConflict((conflict) =>
              conflict.columns(['project_id', 'day', 'outcome']).doUpdateSet((eb) => ({
                requests: eb('proxy_traffic.requests', '+', requests),
                bytes: eb('proxy_traffic.bytes', '+', bytes),
              })),
            )
            .execute()
        }
      }, 'relaxed')
    } catch (error) {
      for (const { projectId, day, outcome, requests, bytes } of gathered.values())
        this.#add(projectId, outcome, requests, bytes, day)
      throw error
    }
  }

  /** Forgets days that nobody looks at any more. */
  async prune(): Promise<void> {
    const before = dayOf(this.#clock.now() - keptMs)
    await this.#database.write((tx) => tx.deleteFrom('proxy_traffic').where('day', '<', before).execute(), 'relaxed')
  }

  #add(
    projectId: number,
    outcome: TrafficOutcome,
    requests: number,
    bytes: number,
    day = dayOf(this.#clock.now()),
  ): void {
    const key = `${projectId} ${day} ${outcome}`
    const known = this.#gathered.get(key) ?? { projectId, day, outcome, requests: 0, bytes: 0 }
    known.requests += requests
    known.bytes += bytes
    this.#gathered.set(key, known)
  }
}

/** Sums of the last `days`, today among them. */
export async function readTraffic(
  reader: Reader,
  projectId: number,
  { now, days }: { readonly now: number; readonly days: number },
): Promise<Readonly<Record<TrafficOutcome, Traffic>>> {
  const rows = await reader
    .selectFrom('proxy_traffic')
    .select((eb) => [
      'outcome',
      eb.fn.sum<number | string>('requests').as('requests'),
      eb.fn.sum<number | string>('bytes').as('bytes'),
    ])
    .where('project_id', '=', projectId)
    .where('day', '>', dayOf(now) - days * dayMs)
    .groupBy('outcome')
    .execute()
  const sums = new Map(rows.map((row) => [row.outcome, { requests: Number(row.requests), bytes: Number(row.bytes) }]))
  const of = (outcome: TrafficOutcome) => sums.get(outcome) ?? { requests: 0, bytes: 0 }
  return Object.fromEntries(trafficOutcomes.map((outcome) => [outcome, of(outcome)])) as Record<TrafficOutcome, Traffic>
}

/** Tells several listeners the same. */
export const allOf = (...meters: readonly ProxyMeter[]): ProxyMeter => ({
  served: (...heard) => meters.forEach((meter) => meter.served(...heard)),
  fetched: (...heard) => meters.forEach((meter) => meter.fetched(...heard)),
  asked: (...heard) => meters.forEach((meter) => meter.asked(...heard)),
  answered: (...heard) => meters.forEach((meter) => meter.answered(...heard)),
  evicted: (...heard) => meters.forEach((meter) => meter.evicted(...heard)),
  failed: (...heard) => meters.forEach((meter) => meter.failed(...heard)),
})

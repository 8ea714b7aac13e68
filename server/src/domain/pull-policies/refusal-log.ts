import type { Database } from '../../database/database.ts'
import { LruMap } from '../../runtime/lru-map.ts'
import { actorKey } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import type { Events, PreparedEvent } from '../events/events.ts'
import type { ViolationObserver } from './pull-policies.ts'

export interface RefusalLogOptions {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  /** Counts each, by mode and cause. */
  readonly count: (mode: string, cause: string) => void
}

const againAfterMs = 60 * 60_000
/** Of actor, artifact and policy. */
const remembered = 20_000
/** Rows for one flush; a client that goes through a thousand images writes no more than that. */
const maxWaiting = 500

/**
 * Tells the audit log what policies did not want given out: once an hour for each actor, artifact and policy, however often a node
 * tries again, and together every few seconds, so that a refusal costs no transaction. Metrics count each.
 */
export class RefusalLog implements ViolationObserver {
  readonly #options: RefusalLogOptions
  readonly #toldAt = new LruMap<string, number>(remembered)
  #waiting: PreparedEvent[] = []
  #left = 0

  constructor(options: RefusalLogOptions) {
    this.#options = options
  }

  onViolation(
    ...[{ actor, projectId, repositoryName }, digest, violation]: Parameters<ViolationObserver['onViolation']>
  ) {
    const { clock, events, count } = this.#options
    const { policy, mode, cause } = violation
    count(mode, cause)
    const key = `${actorKey(actor)} ${repositoryName}@${digest} ${policy}`
    const now = clock.now()
    if (now < (this.#toldAt.get(key) ?? Number.NEGATIVE_INFINITY) + againAfterMs) return
    this.#toldAt.set(key, now)
    if (this.#waiting.length >= maxWaiting) {
      this.#left += 1
      return
    }
    const event = { type: 'refuse_pull', projectId, repository: repositoryName, digest, policy, mode, cause } as const
    this.#waiting.push(events.prepare(actor, event))
  }

  /** @throws Error naming how many are missing, when there were too many */
  async flush(): Promise<void> {
    const gathered = this.#waiting
    this.#waiting = []
    const { database, events } = this.#options
    if (gathered.length > 0) {
      try {
        await database.write(async (tx) => await events.recordPrepared(tx, gathered), 'relaxed')
      } catch (error) {
        this.#waiting = [...gathered, ...this.#waiting].slice(0, maxWaiting)
        throw error
      }
    }
    const left = this.#left
    this.#left = 0
    if (left > 0)
      throw new Error(`${left} refusals of policies are missing in the audit log: there were too many at once`)
  }
}

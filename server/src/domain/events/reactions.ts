import type { Transaction } from 'kysely'
import type { Reader, Writer } from '../../database/database.ts'
import type { Schema } from '../../database/schema/schema.ts'
import type { Actor } from '../access/actor.ts'
import type { Json } from '../json.ts'
import type { BusinessEvent, EventType } from './event-types.ts'

type EventOf<Type extends EventType> = Extract<BusinessEvent, { readonly type: Type }>

/** An event, as a reaction sees it. */
export interface Happening<Type extends EventType = EventType> {
  readonly event: EventOf<Type>
  readonly actor: Actor
  readonly occurredAt: number
}

/** Work for later that a reaction asks for. `enqueueJob` says what each field means. */
export interface ReactionJob {
  readonly kind: string
  readonly payload: Json
  readonly uniqueKey?: string
  readonly subject?: string
  readonly projectId?: number
  readonly priority?: number
  readonly runAt?: number
}

/** All that a reaction may do. */
export interface ReactionScope<Tables extends keyof Schema> {
  /** The transaction of the change, for the tables of the reaction's own noun and no others. */
  readonly tx: Transaction<Pick<Schema, Tables>>
  /** The same transaction, for what the reaction has to know. */
  readonly read: Reader
  enqueue(job: ReactionJob): Promise<void>
}

/**
 * A reaction to an event, in the transaction that records it: it happens if and only if the change does. A reaction
 * that throws refuses the change. Slow work and calls belong into a job.
 */
export interface Reaction {
  readonly types: readonly EventType[]
  react(scope: ReactionScope<never>, happening: Happening): Promise<void>
}

/** Names the tables and the types of a reaction once, so that its code is checked against both. */
export function reaction<const Type extends EventType, const Tables extends keyof Schema = never>(declared: {
  readonly types: readonly Type[]
  /** Tables of its noun that it writes. */
  readonly tables?: readonly Tables[]
  readonly react: (scope: ReactionScope<Tables>, happening: Happening<Type>) => Promise<void>
}): Reaction {
  return {
    types: declared.types,
    react: (scope, happening) =>
      declared.react(scope as unknown as ReactionScope<Tables>, happening as unknown as Happening<Type>),
  }
}

/** How jobs are added; given where the process is composed, because jobs know events and not the other way round. */
export type EnqueueReactionJob = (tx: Writer, actor: Actor, job: ReactionJob) => Promise<void>

/** The reactions to each type, in the order in which they were given. */
export class Reactions {
  readonly #byType = new Map<EventType, Reaction[]>()
  readonly #enqueue: EnqueueReactionJob

  constructor(reactions: readonly Reaction[], enqueue: EnqueueReactionJob) {
    this.#enqueue = enqueue
    for (const each of reactions) {
      for (const type of new Set(each.types)) {
        const known = this.#byType.get(type)
        if (known === undefined) this.#byType.set(type, [each])
        else known.push(each)
      }
    }
  }

  async run(tx: Writer, happening: Happening): Promise<void> {
    const reactions = this.#byType.get(happening.event.type)
    if (reactions === undefined) return
    const enqueue = (job: ReactionJob) => this.#enqueue(tx, happening.actor, job)
    const scope = { tx: tx as unknown as Transaction<Pick<Schema, never>>, read: tx, enqueue }
    for (const each of reactions) await each.react(scope, happening)
  }
}

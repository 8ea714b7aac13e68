import type { Transaction } from 'kysely'
import type { Reader } from '../../database/database.ts'
import type { Schema } from '../../database/schema/schema.ts'
import type { ReplicationChangeTable } from '../../database/schema/replication.ts'
import { actorName } from '../access/actor.ts'
import type { BusinessEvent } from '../events/event-types.ts'
import { reaction, type Happening, type ReactionJob } from '../events/reactions.ts'
import { Filters } from './filters.ts'
import { replicateChangesJob, replicationSubject } from './replication-jobs.ts'
import { listEventPolicies } from './replication-policies.ts'

/** Events that rules follow. */
const followedEvents = [
  'push_artifact',
  'create_tag',
  'restore_artifact',
  'release_artifact',
  'restore_tag',
  'delete_artifact',
  'delete_tag',
  'delete_repository',
] as const

type Followed = Extract<BusinessEvent, { readonly type: (typeof followedEvents)[number] }>

/** A change of one name, as it waits. */
interface Change {
  readonly change: ReplicationChangeTable['change']
  readonly digest: string | null
  readonly tag: string | null
}

/** Puts what happened on its way to the rules that follow this registry, in the transaction of the change. */
export const followChanges = reaction({
  types: followedEvents,
  tables: ['replication_change'],
  react: async ({ tx, read, enqueue }, happening) => await keepChanges({ tx, read, enqueue }, happening),
})

interface Scope {
  readonly tx: Transaction<Pick<Schema, 'replication_change'>>
  readonly read: Reader
  enqueue(job: ReactionJob): Promise<void>
}

/** A push of an index is a push of each of its images first; they are gathered into one task. */
const gatherMs = 500

async function keepChanges(
  { tx, read, enqueue }: Scope,
  { event, actor, occurredAt }: Happening<Followed['type']>,
): Promise<void> {
  const { repository } = event
  for (const policy of await listEventPolicies(read)) {
    const filters = new Filters(policy.filters)
    if (!filters.wantsRepository(repository)) continue
    // Labels of what is gone cannot be looked at any more: what a rule would not have brought over, it must not take away.
    const changes = changesOf(event).filter(
      ({ change }) => change === 'push' || (policy.deletion && !filters.wantsLabels),
    )
    if (changes.length === 0) continue
    const dueAt = occurredAt + gatherMs
    await tx
      .insertInto('replication_change')
      .values(
        changes.map(({ change, digest, tag }) => ({
          ...{ policy_id: policy.id, repository, change, digest, tag, username: actorName(actor) },
          ...{ occurred_at: occurredAt, due_at: dueAt },
        })),
      )
      .execute()
    await enqueue(changesJob({ policyId: policy.id, repository, runAt: dueAt }))
  }
}

/** One job at a time takes up the changes of a repository. */
export function changesJob(of: {
  readonly policyId: number
  readonly repository: string
  readonly runAt?: number
}): ReactionJob {
  const { policyId, repository, runAt } = of
  return {
    ...replicateChangesJob.of({ policyId, repository }),
    uniqueKey: `${policyId} ${repository}`,
    subject: replicationSubject(policyId),
    ...(runAt === undefined ? {} : { runAt }),
  }
}

function changesOf(event: Followed): readonly Change[] {
  switch (event.type) {
    case 'push_artifact':
    case 'restore_artifact':
    case 'release_artifact':
      return named('push', event)
    case 'create_tag':
    case 'restore_tag':
      return [{ change: 'push', digest: event.digest, tag: event.tag }]
    case 'delete_artifact':
      return named('delete', event)
    case 'delete_tag':
      return [{ change: 'untag', digest: event.digest, tag: event.tag }]
    case 'delete_repository':
      return [{ change: 'delete', digest: null, tag: null }]
  }
}

const named = (
  change: Change['change'],
  { digest, tags }: { readonly digest: string; readonly tags: readonly string[] },
): readonly Change[] =>
  tags.length === 0 ? [{ change, digest, tag: null }] : tags.map((tag) => ({ change, digest, tag }))

import { preparedQuery } from '../database/prepared.ts'
import type { Database, Writer } from '../database/database.ts'
import { actorKey, type Actor } from './access/actor.ts'
import type { Clock } from './clock.ts'

interface InRepository {
  readonly projectId: number
  /** Full name, `project/rest`. */
  readonly repository: string
  readonly digest: string
}

interface OnProject {
  readonly projectId: number
  readonly project: string
}

interface OnUser {
  readonly userId: number
  readonly username: string
}

interface OnMember extends OnProject {
  readonly userId: number
  readonly username: string
}

/** What may change of an account without a new one. Never the value of a secret. */
export type UserChange = 'password' | 'admin' | 'disabled' | 'profile'

/**
 * Everything that happens here and that somebody outside a transaction may want to know of: audit, webhooks,
 * scans, replication. The list is closed; a new kind of event begins here.
 */
export type BusinessEvent =
  | ({ readonly type: 'push_artifact'; readonly tags: readonly string[] } & InRepository)
  | ({ readonly type: 'delete_artifact'; readonly tags: readonly string[] } & InRepository)
  | ({ readonly type: 'delete_tag'; readonly tag: string } & InRepository)
  | ({ readonly type: 'create_project'; readonly public: boolean } & OnProject)
  | ({ readonly type: 'update_project'; readonly public?: boolean; readonly changed?: readonly string[] } & OnProject)
  | ({ readonly type: 'delete_project' } & OnProject)
  | ({ readonly type: 'create_member'; readonly role: string } & OnMember)
  | ({ readonly type: 'update_member'; readonly role: string } & OnMember)
  | ({ readonly type: 'delete_member' } & OnMember)
  | ({ readonly type: 'create_user'; readonly admin: boolean } & OnUser)
  | ({ readonly type: 'update_user'; readonly change: UserChange; readonly value?: boolean } & OnUser)
  | ({ readonly type: 'delete_user' } & OnUser)
  | ({ readonly type: 'login_user' } & OnUser)
  | ({ readonly type: 'logout_user' } & OnUser)
  | { readonly type: 'update_configuration'; readonly changed: readonly string[] }
  | { readonly type: 'rotate_signing_key'; readonly kid: string }

export type EventType = BusinessEvent['type']

interface NewEvent {
  readonly type: string
  readonly occurred_at: number
  readonly actor: string
  readonly project_id: number | null
  readonly resource: string
  readonly payload: string
}

const insertEvent = preparedQuery<NewEvent, unknown>((db, param) =>
  db.insertInto('event').values({
    type: param('type'),
    occurred_at: param('occurred_at'),
    actor: param('actor'),
    project_id: param('project_id'),
    resource: param('resource'),
    payload: param('payload'),
  }),
)

/** Invariant 6: in the transaction of the change itself, so nothing announced was rolled back. */
export async function recordEvent(tx: Writer, clock: Clock, actor: Actor, event: BusinessEvent): Promise<void> {
  const { type, ...payload } = event
  await insertEvent.run(tx, {
    type,
    occurred_at: clock.now(),
    actor: actorKey(actor),
    project_id: 'projectId' in event ? event.projectId : null,
    resource: resourceOf(event),
    payload: JSON.stringify(payload),
  })
}

function resourceOf(event: BusinessEvent): string {
  switch (event.type) {
    case 'push_artifact':
    case 'delete_artifact':
      return event.tags.length === 1 ? `${event.repository}:${event.tags[0]}` : `${event.repository}@${event.digest}`
    case 'delete_tag':
      return `${event.repository}:${event.tag}`
    case 'create_project':
    case 'update_project':
    case 'delete_project':
      return event.project
    case 'create_member':
    case 'update_member':
    case 'delete_member':
      return `${event.project}/${event.username}`
    case 'create_user':
    case 'update_user':
    case 'delete_user':
    case 'login_user':
    case 'logout_user':
      return event.username
    case 'update_configuration':
      return 'configuration'
    case 'rotate_signing_key':
      return event.kid
  }
}

/**
 * Forgets events from before `before` (ms), the oldest first, `limit` at the most.
 * Returns how many went; less than `limit` means that none is left.
 */
export async function pruneEvents(database: Database, before: number, limit: number): Promise<number> {
  return await database.write(async (tx) => {
    const oldest = tx
      .selectFrom('event')
      .select('id')
      .where('occurred_at', '<', before)
      .orderBy('occurred_at')
      .limit(limit)
    const pruned = await tx.deleteFrom('event').where('id', 'in', oldest).executeTakeFirst()
    return Number(pruned.numDeletedRows)
  }, 'relaxed')
}

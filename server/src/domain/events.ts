import type { Database, Writer } from '../database/database.ts'
import { preparedQuery } from '../database/prepared.ts'
import type { Flag } from '../database/schema/columns.ts'
import { actorKey, actorName, type Actor } from './access/actor.ts'
import type { Clock } from './clock.ts'
import { currentOrigin } from './request-origin.ts'

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

type OnMember = OnProject &
  (
    | { readonly kind: 'user'; readonly userId: number; readonly username: string }
    | { readonly kind: 'group'; readonly groupId: number; readonly group: string }
  )

interface OnUserGroup {
  readonly groupId: number
  readonly group: string
}

interface OnPersonalToken {
  readonly tokenId: number
  readonly token: string
}

interface OnRole {
  readonly roleId: number
  readonly role: string
}

interface OnRobot {
  readonly robotId: number
  /** As it signs in. */
  readonly robot: string
  /** Of a robot that belongs to a project. */
  readonly projectId?: number
}

interface OnTrustRule {
  readonly ruleId: number
  readonly robotId: number
  /** Of a robot that belongs to a project. */
  readonly projectId?: number
}

interface OnLabel {
  readonly labelId: number
  readonly label: string
  /** Of a label that belongs to a project. */
  readonly projectId?: number
}

interface OnRegistry {
  readonly registryId: number
  readonly registry: string
}

interface OnJob {
  readonly jobId: number
  readonly kind: string
  /** Of a job that belongs to a project. */
  readonly projectId?: number
}

interface OnSchedule {
  readonly schedule: string
  readonly cron: string
  /** Of a schedule that belongs to a project. */
  readonly projectId?: number
}

/** What may change of an account without a new one. Never the value of a secret. */
export type UserChange = 'password' | 'admin' | 'disabled' | 'profile' | 'cli-secret'

/**
 * Everything that happens here and that somebody outside a transaction may want to know of: audit, webhooks,
 * scans, replication. The list is closed; a new kind of event begins here.
 */
export type BusinessEvent =
  | ({ readonly type: 'push_artifact'; readonly tags: readonly string[] } & InRepository)
  | ({ readonly type: 'delete_artifact'; readonly tags: readonly string[] } & InRepository)
  | ({ readonly type: 'restore_artifact'; readonly tags: readonly string[] } & InRepository)
  | ({ readonly type: 'restore_tag'; readonly tag: string } & InRepository)
  /** Nobody can restore it any more. `project` is undefined when all trash was emptied. */
  | { readonly type: 'empty_trash'; readonly projectId?: number; readonly project?: string; readonly entries: number }
  | ({ readonly type: 'create_tag'; readonly tag: string } & InRepository)
  | ({ readonly type: 'delete_tag'; readonly tag: string } & InRepository)
  | { readonly type: 'delete_repository'; readonly projectId: number; readonly repository: string }
  | ({ readonly type: 'create_project'; readonly public: boolean } & OnProject)
  | ({ readonly type: 'update_project'; readonly public?: boolean; readonly changed?: readonly string[] } & OnProject)
  | ({ readonly type: 'delete_project' } & OnProject)
  | ({ readonly type: 'create_member'; readonly role: string } & OnMember)
  | ({ readonly type: 'update_member'; readonly role: string } & OnMember)
  | ({ readonly type: 'delete_member' } & OnMember)
  | ({ readonly type: 'create_user_group' | 'update_user_group' | 'delete_user_group' } & OnUserGroup)
  | ({ readonly type: 'create_role' | 'update_role' | 'delete_role' } & OnRole)
  | ({ readonly type: 'create_user'; readonly admin: boolean } & OnUser)
  | ({ readonly type: 'update_user'; readonly change: UserChange; readonly value?: boolean } & OnUser)
  | ({ readonly type: 'delete_user' } & OnUser)
  | ({ readonly type: 'login_user' } & OnUser)
  | ({ readonly type: 'logout_user' } & OnUser)
  /** `username` is what was claimed, no account's. */
  | { readonly type: 'login_user'; readonly failed: true; readonly username: string }
  | ({ readonly type: 'pull_artifact'; readonly tag?: string } & InRepository)
  | ({ readonly type: 'create_robot' } & OnRobot)
  | ({ readonly type: 'update_robot'; readonly changed: readonly string[] } & OnRobot)
  | ({ readonly type: 'delete_robot' } & OnRobot)
  | ({ readonly type: 'create_registry' } & OnRegistry)
  | ({ readonly type: 'update_registry'; readonly changed: readonly string[] } & OnRegistry)
  | ({ readonly type: 'delete_registry' } & OnRegistry)
  | ({ readonly type: 'create_label' | 'update_label' | 'delete_label' } & OnLabel)
  | ({ readonly type: 'add_artifact_label' | 'remove_artifact_label'; readonly label: string } & InRepository)
  | ({ readonly type: 'create_personal_token' | 'delete_personal_token' } & OnPersonalToken)
  | ({ readonly type: 'update_quota'; readonly hardBytes: number } & OnProject)
  | ({ readonly type: 'quota_warning'; readonly usedBytes: number; readonly hardBytes: number } & OnProject)
  | ({ readonly type: 'quota_exceeded' } & OnProject)
  | ({
      readonly type: 'create_immutable' | 'update_immutable' | 'delete_immutable'
      readonly ruleId: number
    } & OnProject)
  | ({
      readonly type: 'create_retention' | 'update_retention' | 'delete_retention'
      readonly policyId: number
    } & OnProject)
  | ({ readonly type: 'create_trust_rule' | 'delete_trust_rule' } & OnTrustRule)
  | { readonly type: 'update_cve_allowlist'; readonly items: number }
  | { readonly type: 'update_configuration'; readonly changed: readonly string[] }
  | { readonly type: 'rotate_signing_key'; readonly kid: string }
  | ({ readonly type: 'start_job' | 'stop_job' } & OnJob)
  | { readonly type: 'pause_job_queue' | 'resume_job_queue'; readonly kind: string }
  | ({ readonly type: 'create_schedule' | 'update_schedule' | 'delete_schedule' } & OnSchedule)
  | { readonly type: 'purge_audit_log'; readonly records: number; readonly before: string }
  | { readonly type: 'create_backup' | 'restore_backup'; readonly backup: string; readonly archive: string }
  | { readonly type: 'quarantine_blob'; readonly digest: string; readonly reason: string }
  | { readonly type: 'heal_blob'; readonly digest: string }

export type EventType = BusinessEvent['type']

/** The closed list, for who asks what may happen. */
export const eventTypes = Object.keys({
  push_artifact: true,
  pull_artifact: true,
  delete_artifact: true,
  restore_artifact: true,
  restore_tag: true,
  empty_trash: true,
  create_tag: true,
  delete_tag: true,
  delete_repository: true,
  create_project: true,
  update_project: true,
  delete_project: true,
  create_member: true,
  update_member: true,
  delete_member: true,
  create_user_group: true,
  update_user_group: true,
  delete_user_group: true,
  create_role: true,
  update_role: true,
  delete_role: true,
  create_user: true,
  update_user: true,
  delete_user: true,
  login_user: true,
  logout_user: true,
  create_robot: true,
  update_robot: true,
  delete_robot: true,
  create_label: true,
  update_label: true,
  delete_label: true,
  add_artifact_label: true,
  remove_artifact_label: true,
  create_registry: true,
  update_registry: true,
  delete_registry: true,
  create_personal_token: true,
  delete_personal_token: true,
  update_quota: true,
  quota_warning: true,
  quota_exceeded: true,
  create_immutable: true,
  update_immutable: true,
  delete_immutable: true,
  create_retention: true,
  update_retention: true,
  delete_retention: true,
  create_trust_rule: true,
  delete_trust_rule: true,
  update_cve_allowlist: true,
  update_configuration: true,
  rotate_signing_key: true,
  start_job: true,
  stop_job: true,
  pause_job_queue: true,
  resume_job_queue: true,
  create_schedule: true,
  update_schedule: true,
  delete_schedule: true,
  purge_audit_log: true,
  create_backup: true,
  restore_backup: true,
  quarantine_blob: true,
  heal_blob: true,
} satisfies Record<EventType, true>) as readonly EventType[]

export interface NewEvent {
  readonly type: string
  readonly occurred_at: number
  readonly actor: string
  readonly project_id: number | null
  readonly resource: string
  readonly payload: string
  readonly username: string
  readonly client_address: string
  readonly succeeded: Flag
}

const longestUsername = 255

const insertEvent = preparedQuery<NewEvent, unknown>((db, param) =>
  db.insertInto('event').values({
    type: param('type'),
    occurred_at: param('occurred_at'),
    actor: param('actor'),
    project_id: param('project_id'),
    resource: param('resource'),
    payload: param('payload'),
    username: param('username'),
    client_address: param('client_address'),
    succeeded: param('succeeded'),
  }),
)

/** Invariant 6: in the transaction of the change itself, so nothing announced was rolled back. */
export async function recordEvent(tx: Writer, clock: Clock, actor: Actor, event: BusinessEvent): Promise<void> {
  await insertEvent.run(tx, eventRow(clock.now(), actor, event))
}

/** The row of what happened at `now` (ms) in the request that is being answered, if there is one. */
export function eventRow(now: number, actor: Actor, event: BusinessEvent): NewEvent {
  const { type, ...payload } = event
  return {
    type,
    occurred_at: now,
    actor: actorKey(actor),
    project_id: ('projectId' in event ? event.projectId : undefined) ?? null,
    resource: resourceOf(event),
    payload: JSON.stringify(payload),
    username: ('failed' in event ? event.username : actorName(actor)).slice(0, longestUsername),
    client_address: currentOrigin()?.clientAddress ?? '',
    succeeded: 'failed' in event ? 0 : 1,
  }
}

function resourceOf(event: BusinessEvent): string {
  switch (event.type) {
    case 'push_artifact':
    case 'delete_artifact':
    case 'restore_artifact':
      return event.tags.length === 1 ? `${event.repository}:${event.tags[0]}` : `${event.repository}@${event.digest}`
    case 'pull_artifact':
      return event.tag === undefined ? `${event.repository}@${event.digest}` : `${event.repository}:${event.tag}`
    case 'create_tag':
    case 'restore_tag':
    case 'delete_tag':
      return `${event.repository}:${event.tag}`
    case 'empty_trash':
      return event.project ?? 'trash'
    case 'create_label':
    case 'update_label':
    case 'delete_label':
      return event.label
    case 'add_artifact_label':
    case 'remove_artifact_label':
      return `${event.repository}@${event.digest}`
    case 'delete_repository':
      return event.repository
    case 'create_project':
    case 'update_project':
    case 'delete_project':
    case 'update_quota':
    case 'quota_warning':
    case 'quota_exceeded':
    case 'create_immutable':
    case 'update_immutable':
    case 'delete_immutable':
    case 'create_retention':
    case 'update_retention':
    case 'delete_retention':
      return event.project
    case 'create_member':
    case 'update_member':
    case 'delete_member':
      return `${event.project}/${event.kind === 'user' ? event.username : event.group}`
    case 'create_user_group':
    case 'update_user_group':
    case 'delete_user_group':
      return event.group
    case 'create_role':
    case 'update_role':
    case 'delete_role':
      return event.role
    case 'create_user':
    case 'update_user':
    case 'delete_user':
    case 'login_user':
    case 'logout_user':
      return event.username
    case 'create_robot':
    case 'update_robot':
    case 'delete_robot':
      return event.robot
    case 'create_registry':
    case 'update_registry':
    case 'delete_registry':
      return event.registry
    case 'create_personal_token':
    case 'delete_personal_token':
      return event.token
    case 'create_trust_rule':
    case 'delete_trust_rule':
      return `robot ${event.robotId}`
    case 'update_cve_allowlist':
      return 'system CVE allowlist'
    case 'update_configuration':
      return 'configuration'
    case 'rotate_signing_key':
      return event.kid
    case 'start_job':
    case 'stop_job':
      return `${event.kind} ${event.jobId}`
    case 'pause_job_queue':
    case 'resume_job_queue':
      return event.kind
    case 'create_schedule':
    case 'update_schedule':
    case 'delete_schedule':
      return event.schedule
    case 'purge_audit_log':
      return 'audit log'
    case 'create_backup':
    case 'restore_backup':
      return event.backup
    case 'quarantine_blob':
    case 'heal_blob':
      return event.digest
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

import { projectOf, type RepositoryName } from '#contract/repository-name.ts'
import type { Reader } from '../../database/database.ts'
import { actorName, type Actor } from '../access/actor.ts'
import type { BusinessEvent } from '../events/event-types.ts'
import type { Happening } from '../events/reactions.ts'
import type { Notice } from './notice.ts'
import type { WebhookEventType } from './event-words.ts'

/** Events that webhooks may be about. */
export const noticedEvents = [
  'push_artifact',
  'delete_artifact',
  'delete_repository',
  'create_tag',
  'delete_tag',
  'finish_scan',
  'quota_warning',
  'quota_exceeded',
  'finish_retention',
  'quarantine_artifact',
  'release_artifact',
] as const

type Noticed = (typeof noticedEvents)[number] | 'pull_artifact'

export interface NoticedEvent extends Pick<Happening, 'actor' | 'occurredAt'> {
  readonly event: Extract<BusinessEvent, { readonly type: Noticed }>
}

/** What Harbor calls what happened. */
export function webhookEventOf({ event }: NoticedEvent): WebhookEventType {
  switch (event.type) {
    case 'push_artifact':
      return 'PUSH_ARTIFACT'
    case 'pull_artifact':
      return 'PULL_ARTIFACT'
    case 'delete_artifact':
    case 'delete_repository':
      return 'DELETE_ARTIFACT'
    case 'create_tag':
      return 'CREATE_TAG'
    case 'delete_tag':
      return 'DELETE_TAG'
    case 'quarantine_artifact':
      return 'QUARANTINE_ARTIFACT'
    case 'release_artifact':
      return 'RELEASE_ARTIFACT'
    case 'quota_warning':
      return 'QUOTA_WARNING'
    case 'quota_exceeded':
      return 'QUOTA_EXCEED'
    case 'finish_retention':
      return 'TAG_RETENTION'
    case 'finish_scan':
      return scanWords[event.status]
  }
}

const scanWords = { success: 'SCANNING_COMPLETED', error: 'SCANNING_FAILED', stopped: 'SCANNING_STOPPED' } as const

/** What receivers are told. `read`: the transaction of the event, in which the repository still has its row. */
export async function noticeOf(read: Reader, happening: NoticedEvent): Promise<Notice> {
  const { event, actor, occurredAt } = happening
  const facts = factsOf(happening)
  const { projectId } = event
  const project = await read
    .selectFrom('project')
    .select(['name', 'public'])
    .where('id', '=', projectId)
    .executeTakeFirst()
  const created = facts.repository === undefined ? undefined : await createdAt(read, projectId, facts.repository)
  return {
    type: webhookEventOf(happening),
    occurredAt,
    operator: operatorOf(actor),
    projectId,
    project: project?.name ?? projectOf((facts.repository ?? '') as RepositoryName),
    isPublic: project?.public === 1,
    ...facts,
    ...(created === undefined ? {} : { repositoryCreatedAt: created }),
  }
}

async function createdAt(read: Reader, projectId: number, name: string): Promise<number | undefined> {
  const row = await read
    .selectFrom('repository')
    .select('created_at')
    .where('project_id', '=', projectId)
    .where('name', '=', name)
    .executeTakeFirst()
  return row?.created_at
}

function factsOf({ event }: NoticedEvent): Partial<Notice> {
  switch (event.type) {
    case 'push_artifact':
    case 'delete_artifact':
    case 'quarantine_artifact':
    case 'release_artifact':
      return { repository: event.repository, artifacts: byTags(event.digest, event.tags) }
    case 'delete_repository':
      return { repository: event.repository, artifacts: [{ digest: '' }] }
    case 'pull_artifact':
    case 'create_tag':
    case 'delete_tag':
      return { repository: event.repository, artifacts: [{ digest: event.digest, ...tagOf(event) }] }
    case 'finish_scan':
      return {
        repository: event.repository,
        artifacts: [{ digest: event.digest, ...tagOf(event) }],
        scan: event.scan,
      }
    case 'quota_warning':
      return { details: usageText(event) }
    case 'quota_exceeded':
      return { details: `adding to project ${event.project} will exceed the configured upper limit of its storage` }
    case 'finish_retention': {
      const { policyId, repository, total, retained, deleted } = event
      return { repository, retention: { policyId, total, retained, deleted: [...deleted] } }
    }
  }
}

/** Each tag that came or went with the artifact. */
const byTags = (digest: string, tags: readonly string[]): Notice['artifacts'] =>
  tags.length === 0 ? [{ digest }] : tags.slice(0, maxArtifacts).map((tag) => ({ digest, tag }))

const maxArtifacts = 1_000

const tagOf = ({ tag }: { readonly tag?: string }) => (tag === undefined ? {} : { tag })

const operatorOf = (actor: Actor): string => (actor.kind === 'anonymous' ? '' : actorName(actor))

function usageText({ usedBytes, hardBytes }: { readonly usedBytes: number; readonly hardBytes: number }): string {
  const percent = Math.floor((100 * usedBytes) / hardBytes)
  return `quota usage reach ${percent}%: resource storage used ${inMebibytes(usedBytes)} of ${inMebibytes(hardBytes)}`
}

const inMebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`

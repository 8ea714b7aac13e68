import { restOf, type RepositoryName } from '#contract/repository-name.ts'
import { cloudEventTypes } from './event-words.ts'
import type { Notice } from './notice.ts'
import type { Target } from './targets.ts'
import { parseTemplate } from './template.ts'

/** What a body needs to know beside the notice. */
export interface BodyContext {
  readonly policyId: number
  /** UUID of the event, the same in each attempt. */
  readonly eventId: string
  /** `host[:port]` by which clients know the registry. */
  readonly host: string
  /** The overview of the artifact's scan, in the shape of the API; undefined when there is none. */
  readonly scanOverview?: Readonly<Record<string, unknown>> | undefined
}

export interface Body {
  readonly contentType: string
  readonly text: string
}

/** The body of a delivery, the same whenever it is asked for. */
export function bodyOf(
  notice: Notice,
  target: Pick<Target, 'type' | 'format' | 'template'>,
  context: BodyContext,
): Body {
  const json = (value: unknown): Body => ({ contentType: 'application/json', text: JSON.stringify(value) })
  switch (target.type) {
    case 'slack':
      return json(slackBody(notice, context))
    case 'teams':
      return json(teamsBody(notice, context))
    case 'dingtalk':
      return json({ msgtype: 'markdown', markdown: { title: notice.type, text: markdownOf(notice, context) } })
    case 'feishu':
      return json({ msg_type: 'text', content: { text: linesOf(notice, context).join('\n') } })
    case 'wecom':
      return json({ msgtype: 'markdown', markdown: { content: markdownOf(notice, context) } })
    case 'http':
  }
  if (target.format === 'CloudEvents') {
    return { ...json(cloudEvent(notice, context)), contentType: 'application/cloudevents+json' }
  }
  const body = defaultBody(notice, context)
  if (target.format === 'Template')
    return { contentType: 'application/json', text: parseTemplate(target.template)(body) }
  return json(body)
}

/** Harbor's payload format Default. Inside `event_data` what is empty is left out. */
export function defaultBody(notice: Notice, context: BodyContext) {
  const { type, operator } = notice
  return { type, occur_at: secondsOf(notice.occurredAt), operator, event_data: eventData(notice, context) }
}

/** CloudEvents 1.0, structured mode. */
function cloudEvent(notice: Notice, context: BodyContext) {
  return {
    specversion: '1.0',
    id: context.eventId,
    source: `/projects/${notice.projectId}/webhook/policies/${context.policyId}`,
    type: cloudEventTypes[notice.type],
    datacontenttype: 'application/json',
    time: new Date(notice.occurredAt).toISOString(),
    data: eventData(notice, context),
    ...(notice.operator === '' ? {} : { operator: notice.operator }),
  }
}

function eventData(notice: Notice, context: BodyContext) {
  const { artifacts, details, scan, retention, isTest } = notice
  const overview = context.scanOverview
  const resources = artifacts?.map((artifact) => ({
    ...resourceOf(notice, artifact, context.host),
    ...(overview === undefined ? {} : { [scan === 'sbom' ? 'sbom_overview' : 'scan_overview']: overview }),
  }))
  return {
    ...(resources === undefined ? {} : { resources }),
    ...(notice.repository === undefined ? {} : { repository: repositoryOf(notice) }),
    ...(details === undefined ? {} : { custom_attributes: { Details: details } }),
    ...(scan === undefined ? {} : { scan: { scan_type: scan } }),
    ...(retention === undefined ? {} : { retention: retentionOf(notice, retention, context.host) }),
    ...(isTest === true ? { test: true } : {}),
  }
}

function resourceOf(
  { repository = '' }: Notice,
  { digest, tag }: { readonly digest: string; readonly tag?: string | undefined },
  host: string,
) {
  // A repository that went with all that was in it is a resource without a digest.
  if (digest === '') return { resource_url: `${host}/${repository}` }
  const reference = tag === undefined ? `@${digest}` : `:${tag}`
  return { digest, tag: tag ?? digest, resource_url: `${host}/${repository}${reference}` }
}

function repositoryOf({ repository, project, isPublic, repositoryCreatedAt }: Notice) {
  return {
    ...(repositoryCreatedAt === undefined ? {} : { date_created: secondsOf(repositoryCreatedAt) }),
    name: restOf(repository as RepositoryName),
    namespace: project,
    repo_full_name: repository,
    repo_type: isPublic ? 'public' : 'private',
  }
}

function retentionOf(
  { project, repository = '' }: Notice,
  { policyId, total, retained, deleted }: NonNullable<Notice['retention']>,
  host: string,
) {
  const name = restOf(repository as RepositoryName)
  return {
    total,
    retained,
    harbor_hostname: host,
    project_name: project,
    retention_policy_id: policyId,
    result: 'SUCCESS',
    deleted_artifact: deleted.map((reference) => ({
      type: 'image',
      status: 'SUCCESS',
      name_tag: `${name}${reference}`,
      references: null,
    })),
  }
}

/** Slack's blocks, in the order in which Harbor writes them. */
function slackBody(notice: Notice, context: BodyContext) {
  const { type, occurredAt, operator } = notice
  const seconds = secondsOf(occurredAt)
  const date = `<!date^${seconds}^{date} at {time}|${new Date(occurredAt).toISOString()}>`
  const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text: text.slice(0, slackLimit) } })
  const data = JSON.stringify(eventData(notice, context), null, '\t')
  // Slack refuses a block that is too long: the end of the data is cut, and the fence stays closed.
  const fenced = `\`\`\`${forSlack(data).slice(0, slackLimit - 6)}\`\`\``
  return {
    blocks: [
      section('*Harbor webhook events*'),
      section(`*event_type:* ${type}`),
      section(`*occur_at:* ${date}`),
      section(`*operator:* ${forSlack(operator)}`),
      section('*event_data:*'),
      section(fenced),
    ],
  }
}

const slackLimit = 3_000

/** Slack's own escapes: a name cannot mention everybody, or be a link. */
const forSlack = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('```', "'''")

/** An Adaptive Card, as the workflows of Teams take it. */
function teamsBody(notice: Notice, context: BodyContext) {
  const [title = '', ...facts] = factsOf(notice, context)
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            { type: 'TextBlock', text: title[1], weight: 'Bolder', size: 'Medium', wrap: true },
            { type: 'FactSet', facts: facts.map(([name, value]) => ({ title: name, value: cut(value) })) },
          ],
        },
      },
    ],
  }
}

const linesOf = (notice: Notice, context: BodyContext): string[] =>
  factsOf(notice, context).map(([name, value]) => `${name}: ${cut(value)}`)

const markdownOf = (notice: Notice, context: BodyContext): string =>
  factsOf(notice, context)
    .map(([name, value]) => `**${name}** ${forMarkdown(cut(value))}`)
    .join('\n\n')

/** What people read in a chat, line by line; the first is what happened. */
function factsOf(notice: Notice, { host }: BodyContext): (readonly [name: string, value: string])[] {
  const { type, occurredAt, operator, project, artifacts = [], details, retention, isTest } = notice
  const shown = artifacts.slice(0, shownArtifacts).map((artifact) => resourceOf(notice, artifact, host).resource_url)
  const more = artifacts.length - shown.length
  return [
    ['event', isTest === true ? `${type} (test)` : type],
    ['project', project],
    ...shown.map((url) => ['artifact', url] as const),
    ...(more > 0 ? [['artifacts', `and ${more} more`] as const] : []),
    ...(details === undefined ? [] : [['details', details] as const]),
    ...(retention === undefined ? [] : [['retained', `${retention.retained} of ${retention.total}`] as const]),
    ['operator', operator === '' ? '-' : operator],
    ['time', new Date(occurredAt).toISOString()],
  ]
}

const shownArtifacts = 10
const cut = (text: string): string => (text.length > 500 ? `${text.slice(0, 500)}…` : text)

/** Names are shown as they are: they make no link, no heading and no mention. */
const forMarkdown = (text: string): string => text.replaceAll(/[\\`*_[\]()<>#@|~]/g, (sign) => `\\${sign}`)

const secondsOf = (ms: number): number => Math.floor(ms / 1000)

import { describe, expect, test } from 'bun:test'
import { bodyOf, type BodyContext } from './bodies.ts'
import { webhookEventTypes } from './event-words.ts'
import type { Notice } from './notice.ts'
import type { Target } from './targets.ts'

const digest = `sha256:${'a'.repeat(64)}`
const notice: Notice = {
  type: 'PUSH_ARTIFACT',
  occurredAt: 1_800_000_000_500,
  operator: 'ada',
  projectId: 7,
  project: 'shop',
  isPublic: false,
  repository: 'shop/team/app',
  repositoryCreatedAt: 1_700_000_000_000,
  artifacts: [{ digest, tag: 'v1' }],
}
const context: BodyContext = {
  policyId: 3,
  eventId: '0b7f2b0e-8f6a-4f55-9d2c-000000000001',
  host: 'registry.example.org',
}
const http = { type: 'http', format: 'Default', template: '' } as const
const chat = (type: Target['type']) => ({ type, format: 'Default', template: '' }) as const
const parsed = (given: Notice, target: Parameters<typeof bodyOf>[1], with_ = context) =>
  JSON.parse(bodyOf(given, target, with_).text) as Record<string, unknown>

describe('the body of a delivery', () => {
  test('is Harbor’s, field by field, for what was pushed', () => {
    expect(parsed(notice, http)).toEqual({
      type: 'PUSH_ARTIFACT',
      occur_at: 1_800_000_000,
      operator: 'ada',
      event_data: {
        resources: [{ digest, tag: 'v1', resource_url: 'registry.example.org/shop/team/app:v1' }],
        repository: {
          date_created: 1_700_000_000,
          name: 'team/app',
          namespace: 'shop',
          repo_full_name: 'shop/team/app',
          repo_type: 'private',
        },
      },
    })
  })

  test('has the digest in the place of a tag that is not there, and keeps an empty operator', () => {
    const body = parsed({ ...notice, operator: '', artifacts: [{ digest }] }, http)
    expect(body).toMatchObject({
      operator: '',
      event_data: { resources: [{ tag: digest, resource_url: `registry.example.org/shop/team/app@${digest}` }] },
    })
  })

  test('names every tag that went', () => {
    const went = {
      ...notice,
      type: 'DELETE_ARTIFACT',
      artifacts: ['v1', 'latest'].map((tag) => ({ digest, tag })),
    } as const
    expect(parsed(went, http)).toMatchObject({ event_data: { resources: [{ tag: 'v1' }, { tag: 'latest' }] } })
  })

  test('carries what a scan has found, under the name of its kind', () => {
    const scanned = { ...notice, type: 'SCANNING_COMPLETED', scan: 'vulnerability' } as const
    const found = { 'application/x': { scan_status: 'Success' } }
    expect(parsed(scanned, http, { ...context, scanOverview: found })).toMatchObject({
      event_data: { scan: { scan_type: 'vulnerability' }, resources: [{ scan_overview: found }] },
    })
    expect(parsed({ ...scanned, scan: 'sbom' }, http, { ...context, scanOverview: found })).toMatchObject({
      event_data: { resources: [{ sbom_overview: found }] },
    })
  })

  test('is a CloudEvent where the target wants one', () => {
    const body = bodyOf(notice, { ...http, format: 'CloudEvents' }, context)
    expect(body.contentType).toBe('application/cloudevents+json')
    expect(JSON.parse(body.text)).toMatchObject({
      specversion: '1.0',
      id: context.eventId,
      source: '/projects/7/webhook/policies/3',
      type: 'harbor.artifact.pushed',
      datacontenttype: 'application/json',
      time: '2027-01-15T08:00:00.500Z',
      operator: 'ada',
      data: { resources: [{ tag: 'v1' }] },
    })
    expect(parsed({ ...notice, operator: '' }, { ...http, format: 'CloudEvents' })).not.toHaveProperty('operator')
  })

  test('is six blocks for Slack, each within its limit, whatever names are in it', () => {
    const loud = { ...notice, operator: '<!channel>', details: '```<!here>'.repeat(2_000) }
    const { blocks } = parsed(loud, chat('slack')) as { blocks: { text: { text: string } }[] }
    expect(blocks).toHaveLength(6)
    for (const { text } of blocks) expect(text.text.length).toBeLessThanOrEqual(3_000)
    expect(blocks[3]!.text.text).toBe('*operator:* &lt;!channel&gt;')
    const fenced = blocks[5]!.text.text
    expect([fenced.startsWith('```'), fenced.endsWith('```')]).toEqual([true, true])
    expect(fenced.slice(3, -3)).not.toContain('```')
    expect(fenced).not.toContain('<!here>')
  })

  test('mentions nobody in a chat that reads Markdown', () => {
    const loud = { ...notice, operator: '@all [x](http://evil)' }
    for (const type of ['dingtalk', 'wecom'] as const) {
      const { text } = bodyOf(loud, chat(type), context)
      expect(text).not.toContain('@all [x](http')
      expect(text).toContain('\\\\@all')
    }
  })

  test('is JSON for every type of event and every kind of target', () => {
    for (const type of webhookEventTypes) {
      for (const target of (['http', 'slack', 'teams', 'dingtalk', 'feishu', 'wecom'] as const).map(chat)) {
        const { repository: _, artifacts: __, ...bare } = notice
        expect(Object.keys(parsed({ ...bare, type }, target)).length).toBeGreaterThan(0)
        expect(Object.keys(parsed({ ...notice, type }, target)).length).toBeGreaterThan(0)
      }
    }
  })

  test('of a template stays JSON, whatever happened', () => {
    const template =
      '{"text": "{{ event_data.repository.name }} by {{operator}}", "first": "{{event_data.resources.0.tag}}"}'
    const target = { ...http, format: 'Template', template } as const
    expect(parsed({ ...notice, operator: 'a", "admin": "yes' }, target)).toEqual({
      text: 'team/app by a", "admin": "yes',
      first: 'v1',
    })
    expect(parsed(notice, { ...target, template: '{"a": "{{constructor.name}}{{nowhere}}"}' })).toEqual({ a: '' })
  })
})

import { expect, test } from 'bun:test'
import { eventTypes, findEventKind, resourceOf } from './event-types.ts'

const digest = `sha256:${'a'.repeat(64)}`
const artifact = { projectId: 1, repository: 'p/app', digest } as const

test('every type has one name, a verb and what it is done to', () => {
  expect(new Set(eventTypes).size).toBe(eventTypes.length)
  expect(eventTypes.filter((type) => !/^[a-z]+(_[a-z]+)+$/.test(type))).toEqual([])
  expect(eventTypes.length).toBeGreaterThan(60)
})

test('the audit log names what it happened to as it always did', () => {
  expect([
    resourceOf({ type: 'push_artifact', ...artifact, tags: ['v1'] }),
    resourceOf({ type: 'push_artifact', ...artifact, tags: ['v1', 'v2'] }),
    resourceOf({ type: 'pull_artifact', ...artifact }),
    resourceOf({ type: 'pull_artifact', ...artifact, tag: 'v1' }),
    resourceOf({ type: 'delete_tag', ...artifact, tag: 'v1' }),
    resourceOf({ type: 'empty_trash', entries: 2 }),
    resourceOf({ type: 'empty_trash', projectId: 1, project: 'p', entries: 2 }),
    resourceOf({
      type: 'create_member',
      projectId: 1,
      project: 'p',
      kind: 'user',
      userId: 2,
      username: 'u',
      role: 'r',
    }),
    resourceOf({ type: 'delete_member', projectId: 1, project: 'p', kind: 'group', groupId: 2, group: 'g' }),
    resourceOf({ type: 'login_user', failed: true, username: 'ghost' }),
    resourceOf({ type: 'create_trust_rule', ruleId: 1, robotId: 7 }),
    resourceOf({ type: 'update_cve_allowlist', items: 3 }),
    resourceOf({ type: 'start_job', jobId: 4, kind: 'scrub' }),
    resourceOf({ type: 'add_artifact_label', ...artifact, label: 'l' }),
  ]).toEqual([
    'p/app:v1',
    `p/app@${digest}`,
    `p/app@${digest}`,
    'p/app:v1',
    'p/app:v1',
    'trash',
    'p',
    'p/u',
    'p/g',
    'ghost',
    'robot 7',
    'system CVE allowlist',
    'scrub 4',
    `p/app@${digest}`,
  ])
})

test('a type of another version of the program is no type of this one', () => {
  expect(findEventKind('launch_rocket')).toBeUndefined()
  expect(findEventKind('toString')).toBeUndefined()
})

import { expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { basicOf } from './contract-client.ts'

/** A request, the status with which Harbor refuses it, and words of its sentence that scripts look for. */
type Refusal = readonly [request: string, body: unknown, status: number, sentence: string]

const rule = (extra: object = {}) => ({
  name: 'ok',
  level: 'system',
  duration: 1,
  permissions: [{ kind: 'project', namespace: '{project}', access: [{ resource: 'repository', action: 'pull' }] }],
  ...extra,
})
const person = (extra: object = {}) => ({
  username: 'newcomer',
  password: 'Harbor12345',
  email: 'newcomer@example.org',
  realname: 'Newcomer',
  ...extra,
})
const scope = (ref: unknown, level = 'project') => ({ algorithm: 'or', rules: [], scope: { level, ref } })

const refusals: Readonly<Record<string, readonly Refusal[]>> = {
  projects: [
    ['POST /projects', { project_name: 'A' }, 400, 'project name is not in lower case or contains illegal characters'],
    ['POST /projects', { project_name: '{project}' }, 409, 'The project named {project} already exists'],
    ['POST /projects', { project_name: 'a'.repeat(256) }, 422, 'project_name in body should be at most 255 chars long'],
    [
      'POST /projects',
      { project_name: 'b', metadata: { retention_id: '1' } },
      400,
      "the retention_id in the request's payload when creating a project should be omitted",
    ],
    ['POST /projects', { project_name: 'b', registry_id: 0 }, 400, '0 is invalid value of registry_id'],
    [
      'PUT /projects/{project}',
      { metadata: { retention_id: '99' } },
      400,
      "the retention_id in the request's payload when updating a project should be omitted",
    ],
    ['PUT /projects/{project}', { metadata: { severity: 'odd' } }, 400, 'invalid value: odd'],
    ['DELETE /projects/{project}', undefined, 412, 'the project contains repositories, can not be deleted'],
    ['POST /projects/{project}/metadatas/', {}, 400, 'only allow one key/value pair'],
    ['POST /projects/{project}/metadatas/', { odd: 'x' }, 400, 'invalid key: odd'],
  ],
  quotas: [
    ['PUT /quotas/{id}', {}, 400, 'hard required in body'],
    ['PUT /quotas/{id}', { hard: {} }, 400, 'hard required in body'],
    ['PUT /quotas/{id}', { hard: { odd: 1 } }, 400, 'resource odd not support'],
    ['PUT /quotas/9999', { hard: { storage: 1 } }, 404, 'quota 9999 not found'],
  ],
  members: [
    ['POST /projects/{project}/members', {}, 400, 'at least one of member_user or member_group must be provided'],
    [
      'POST /projects/{project}/members',
      { role_id: 2, member_user: { user_id: 999_999 } },
      400,
      'Failed to get user 999999',
    ],
    [
      'POST /projects/{project}/members',
      { role_id: 2, member_group: { id: 999_999 } },
      400,
      'Failed to get group 999999',
    ],
    [
      'POST /projects/{project}/members',
      { role_id: 2, member_user: { username: 'nobody-of-this-name' } },
      404,
      'user nobody-of-this-name is not found',
    ],
    [
      'POST /projects/{project}/members',
      { role_id: 2, member_user: { username: '{member}' } },
      409,
      'The project member specified already exist',
    ],
    ['GET /projects/{project}/members/0', undefined, 400, 'the member id can not be empty!'],
    ['PUT /projects/{project}/members/0', { role_id: 2 }, 400, 'member id can not be empty'],
    ['DELETE /projects/{project}/members/0', undefined, 400, 'the project member id is required.'],
    ['GET /projects/{project}/members/999999', undefined, 404, 'the project member is not found'],
    ['DELETE /projects/{project}/members/999999', undefined, 404, 'the project member is not found'],
  ],
  labels: [
    ['GET /labels?scope=x', undefined, 400, 'invalid scope: x'],
    ['GET /labels?scope=p', undefined, 400, 'must with project ID when to query project labels'],
    ['POST /labels', { name: '', scope: 'g' }, 400, 'cannot be empty'],
    ['POST /labels', { name: 'a'.repeat(129), scope: 'g' }, 400, 'max length is 128'],
    ['POST /labels', { name: '{label}', scope: 'g' }, 409, 'label {label} already exists'],
    ['POST /labels', { name: 'a', scope: 'odd' }, 400, 'unsupported label scope'],
    ['DELETE /labels/9999', undefined, 404, 'label 9999 not found'],
    ['PUT /labels/9999', { name: 'a' }, 404, 'label 9999 not found'],
  ],
  registries: [
    ['GET /registries/9999', undefined, 404, 'registry 9999 not found'],
    ['PUT /registries/0', {}, 404, 'registry 0 not found'],
    ['DELETE /registries/9999', undefined, 404, 'registry 9999 not found'],
    ['GET /registries/9999/info', undefined, 404, 'registry 9999 not found'],
    ['POST /registries', {}, 400, 'name cannot be empty'],
    ['POST /registries', { name: 'a'.repeat(256), type: 'harbor', url: 'x' }, 400, 'the max length of name is'],
    ['POST /registries', { name: 'a', type: 'harbor', url: '' }, 400, 'empty string'],
    ['POST /registries', { name: 'a', type: 'harbor', url: 'ftp://x' }, 400, 'invalid HTTP scheme: ftp'],
    ['POST /registries', { name: 'a', type: 'harbor', url: 'http://127.0.0.1:1' }, 400, 'the registry is unhealthy'],
    ['POST /registries/ping', {}, 400, 'type or url cannot be empty'],
    ['POST /registries/ping', { type: 'harbor' }, 400, 'type or url cannot be empty'],
    ['POST /registries/ping', { id: 9999 }, 404, 'registry 9999 not found'],
    ['POST /system/oidc/ping', { url: 'http://127.0.0.1:1' }, 400, 'failed to verify connection'],
    ['GET /schedules/ODD/paused', undefined, 400, "job_type can only be 'all'"],
  ],
  robots: [
    ['POST /robots', {}, 400, 'robot name is not in lower case or contains illegal characters'],
    ['POST /robots', rule({ name: 'A+' }), 400, 'robot name is not in lower case or contains illegal characters'],
    ['POST /robots', rule({ level: 'odd' }), 400, 'bad request error level input: odd'],
    ['POST /robots', rule({ permissions: [] }), 400, 'bad request empty permission'],
    ['POST /robots', rule({ permissions: [{ kind: 'project', namespace: '*' }] }), 400, 'bad request empty access'],
    ['GET /robots?q=Level=project', undefined, 400, 'must with project ID when to query project robots'],
    ['GET /robots?q=Level=project,ProjectID=x', undefined, 400, 'ProjectID must be a positive integer'],
    ['DELETE /robots/9999', undefined, 404, 'robot 9999 not found'],
  ],
  'users and groups': [
    [
      'POST /users',
      person({ password: 'weak' }),
      400,
      'the password or secret must be 8-128, inclusively, characters long',
    ],
    ['POST /users', person({ email: '' }), 400, "email can't be empty"],
    ['POST /users', person({ email: 'odd' }), 400, 'email with illegal format'],
    ['POST /users', person({ realname: '' }), 400, 'realname with illegal length'],
    ['POST /users', person({ username: 'a,b' }), 400, 'contains illegal characters'],
    ['POST /users', person({ username: '{member}' }), 409, 'user {member} already exists'],
    ['PUT /users/1/password', { old_password: 'x', new_password: 'Harbor12345' }, 403, 'Current password is incorrect'],
    ['PUT /users/1/cli_secret', { secret: 'Harbor12345' }, 412, 'unable to update CLI secret'],
    ['DELETE /users/1', undefined, 403, 'User with ID 1 cannot be deleted'],
    ['GET /usergroups/0', undefined, 400, 'the group id should be provided'],
    ['DELETE /usergroups/0', undefined, 400, 'the group id should be provided'],
    ['PUT /usergroups/0', { group_name: 'x' }, 400, 'the group id should be provided'],
    ['GET /usergroups/9999', undefined, 404, 'the user group with id 9999 is not found'],
    ['GET /usergroups/search?groupname=', undefined, 400, 'need to provide groupname to search user group'],
  ],
  artifacts: [
    ['GET {app}/artifacts/none', undefined, 404, 'artifact {project}/app:none not found'],
    ['GET {app}/artifacts/sha256:zz', undefined, 404, 'artifact {project}/app@sha256:zz not found'],
    ['DELETE {app}/artifacts/-odd-', undefined, 404, 'artifact {project}/app:-odd- not found'],
    ['POST {app}/artifacts?from=bogus', undefined, 400, 'invalid input: bogus'],
    ['POST {app}/artifacts/v1/tags', { name: 'v1' }, 409, 'tag v1 already exists'],
    ['DELETE {app}/artifacts/v1/tags/none', undefined, 404, 'tag none attached to artifact'],
    ['GET {app}/artifacts/v1/additions/odd', undefined, 400, "addition odd isn't supported"],
    ['GET {app}/artifacts?page_size=101', undefined, 422, 'page_size in query should be less than or equal to 100'],
  ],
  retention: [
    ['POST /retentions', scope(undefined), 400, 'invalid Project id 0'],
    ['POST /retentions', scope(999_999), 400, 'invalid Project id 999999'],
    ['POST /retentions', scope(1, 'odd'), 400, 'scope odd is not support'],
    ['PUT /retentions/9999', scope(1), 404, 'no such Retention policy with id 9999'],
  ],
  'schedules and jobs': [
    [
      'POST /system/gc/schedule',
      { schedule: { type: 'Manual' }, parameters: { workers: 11 } },
      400,
      'Workers must be greater than 0 and less than or equal to 10',
    ],
    ['PUT /system/gc/schedule', { schedule: { type: 'Custom', cron: 'odd' } }, 400, 'invalid cron string'],
    ['PUT /system/gc/schedule', { schedule: { type: 'Custom', cron: '' } }, 400, 'invalid cron string'],
    ['PUT /jobservice/queues/all', { action: 'odd' }, 422, 'action in body should be one of [stop pause resume]'],
  ],
  'what cannot be made, or is not there': [
    ['GET /replication/policies/7', undefined, 404, 'replication policy 7 not found'],
    ['DELETE /replication/policies/7', undefined, 404, 'replication policy 7 not found'],
    ['GET /replication/executions/7/tasks', undefined, 404, 'replication execution 7 not found'],
    ['GET /projects/{project}/webhook/policies/7', undefined, 404, 'notificationPolicy 7 not found'],
    ['GET /p2p/preheat/instances/x', undefined, 404, 'instance x not found'],
    ['GET /projects/{project}/preheat/policies/x/executions', undefined, 404, 'preheat policy x not found'],
  ],
}

describeControlledScenario('what Harbor refuses is refused with its status and its sentence', (registry) => {
  const send = async (method: string, path: string, body?: unknown) =>
    await fetch(`${registry().url}/api/v2.0${path}`, {
      method,
      headers: { authorization: basicOf(registry()), 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const compose = async () => {
    const project = await addProject(registry())
    const { username: member } = await addAccount(registry())
    await new V2Client(registry()).pushImage(`${project}/app`, createUniqueImage(), 'v1')
    const label = `l${crypto.randomUUID()}`
    await send('POST', '/labels', { name: label, scope: 'g' })
    const role = { role_id: 2, member_user: { username: member } }
    expect((await send('POST', `/projects/${project}/members`, role)).status).toBe(201)
    const { project_id: id } = (await (await send('GET', `/projects/${project}`)).json()) as { project_id: number }
    const words = { project, member, label, id: String(id), app: `/projects/${project}/repositories/app` }
    return (text: string) => text.replace(/\{(\w+)\}/g, (whole, name: keyof typeof words) => words[name] ?? whole)
  }

  test.each(Object.keys(refusals))('%s', async (family) => {
    const fill = await compose()
    for (const [request, body, status, sentence] of refusals[family]!) {
      const [method = '', path = ''] = fill(request).split(' ')
      const sent = body === undefined ? undefined : (JSON.parse(fill(JSON.stringify(body))) as unknown)
      const answer = await send(method, path, sent)
      const { errors } = (await answer.json()) as { errors: { message: string }[] }
      const said = [request, answer.status, errors[0]!.message]
      expect(said).toEqual([request, status, expect.stringContaining(fill(sentence))])
    }
  })

  test('a filter that nothing has finds nothing, and a schedule that is set has a Location', async () => {
    const quotas = await send('GET', '/quotas?reference=odd')
    expect([quotas.status, await quotas.json(), quotas.headers.get('x-total-count')]).toEqual([200, [], '0'])
    const daily = { schedule: { type: 'Daily', cron: '0 0 0 * * *' }, parameters: {} }
    const set = await send('POST', '/system/gc/schedule', daily)
    expect([set.status, set.headers.get('location')]).toEqual([201, '/api/v2.0/system/gc/0'])
    expect((await send('PUT', '/system/gc/schedule', { schedule: { type: 'None' } })).status).toBe(200)
  })

  test('a pool of workers is named by 24 hex digits, and found by them', async () => {
    const pools = (await (await send('GET', '/jobservice/pools')).json()) as { worker_pool_id: string }[]
    expect(pools.length).toBeGreaterThan(0)
    for (const { worker_pool_id: id } of pools) {
      expect(id).toMatch(/^[0-9a-f]{24}$/)
      const workers = (await (await send('GET', `/jobservice/pools/${id}/workers`)).json()) as { pool_id: string }[]
      expect(workers.length).toBeGreaterThan(0)
      expect(new Set(workers.map(({ pool_id: pool }) => pool))).toEqual(new Set([id]))
    }
  })
})

import { expect, test } from 'bun:test'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { ApiClient } from './contract-client.ts'

describeControlledScenario('what says who gets what', (registry) => {
  const admin = () => new ApiClient(registry())
  const unique = () => `x${crypto.randomUUID().slice(0, 8)}`
  const grant = (namespace: string, access: object) => ({ kind: 'project', namespace, access: [access] })
  const push = { resource: 'repository', action: 'push' }

  test.each([
    ['an effect that denies', { ...push, effect: 'deny' }, {}],
    ['an effect that nobody knows', { ...push, effect: 'audit' }, {}],
    ['a condition on an access', { ...push, repository: 'app' }, {}],
    ['a selector beside an access', { ...push, scope_selectors: {} }, {}],
    ['another word for disable', push, { disabled: true }],
    ['addresses that it may come from', push, { allowed_addresses: ['192.0.2.1'] }],
    ['two ends', push, { duration: 3, expires_at: 4_000_000_000 }],
    ['an end that is over', push, { duration: undefined, expires_at: 1_000_000_000 }],
  ])('%s: no robot is made', async (_, access, given) => {
    const project = await addProject(registry())
    const body = { name: unique(), level: 'project', duration: -1, permissions: [grant(project, access)], ...given }
    const made = await admin().call('POST /robots', { body })
    expect([400, 422]).toContain(made.status)
  })

  test('nor is one changed by words that are not understood, at the older operation either', async () => {
    const project = await addProject(registry())
    const body = { name: unique(), level: 'project', duration: 30, permissions: [grant(project, push)] }
    const { body: made } = await admin().call<{ id: number; name: string }>('POST /robots', { body })
    const params = { robot_id: made.id, project_name_or_id: project }
    const put = async (change: object, operation = 'PUT /robots/{robot_id}') =>
      (await admin().call(operation, { params, body: { ...body, name: made.name, ...change } })).status
    const older = 'PUT /projects/{project_name_or_id}/robots/{robot_id}'
    for (const operation of ['PUT /robots/{robot_id}', older]) {
      expect(await put({ permissions: [grant(project, { ...push, effect: 'deny' })] }, operation)).toBe(400)
      expect(await put({ expires_at: 4_000_000_000 }, operation)).toBe(400)
      expect(await put({ disabledd: true }, operation)).toBe(422)
    }
    const read = async () => (await admin().call<Record<string, unknown>>('GET /robots/{robot_id}', { params })).body
    const before = await read()
    expect(before).toMatchObject({ disable: false, permissions: [grant(project, push)] })
    // As clients send it back.
    expect(await put(before)).toBe(200)
    const pull = grant(project, { resource: 'repository', action: 'pull' })
    expect(await put({ ...before, permissions: [pull] }, older)).toBe(200)
    expect(await read()).toMatchObject({ permissions: [pull] })
  })

  test('the body of the older operation is read as strictly', async () => {
    const project = await addProject(registry())
    const params = { project_name_or_id: project }
    const post = async (body: object) =>
      (await admin().call('POST /projects/{project_name_or_id}/robots', { params, body: { name: unique(), ...body } }))
        .status
    expect(await post({ access: [{ ...push, effect: 'deny' }] })).toBe(400)
    expect(await post({ access: [push], disabled: true })).toBe(422)
    expect(await post({ access: [{ ...push, effect: 'allow' }] })).toBe(201)
  })

  test('a robot may be given its end as a time', async () => {
    const project = await addProject(registry())
    const body = { name: unique(), level: 'project', expires_at: 4_000_000_000, permissions: [grant(project, push)] }
    const made = await admin().call<{ expires_at: number }>('POST /robots', { body })
    expect([made.status, made.body.expires_at]).toEqual([201, 4_000_000_000])
  })

  test.each([
    ['another word for its end', { expires_at: '2027-01-01T00:00:00Z' }],
    ['another word for its projects', { projects: [1] }],
    ['a permission that is none', { permissions: ['repository:pull', 'repository:none'] }],
  ])('%s: no personal token is made', async (_, given) => {
    const ada = new ApiClient(registry(), await addAccount(registry()))
    const body = { name: unique(), permissions: ['repository:pull'], ...given }
    expect([400, 422]).toContain((await ada.call('POST /users/current/tokens', { body })).status)
    expect((await ada.call('GET /users/current/tokens')).body).toEqual([])
  })

  test.each([
    ['a time at which it ends', { expires_at: 4_000_000_000 }],
    ['a role that is none', { role_id: 999 }],
    ['a user and a group', { member_group: { group_name: 'ghosts', group_type: 3 } }],
    ['a user by two names', { member_user: { user_id: 1, username: 'somebody' } }],
    ['a condition', { member_user: { username: 'admin', until: 'tomorrow' } }],
  ])('%s: nobody becomes a member', async (_, given) => {
    const params = { project_name_or_id: await addProject(registry()) }
    const { username } = await addAccount(registry())
    const body = { role_id: 3, member_user: { username }, ...given }
    const added = await admin().call('POST /projects/{project_name_or_id}/members', { params, body })
    expect([400, 422]).toContain(added.status)
    const listed = await admin().call<object[]>('GET /projects/{project_name_or_id}/members', { params })
    expect(listed.body).toEqual([])
  })

  test('a role and a trust rule with words that mean nothing are not made', async () => {
    const role = { name: unique(), permissions: ['tag:list'], projects: [1] }
    expect((await admin().call('POST /roles', { body: role })).status).toBe(422)
    const body = { name: unique(), level: 'system', duration: 1, permissions: [grant('*', push)] }
    const { body: made } = await admin().call<{ id: number }>('POST /robots', { body })
    const rule = {
      issuer: 'https://ci.example.org',
      audience: 'berth',
      claims: { sub: 'repo:company/app' },
      subject: 'y',
    }
    const params = { robot_id: made.id }
    expect((await admin().call('POST /robots/{robot_id}/trust-rules', { params, body: rule })).status).toBe(422)
  })

  test('a refused membership leaves no user group', async () => {
    const ada = await addAccount(registry())
    const project = await addProject(registry(), [{ ...ada, role: 'project-admin' }])
    const params = { project_name_or_id: project }
    const asAda = new ApiClient(registry(), ada)
    const ghost = unique()
    const add = async (role: number) =>
      await asAda.call('POST /projects/{project_name_or_id}/members', {
        params,
        body: { role_id: role, member_group: { group_name: ghost, group_type: 3 } },
      })
    expect((await add(999)).status).toBe(400)
    const search = async () =>
      (await asAda.call('GET /usergroups/search', { query: `groupname=${ghost}` })).body as object[]
    expect(await search()).toEqual([])
    expect((await add(2)).status).toBe(201)
    expect((await search()).length).toBe(1)
  })

  test('retention of a developer comes once an hour at the most, and removes what a developer may not delete', async () => {
    const developer = await addAccount(registry())
    const project = await addProject(registry(), [{ ...developer, role: 'developer' }])
    const asDeveloper = new ApiClient(registry(), developer)
    const { body: found } = await admin().call<{ project_id: number }>('GET /projects/{project_name_or_id}', {
      params: { project_name_or_id: project },
    })
    const policy = (cron: string) => ({
      algorithm: 'or',
      rules: [],
      trigger: { kind: 'Schedule', settings: { cron } },
      scope: { level: 'project', ref: found.project_id },
    })
    for (const cron of ['* * * * * *', '0 * * * * *', '0 0,30 * * * *', '*/59 0 * * * *'])
      expect((await asDeveloper.call('POST /retentions', { body: policy(cron) })).status).toBe(400)
    const made = await asDeveloper.call('POST /retentions', { body: policy('0 0 * * * *') })
    expect(made.status).toBe(201)
    const id = Number(/\/(\d+)$/.exec(made.headers.get('location') ?? '')?.[1])
    const put = async (as: ApiClient, cron: string) =>
      (await as.call('PUT /retentions/{id}', { params: { id }, body: policy(cron) })).status
    expect(await put(asDeveloper, '0 */10 * * * *')).toBe(400)
    expect([await put(admin(), '* * * * * *'), await put(admin(), '0 */10 * * * *')]).toEqual([400, 200])
    // What the administrator has set may stay while a developer changes the rules.
    expect(await put(asDeveloper, '0 */10 * * * *')).toBe(200)
    const run = { params: { id }, body: { dry_run: false } }
    expect((await asDeveloper.call('POST /retentions/{id}/executions', run)).status).toBe(201)
  })

  test.each(['gc', 'purgeaudit', 'scrub'])('%s comes once a minute at the most', async (work) => {
    const operation = `PUT /system/${work}/schedule`
    const purging = { audit_retention_hour: 24, include_event_types: 'pull_artifact' }
    const parameters = work === 'purgeaudit' ? purging : {}
    const set = async (cron: string) =>
      (await admin().call(operation, { body: { schedule: { type: 'Custom', cron }, parameters } })).status
    expect([await set('* * * * * *'), await set('* * 18 * * *')]).toEqual([400, 400])
    expect(await set('0 */10 * * * *')).toBe(200)
    expect((await admin().call(operation, { body: { schedule: { type: 'None' } } })).status).toBe(200)
  })
})

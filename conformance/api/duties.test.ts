import { expect, test } from 'bun:test'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { ApiClient } from './contract-client.ts'

/** GB/T 22239-2019, 8.1.5.1 to 8.1.5.3: system, security and audit administrators, each with their own. */
describeControlledScenario('duties apart from the system', (registry) => {
  const admin = () => new ApiClient(registry())
  const appoint = async (duty: 'security' | 'audit' | 'none', username: string, client = admin()) => {
    const { body } = await admin().call<{ user_id: number; username: string }[]>('GET /users/search', {
      query: `username=${username}`,
    })
    const id = body.find((user) => user.username === username)!.user_id
    return (await client.call('PUT /users/{user_id}/duty', { params: { user_id: id }, body: { duty } })).status
  }
  const status = async (client: ApiClient, operation: string, options = {}) =>
    (await client.call(operation as 'GET /users/current', options as never)).status

  test('a system administrator does everything, until somebody has a duty; then it is theirs alone', async () => {
    const [auditor, officer, third] = [
      await addAccount(registry()),
      await addAccount(registry()),
      await addAccount(registry()),
    ]
    const project = await addProject(registry(), [])
    const [audit, security] = [new ApiClient(registry(), auditor), new ApiClient(registry(), officer)]
    const log = 'GET /system/audit-log'
    const purge = { body: { schedule: { type: 'None' }, parameters: {} } }
    const allowlist = { body: { items: [] } }
    expect([await status(admin(), log), await status(audit, log)]).toEqual([200, 403])
    expect([await status(admin(), 'GET /signers'), await status(security, 'GET /signers')]).toEqual([200, 403])

    expect([await appoint('audit', auditor.username), await appoint('security', officer.username)]).toEqual([200, 200])
    // Audit administrators.
    expect([await status(audit, log), await status(security, log), await status(admin(), log)]).toEqual([200, 403, 403])
    expect(await status(audit, 'PUT /system/purgeaudit/schedule', purge)).toBe(200)
    expect(await status(admin(), 'PUT /system/purgeaudit/schedule', purge)).toBe(403)
    const pulls = { body: { audit_log_pull_events: true } }
    expect(await status(admin(), 'PUT /configurations', pulls)).toBe(403)
    expect(await status(audit, 'PUT /configurations', pulls)).toBe(200)
    expect(await status(audit, 'PUT /configurations', { body: { read_only: false } })).toBe(403)
    const ofProject = { params: { project_name: project } }
    expect(await status(admin(), 'GET /projects/{project_name}/auditlog-exts', ofProject)).toBe(403)
    const seen = await admin().call<unknown[]>('GET /auditlog-exts', { query: 'q=resource_type%3Duser' })
    expect(seen.body).toEqual([])
    // Security administrators.
    for (const operation of ['GET /signers', 'GET /scanners', 'GET /security/summary'])
      expect([operation, await status(security, operation), await status(admin(), operation)]).toEqual([
        operation,
        200,
        403,
      ])
    expect(await status(security, 'PUT /system/CVEAllowlist', allowlist)).toBe(200)
    expect(await status(admin(), 'PUT /system/CVEAllowlist', allowlist)).toBe(403)
    // Neither is an administrator of the system.
    for (const client of [audit, security]) expect(await status(client, 'GET /users')).toBe(403)
    expect(await status(admin(), 'GET /users')).toBe(200)

    // No way round: another holder, another password, no holder, a robot.
    expect(await appoint('audit', third.username)).toBe(403)
    expect(await appoint('none', auditor.username)).toBe(403)
    const me = await audit.call<{ user_id: number; duty: string }>('GET /users/current')
    expect(me.body.duty).toBe('audit')
    const user = { user_id: me.body.user_id }
    const password = { params: user, body: { new_password: 'Analytical1843' } }
    expect(await status(admin(), 'PUT /users/{user_id}/password', password)).toBe(403)
    expect(await status(admin(), 'PUT /users/{user_id}/disabled', { params: user, body: { disabled: true } })).toBe(403)
    expect(await status(admin(), 'DELETE /users/{user_id}', { params: user })).toBe(403)
    expect(
      await status(admin(), 'PUT /users/{user_id}/sysadmin', { params: user, body: { sysadmin_flag: true } }),
    ).toBe(403)
    const robot = {
      name: `reader-${crypto.randomUUID().slice(0, 8)}`,
      level: 'system',
      duration: 1,
      permissions: [{ kind: 'system', namespace: '/', access: [{ resource: 'audit-log', action: 'list' }] }],
    }
    expect(await status(admin(), 'POST /robots', { body: robot })).toBe(403)
    const own = { params: user, body: { old_password: auditor.password, new_password: 'Analytical1843' } }
    expect(await status(audit, 'PUT /users/{user_id}/password', own)).toBe(200)
  })
})

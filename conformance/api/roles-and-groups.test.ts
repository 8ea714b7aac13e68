import { expect, test } from 'bun:test'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { ApiClient, type Credential } from './contract-client.ts'

describeControlledScenario('composed roles and user groups', (registry) => {
  const admin = () => new ApiClient(registry())
  const unique = (word: string) => `${word}-${crypto.randomUUID().slice(0, 8)}`
  const idIn = (headers: Headers) => Number(/\/(\d+)$/.exec(headers.get('location') ?? '')?.[1])
  const addRole = async (permissions: string[]) => {
    const made = await admin().call('POST /roles', { body: { name: unique('role'), permissions } })
    expect(made.status).toBe(201)
    return idIn(made.headers)
  }
  const join = async (project: string, { username }: Credential, roleId: number) =>
    await admin().call('POST /projects/{project_name_or_id}/members', {
      params: { project_name_or_id: project },
      body: { role_id: roleId, member_user: { username } },
    })

  test('a composed role gives its members what it says, and a change counts at once', async () => {
    const ada = await addAccount(registry())
    const project = await addProject(registry())
    const params = { project_name_or_id: project }
    const role = await addRole(['project:read', 'member:list'])
    expect((await join(project, ada, role)).status).toBe(201)
    const asAda = new ApiClient(registry(), ada)
    const members = async () => (await asAda.call('GET /projects/{project_name_or_id}/members', { params })).status
    const rename = async () =>
      (await asAda.call('PUT /projects/{project_name_or_id}', { params, body: { metadata: { public: 'false' } } }))
        .status
    expect([await members(), await rename()]).toEqual([200, 403])
    const read = await asAda.call<{ current_user_role_id: number }>('GET /projects/{project_name_or_id}', { params })
    expect(read.body.current_user_role_id).toBe(role)
    const body = { name: unique('role'), permissions: ['project:update'] }
    expect((await admin().call('PUT /roles/{role_id}', { params: { role_id: role }, body })).status).toBe(200)
    expect([await members(), await rename()]).toEqual([403, 200])
  })

  test('a role that somebody has stays; Harbor’s five are in the list and cannot be changed', async () => {
    const ada = await addAccount(registry())
    const project = await addProject(registry())
    const role = await addRole(['project:read'])
    await join(project, ada, role)
    expect((await admin().call('DELETE /roles/{role_id}', { params: { role_id: role } })).status).toBe(409)
    expect((await admin().call('DELETE /roles/{role_id}', { params: { role_id: 1 } })).status).toBe(404)
    const { body } = await admin().call<{ id: number; built_in: boolean }[]>('GET /roles')
    expect(body.filter((each) => each.built_in).map(({ id }) => id)).toEqual([1, 2, 3, 4, 5])
    expect((await join(project, await addAccount(registry()), 99)).status).toBe(400)
  })

  test.each([
    [{ name: '', permissions: ['project:read'] }],
    [{ name: 'guest', permissions: ['project:read'] }],
    [{ name: 'x', permissions: [] }],
    [{ name: 'x', permissions: ['user:create'] }],
  ])('%p is no role', async (body) => {
    expect((await admin().call('POST /roles', { body })).status).toBe(400)
  })

  test('only administrators compose roles and see user groups', async () => {
    const ada = new ApiClient(registry(), await addAccount(registry()))
    expect((await ada.call('POST /roles', { body: { name: 'x', permissions: ['project:read'] } })).status).toBe(403)
    expect((await ada.call('GET /usergroups')).status).toBe(403)
    expect((await ada.call('GET /usergroups/search', { query: 'groupname=a' })).status).toBe(200)
    expect((await new ApiClient(registry(), 'anonymous').call('GET /roles')).status).toBe(401)
  })

  test('a user group is made, read, found, renamed and deleted with its memberships', async () => {
    const name = unique('team')
    const made = await admin().call('POST /usergroups', { body: { group_name: name, group_type: 3 } })
    expect(made.status).toBe(201)
    const params = { group_id: idIn(made.headers) }
    const again = await admin().call('POST /usergroups', { body: { group_name: name, group_type: 3 } })
    expect(again.status).toBe(409)
    const read = await admin().call('GET /usergroups/{group_id}', { params })
    expect(read.body).toEqual({ id: params.group_id, group_name: name, group_type: 3 })
    const found = await admin().call('GET /usergroups/search', { query: `groupname=${name}` })
    expect(found.body).toEqual([read.body])
    const project = await addProject(registry())
    const member = { role_id: 3, member_group: { id: params.group_id } }
    const ofProject = { params: { project_name_or_id: project } }
    const joined = await admin().call('POST /projects/{project_name_or_id}/members', { ...ofProject, body: member })
    expect(joined.status).toBe(201)
    const renamed = { group_name: `${name}-2`, group_type: 3 }
    expect((await admin().call('PUT /usergroups/{group_id}', { params, body: renamed })).status).toBe(200)
    const members = async () =>
      (await admin().call<{ entity_name: string }[]>('GET /projects/{project_name_or_id}/members', ofProject)).body.map(
        (each) => each.entity_name,
      )
    expect(await members()).toContain(`${name}-2`)
    expect((await admin().call('DELETE /usergroups/{group_id}', { params })).status).toBe(200)
    expect(await members()).not.toContain(`${name}-2`)
    expect((await admin().call('GET /usergroups/{group_id}', { params })).status).toBe(404)
    expect((await admin().call('POST /usergroups', { body: { group_name: name, group_type: 9 } })).status).toBe(400)
  })
})

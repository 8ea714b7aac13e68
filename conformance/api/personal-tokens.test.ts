import { expect, test } from 'bun:test'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { ApiClient, type Credential } from './contract-client.ts'
import { dockerToken, mayPull } from './login.ts'

describeControlledScenario('personal tokens', (registry) => {
  const projectIdOf = async (name: string) => {
    const params = { project_name_or_id: name }
    const answer = await new ApiClient(registry()).call<{ project_id: number }>('GET /projects/{project_name_or_id}', {
      params,
    })
    return answer.body.project_id
  }
  const make = async (as: Credential, body: object) => {
    const call = new ApiClient(registry(), as).call<{ id: number; secret: string }>('POST /users/current/tokens', {
      body: { name: `t-${crypto.randomUUID().slice(0, 8)}`, permissions: ['repository:pull'], ...body },
    })
    const { status, body: made } = await call
    return { status, ...made, credential: { username: as.username, password: made?.secret ?? '' } }
  }

  test('a token is what it was made for: its permissions, in its projects, of what its owner may do', async () => {
    const ada = await addAccount(registry())
    const mine = await addProject(registry(), [{ username: ada.username, role: 'maintainer' }])
    const other = await addProject(registry(), [{ username: ada.username, role: 'maintainer' }])
    const foreign = await addProject(registry())
    const { credential } = await make(ada, {
      project_ids: [await projectIdOf(mine), await projectIdOf(foreign)],
      permissions: ['repository:pull', 'project:read'],
    })
    const scopes = (name: string) => `repository:${name}/app:pull,push`
    const pull = async (name: string) =>
      await mayPull(registry(), await dockerToken(registry(), credential, scopes(name)), `${name}/app`)
    expect([await pull(mine), await pull(other), await pull(foreign)]).toEqual([true, false, false])
    const token = await dockerToken(registry(), credential, scopes(mine))
    const push = await fetch(`${registry().url}/v2/${mine}/app/blobs/uploads/`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    })
    expect([401, 403]).toContain(push.status)
    const api = new ApiClient(registry(), credential)
    const read = async (name: string) =>
      (await api.call('GET /projects/{project_name_or_id}', { params: { project_name_or_id: name } })).status
    expect([await read(mine), await read(other)]).toEqual([200, 403])
    const listed = await api.call<{ name: string }[]>('GET /projects', { query: 'page_size=100' })
    expect(listed.body.map(({ name }) => name)).toEqual([mine])
  })

  test('an administrator with a token is none', async () => {
    const { credential } = await make(registry(), { permissions: ['project:read', 'repository:pull'] })
    const api = new ApiClient(registry(), credential)
    expect((await api.call('GET /users')).status).toBe(403)
    expect((await api.call('PUT /configurations', { body: { banner_message: 'x' } })).status).toBe(403)
    expect((await api.call('POST /projects', { body: { project_name: 'made-with-a-token' } })).status).toBe(403)
    const project = await addProject(registry())
    const params = { project_name_or_id: project }
    expect((await api.call('GET /projects/{project_name_or_id}', { params })).status).toBe(200)
    expect((await api.call('DELETE /projects/{project_name_or_id}', { params })).status).toBe(403)
  })

  test('a token makes no tokens, changes no password and deletes no token', async () => {
    const ada = await addAccount(registry())
    const { credential, id } = await make(ada, {})
    expect((await make(credential, {})).status).toBe(403)
    const api = new ApiClient(registry(), credential)
    const me = await api.call<{ user_id: number }>('GET /users/current')
    expect(me.status).toBe(200)
    const params = { user_id: me.body.user_id }
    const body = { old_password: ada.password, new_password: 'Changed12345' }
    expect((await api.call('PUT /users/{user_id}/password', { params, body })).status).toBe(403)
    expect((await api.call('DELETE /users/current/tokens/{token_id}', { params: { token_id: id } })).status).toBe(403)
  })

  test('a deleted token is worth nothing from the next request on, nor is what was fetched with it', async () => {
    const ada = await addAccount(registry())
    const project = await addProject(registry(), [{ username: ada.username, role: 'guest' }])
    const { credential, id } = await make(ada, {})
    const scope = `repository:${project}/app:pull`
    const token = await dockerToken(registry(), credential, scope)
    expect(await mayPull(registry(), token, `${project}/app`)).toBe(true)
    const owner = new ApiClient(registry(), ada)
    const listed = await owner.call<{ id: number; secret?: string }[]>('GET /users/current/tokens')
    expect(listed.body).toEqual([expect.objectContaining({ id, permissions: ['repository:pull'] })])
    expect(JSON.stringify(listed.body)).not.toContain(credential.password)
    expect((await owner.call('DELETE /users/current/tokens/{token_id}', { params: { token_id: id } })).status).toBe(200)
    expect(await mayPull(registry(), token, `${project}/app`)).toBe(false)
    expect(dockerToken(registry(), credential, scope)).rejects.toThrow('401')
  })

  test('it is good with its owner’s name and as a bearer, and with no other name', async () => {
    const [ada, bob] = [await addAccount(registry()), await addAccount(registry())]
    const { credential } = await make(ada, {})
    const me = async (headers: Record<string, string>) =>
      (await fetch(`${registry().url}/api/v2.0/users/current`, { headers })).status
    expect(await me({ authorization: `Bearer ${credential.password}` })).toBe(200)
    expect(
      (await new ApiClient(registry(), { ...credential, username: bob.username }).call('GET /users/current')).status,
    ).toBe(401)
    await registry().control.berth(['user', 'disable', ada.username])
    expect(await me({ authorization: `Bearer ${credential.password}` })).toBe(401)
  })

  test.each([
    [{ name: '' }],
    [{ permissions: [] }],
    [{ permissions: ['everything:do'] }],
    [{ project_ids: [] }],
    [{ lifetime_days: 0 }],
  ])('%p makes no token', async (body) => {
    expect((await make(registry(), body)).status).toBe(400)
  })
})

import { expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient } from './contract-client.ts'

const artifact = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}'
const artifacts = '/projects/{project_name}/repositories/{repository_name}/artifacts'

interface Label {
  readonly id: number
  readonly name: string
}

describeControlledScenario('labels of the API', (registry) => {
  const admin = () => new ApiClient(registry())
  const newName = () => `label-${crypto.randomUUID().slice(0, 8)}`
  const create = async (body: object, as = admin()) => {
    const made = await as.call('POST /labels', { body })
    return { status: made.status, id: Number(/\/(\d+)$/.exec(made.headers.get('location') ?? '')?.[1]) }
  }
  const projectIdOf = async (project: string) =>
    (
      await admin().call<{ project_id: number }>('GET /projects/{project_name_or_id}', {
        params: { project_name_or_id: project },
      })
    ).body.project_id

  test('a label is made, read, listed, changed and deleted; a name that is taken is a conflict', async () => {
    const name = newName()
    const { status, id } = await create({ name, scope: 'g', color: '#1f2e3d', description: 'what it means' })
    expect(status).toBe(201)
    expect((await create({ name, scope: 'g' })).status).toBe(409)
    const params = { label_id: id }
    const read = await admin().call('GET /labels/{label_id}', { params })
    expect(read.body).toMatchObject({ name, scope: 'g', color: '#1f2e3d', description: 'what it means' })
    await admin().call('PUT /labels/{label_id}', { params, body: { name: `${name}-2`, scope: 'g' } })
    const listed = await admin().call<Label[]>('GET /labels', { query: `scope=g&name=${name}` })
    expect(listed.body.map((label) => label.name)).toEqual([`${name}-2`])
    expect((await admin().call('DELETE /labels/{label_id}', { params })).status).toBe(200)
    expect((await admin().call('GET /labels/{label_id}', { params })).status).toBe(404)
    for (const wrong of [
      { name, scope: 'x' },
      { name: '', scope: 'g' },
      { name, scope: 'p' },
      { name, scope: 'g', color: 'red; background: url(x)' },
    ]) {
      expect((await create(wrong)).status).toBe(400)
    }
  })

  test('labels are put on artifacts, found by them, and taken away; those of another project are unknown', async () => {
    const project = await addProject(registry())
    const of = { project_name: project, repository_name: 'app' }
    for (const tag of ['v1', 'v2']) await new V2Client(registry()).pushImage(`${project}/app`, createUniqueImage(), tag)
    const own = await create({ name: newName(), scope: 'p', project_id: await projectIdOf(project) })
    const global = await create({ name: newName(), scope: 'g' })
    const foreign = await create({
      name: newName(),
      scope: 'p',
      project_id: await projectIdOf(await addProject(registry())),
    })

    const params = { ...of, reference: 'v1' }
    const put = (id: number) => admin().call(`POST ${artifact}/labels`, { params, body: { id } })
    expect((await put(own.id)).status).toBe(200)
    expect((await put(own.id)).status).toBe(409)
    expect((await put(global.id)).status).toBe(200)
    expect((await put(foreign.id)).status).toBe(404)
    const found = async (query: string) =>
      (await admin().call<{ labels: Label[]; tags: Label[] }[]>(`GET ${artifacts}`, { params: of, query })).body
    const both = await found(`with_label=true&q=labels%3D(${own.id} ${global.id})`)
    expect(both.map(({ labels, tags }) => [labels.length, tags.map(({ name }) => name)])).toEqual([[2, ['v1']]])
    expect(await found(`q=labels%3D(${foreign.id})`)).toEqual([])
    const remove = () =>
      admin().call(`DELETE ${artifact}/labels/{label_id}`, { params: { ...params, label_id: own.id } })
    expect((await remove()).status).toBe(200)
    expect((await remove()).status).toBe(404)
    await admin().call('DELETE /labels/{label_id}', { params: { label_id: global.id } })
    expect((await found('with_label=true&q=tags%3Dv1'))[0]!.labels).toBeNull()
  })

  test('global labels are an administrator’s, those of a project follow its roles', async () => {
    const project = await addProject(registry())
    const project_id = await projectIdOf(project)
    const accounts = {
      maintainer: await addAccount(registry()),
      guest: await addAccount(registry()),
      stranger: await addAccount(registry()),
    }
    for (const role of ['maintainer', 'guest'] as const) {
      await registry().control.berth(['project', 'member', 'add', project, accounts[role].username, role])
    }
    const as = (name: keyof typeof accounts) => new ApiClient(registry(), accounts[name])
    const { id } = await create({ name: newName(), scope: 'p', project_id }, as('maintainer'))
    const statuses = async (client: ApiClient) => [
      (await client.call('GET /labels', { query: `scope=p&project_id=${project_id}` })).status,
      (await client.call('GET /labels/{label_id}', { params: { label_id: id } })).status,
      (await create({ name: newName(), scope: 'p', project_id }, client)).status,
      (await client.call('GET /labels', { query: 'scope=g' })).status,
      (await create({ name: newName(), scope: 'g' }, client)).status,
    ]
    expect(await statuses(as('maintainer'))).toEqual([200, 200, 201, 200, 403])
    expect(await statuses(as('guest'))).toEqual([200, 200, 403, 200, 403])
    expect(await statuses(as('stranger'))).toEqual([403, 403, 403, 200, 403])
    expect(await statuses(new ApiClient(registry(), 'anonymous'))).toEqual([401, 401, 401, 401, 401])
  })
})

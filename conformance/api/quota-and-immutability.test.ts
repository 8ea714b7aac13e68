import { expect, test } from 'bun:test'
import { createUniqueImage, type Image } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient } from './contract-client.ts'

describeControlledScenario('quotas and immutability of the API', (registry) => {
  const admin = () => new ApiClient(registry())
  const push = async (repository: string, tag: string, image: Image) => {
    await new V2Client(registry()).pushImage(repository, image, tag)
    return image.descriptor.digest
  }
  const ofProject = (project: string) => ({ params: { project_name_or_id: project } })
  const projectIdOf = async (project: string) =>
    (await admin().call<{ project_id: number }>('GET /projects/{project_name_or_id}', ofProject(project))).body
      .project_id
  const rule = (tags: string, repositories = '**', disabled = false) => ({
    disabled,
    action: 'immutable',
    template: 'immutable_template',
    tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: tags }],
    scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: repositories }] },
  })
  const addRule = async (project: string, body: object) => {
    const made = await admin().call('POST /projects/{project_name_or_id}/immutabletagrules', {
      ...ofProject(project),
      body,
    })
    return { status: made.status, id: Number(/\/(\d+)$/.exec(made.headers.get('location') ?? '')?.[1]) }
  }

  test('a limit is set with the project or later, and the numbers are told', async () => {
    const name = `limited-${crypto.randomUUID().slice(0, 8)}`
    const made = await admin().call('POST /projects', { body: { project_name: name, storage_limit: 1_000_000 } })
    expect(made.status).toBe(201)
    const id = await projectIdOf(name)
    const quota = async () =>
      (await admin().call<{ hard: object; used: { storage: number } }>('GET /quotas/{id}', { params: { id } })).body
    expect(await quota()).toMatchObject({ ref: { id, name }, hard: { storage: 1_000_000 }, used: { storage: 0 } })
    await push(`${name}/app`, 'v1', await createUniqueImage())
    const { storage } = (await quota()).used
    expect(storage).toBeGreaterThan(100)
    const summary = await admin().call('GET /projects/{project_name_or_id}/summary', ofProject(name))
    expect(summary.body).toMatchObject({ quota: { hard: { storage: 1_000_000 }, used: { storage } } })
    const set = async (hard: object) =>
      (await admin().call('PUT /quotas/{id}', { params: { id }, body: { hard } })).status
    expect([await set({ storage: 5_000_000 }), await set({ storage: 0 }), await set({ count: 5 })]).toEqual([
      200, 400, 400,
    ])
    const listed = await admin().call('GET /quotas', { query: `reference=project&reference_id=${id}` })
    expect(listed.body).toEqual([expect.objectContaining({ id, hard: { storage: 5_000_000 } })])
    const recounted = await admin().call('POST /quotas/{id}/recount', { params: { id } })
    expect(recounted.body).toEqual({ storage })
    const ada = new ApiClient(registry(), await addAccount(registry()))
    expect((await ada.call('GET /quotas')).status).toBe(403)
  })

  test('who pushes too much is told how much there is', async () => {
    const project = await addProject(registry())
    const id = await projectIdOf(project)
    await admin().call('PUT /quotas/{id}', { params: { id }, body: { hard: { storage: 100 } } })
    const pushed = push(`${project}/app`, 'v1', await createUniqueImage())
    expect(pushed).rejects.toThrow(/answered 403.*DENIED.*configured upper limit of 100\.0 B/s)
  })

  test('an immutable tag stays: by push, by delete of the tag, the artifact, the repository', async () => {
    const project = await addProject(registry())
    const name = `${project}/app`
    const image = await createUniqueImage()
    const digest = await push(name, 'v1', image)
    const { status, id } = await addRule(project, rule('v*'))
    expect(status).toBe(201)
    expect(push(name, 'v1', await createUniqueImage())).rejects.toThrow(/answered 412.*configured as immutable/s)
    // The same again takes nothing from anywhere.
    expect(await push(name, 'v1', image)).toBe(digest)
    expect(await push(name, 'latest', await createUniqueImage())).toStartWith('sha256:')
    expect(await push(name, 'latest', await createUniqueImage())).toStartWith('sha256:')
    const params = { project_name: project, repository_name: 'app', reference: 'v1' }
    const artifact = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}'
    const statuses = [
      (await admin().call(`DELETE ${artifact}`, { params })).status,
      (await admin().call(`DELETE ${artifact}/tags/{tag_name}`, { params: { ...params, tag_name: 'v1' } })).status,
      (await admin().call('DELETE /projects/{project_name}/repositories/{repository_name}', { params })).status,
    ]
    expect(statuses).toEqual([412, 412, 412])
    const shown = await admin().call<{ tags: object[] }>(`GET ${artifact}`, {
      params,
      query: 'with_immutable_status=true',
    })
    expect(shown.body.tags).toEqual([expect.objectContaining({ name: 'v1', immutable: true })])
    const oneRule = { params: { project_name_or_id: project, immutable_rule_id: id } }
    const path = '/projects/{project_name_or_id}/immutabletagrules/{immutable_rule_id}'
    expect((await admin().call(`PUT ${path}`, { ...oneRule, body: rule('v*', '**', true) })).status).toBe(200)
    expect(await push(name, 'v1', await createUniqueImage())).toStartWith('sha256:')
    expect((await admin().call(`DELETE ${path}`, oneRule)).status).toBe(200)
    expect((await admin().call(`DELETE ${path}`, oneRule)).status).toBe(404)
    expect((await admin().call(`DELETE ${artifact}`, { params })).status).toBe(200)
  })

  test('an immutable tag stays where the registry is spoken to directly: by ?tag=, by delete of tag and digest', async () => {
    const project = await addProject(registry())
    const name = `${project}/app`
    const client = new V2Client(registry())
    const [kept, other] = [createUniqueImage(), createUniqueImage()]
    await push(name, 'v1', kept)
    await push(name, 'other', other)
    await addRule(project, rule('v*'))
    const { mediaType, digest } = other.descriptor
    const manifest = async (path: string, method = 'PUT') =>
      await client.request(`/v2/${name}/manifests/${path}`, {
        method,
        ...(method === 'PUT' ? { headers: { 'content-type': mediaType }, body: other.content.get(digest)! } : {}),
      })
    const statuses = [
      (await manifest(`${digest}?tag=v1`)).status,
      (await manifest(`${digest}?tag=free&tag=v1`)).status,
      (await manifest('v1')).status,
      (await manifest('v1', 'DELETE')).status,
      (await manifest(kept.descriptor.digest, 'DELETE')).status,
    ]
    expect(statuses).toEqual([412, 412, 412, 412, 412])
    expect((await manifest('free', 'GET')).status).toBe(404)
    const found = await client.request(`/v2/${name}/manifests/v1`)
    expect(found.headers.get('docker-content-digest')).toBe(kept.descriptor.digest)
  })

  test('fifty clients that push at once never take more than the limit, and broken-off pushes take nothing', async () => {
    const project = await addProject(registry())
    const id = await projectIdOf(project)
    const client = new V2Client(registry())
    const sizeOf = ({ content }: Image) => [...content.values()].reduce((sum, bytes) => sum + bytes.length, 0)
    const images = Array.from({ length: 50 }, () => createUniqueImage())
    const limit = images.slice(0, 20).reduce((sum, image) => sum + sizeOf(image), 0)
    await admin().call('PUT /quotas/{id}', { params: { id }, body: { hard: { storage: limit } } })
    for (const broken of [createUniqueImage(), createUniqueImage()]) {
      for (const bytes of broken.content.values()) await client.pushBlob(`${project}/broken`, bytes)
      await client.request(await client.startUpload(`${project}/broken`), {
        method: 'PATCH',
        body: new Uint8Array(500),
      })
    }
    const used = async () =>
      (
        await admin().call<{ used: { storage: number }; logical: { storage: number } }>('GET /quotas/{id}', {
          params: { id },
        })
      ).body
    expect(await used()).toMatchObject({ used: { storage: 0 }, logical: { storage: 0 } })
    const outcomes = await Promise.allSettled(images.map((image, at) => push(`${project}/app${at}`, 'v1', image)))
    const taken = images.filter((_, at) => outcomes[at]!.status === 'fulfilled')
    const { used: counted, logical } = await used()
    expect(counted.storage).toBe(taken.reduce((sum, image) => sum + sizeOf(image), 0))
    expect(counted.storage).toBeLessThanOrEqual(limit)
    expect(taken.length).toBeGreaterThan(10)
    expect(logical).toEqual(counted)
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(String(outcome.reason)).toContain('configured upper limit')
    expect((await admin().call('POST /quotas/{id}/recount', { params: { id } })).body).toEqual(counted)
  }, 60_000)

  test('what images share is used once; how large they are one by one is told beside it', async () => {
    const project = await addProject(registry())
    const image = createUniqueImage()
    await push(`${project}/app`, 'v1', image)
    await push(`${project}/copy`, 'v1', image)
    const summary = await admin().call<{ quota: { used: { storage: number }; logical: { storage: number } } }>(
      'GET /projects/{project_name_or_id}/summary',
      ofProject(project),
    )
    const { used, logical } = summary.body.quota
    expect(logical.storage).toBe(2 * used.storage)
    const statistics = await admin().call<{ total_storage_consumption: number; logical_storage_consumption: number }>(
      'GET /statistics',
    )
    expect(statistics.body.logical_storage_consumption).toBeGreaterThanOrEqual(logical.storage)
  })

  test('rules are listed as they were made; a copy into an immutable tag is refused', async () => {
    const project = await addProject(registry())
    const other = await addProject(registry())
    await addRule(project, rule('{v1,v2}', 'app'))
    expect((await addRule(project, rule('{v1,v2}', 'app'))).status).toBe(409)
    const listed = await admin().call('GET /projects/{project_name_or_id}/immutabletagrules', ofProject(project))
    // Harbor leaves out what is false.
    const { disabled: _disabled, ...shown } = rule('{v1,v2}', 'app')
    expect(listed.body).toEqual([expect.objectContaining(shown)])
    await push(`${project}/app`, 'v1', await createUniqueImage())
    await push(`${project}/free`, 'v1', await createUniqueImage())
    await push(`${project}/free`, 'v1', await createUniqueImage())
    await push(`${other}/app`, 'v1', await createUniqueImage())
    const copied = await admin().call('POST /projects/{project_name}/repositories/{repository_name}/artifacts', {
      params: { project_name: project, repository_name: 'app' },
      query: `from=${other}/app:v1`,
    })
    expect([copied.status, JSON.stringify(copied.body)]).toEqual([
      412,
      expect.stringContaining('the tag v1 configured as immutable, cannot be updated'),
    ])
  })

  test.each([
    [{ ...rule(''), tag_selectors: [] }],
    [rule('[a')],
    [rule('')],
    [{ ...rule('v*'), scope_selectors: {} }],
    [{ ...rule('v*'), tag_selectors: [{ kind: 'regex', decoration: 'matches', pattern: 'a' }] }],
    [{ ...rule('v*'), tag_selectors: [{ kind: 'doublestar', decoration: 'likes', pattern: 'a' }] }],
  ])('%j is no rule', async (body) => {
    const project = await addProject(registry())
    expect((await addRule(project, body)).status).toBe(400)
  })
})

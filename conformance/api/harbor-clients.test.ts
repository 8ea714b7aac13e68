import { expect, test } from 'bun:test'
import { createIndex, createUniqueImage, type Image } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient, basicOf } from './contract-client.ts'

const repository = '/projects/{project_name}/repositories/{repository_name}'
const artifacts = `${repository}/artifacts`
const artifact = `${artifacts}/{reference}`

interface Artifact {
  readonly digest: string
  readonly tags: readonly { readonly name: string }[] | null
}

describeControlledScenario('clients that were written for Harbor: content', (registry) => {
  const admin = () => new ApiClient(registry())
  const push = (full: string, image: Image, tag: string) => new V2Client(registry()).pushImage(full, image, tag)
  const newProjectWithImage = async () => {
    const project = await addProject(registry())
    const image = createUniqueImage()
    await push(`${project}/app`, image, 'v1')
    const params = { project_name: project, repository_name: 'app', reference: 'v1' }
    return { project, image, params, digest: image.descriptor.digest }
  }
  const credentialWith = async (permissions: Readonly<Record<string, readonly string[]>>) => {
    const { status, body } = await admin().call<{ name: string; secret: string }>('POST /robots', {
      body: {
        level: 'system',
        duration: -1,
        name: `r${crypto.randomUUID()}`,
        permissions: Object.entries(permissions).map(([namespace, granted]) => ({
          kind: 'project',
          namespace,
          access: granted.map((each) => ({ resource: each.split(':')[0], action: each.split(':')[1] })),
        })),
      },
    })
    expect(status).toBe(201)
    return { username: body.name, password: body.secret }
  }
  const robotWith = async (permissions: Readonly<Record<string, readonly string[]>>) =>
    new ApiClient(registry(), await credentialWith(permissions))
  const tagsOf = async (project: string, name: string, reference: string) => {
    const params = { project_name: project, repository_name: name, reference }
    const { body } = await admin().call<Artifact>(`GET ${artifact}`, { params })
    return (body.tags ?? []).map((tag) => tag.name).toSorted()
  }

  test('a query that is escaped twice is the one that is escaped once', async () => {
    const project = await addProject(registry())
    for (const query of [`name%3D${project}`, `name%253D${project}`, `name%253D~${project.slice(0, 12)}`]) {
      const listed = await admin().call<{ name: string }[]>('GET /projects', { query: `q=${query}` })
      expect([listed.status, listed.body.map(({ name }) => name)]).toEqual([200, [project]])
    }
    const { body } = await admin().call<{ project_id: number }>('GET /projects/{project_name_or_id}', {
      params: { project_name_or_id: project },
    })
    const robots = await admin().call('GET /robots', {
      query: `q=Level%253Dproject%252CProjectID%253D${body.project_id}`,
    })
    expect([robots.status, robots.body]).toEqual([200, []])
  })

  test('a robot needs for each operation the one permission that Harbor asks for, and no other', async () => {
    const { project, params, digest } = await newProjectWithImage()
    const only = async (permission: string) => await robotWith({ [project]: [permission] })
    const creating = await only('tag:create')
    const deleting = await only('tag:delete')
    const named = { ...params, reference: digest }
    const create = async (as: ApiClient, name: string) =>
      (await as.call(`POST ${artifact}/tags`, { params: named, body: { name } })).status
    const untag = async (as: ApiClient, tag_name: string) =>
      (await as.call(`DELETE ${artifact}/tags/{tag_name}`, { params: { ...named, tag_name } })).status
    expect([await create(deleting, 'v2'), await create(creating, 'v2')]).toEqual([403, 201])
    expect([await untag(creating, 'v2'), await untag(deleting, 'v2')]).toEqual([403, 200])
    const remove = async (as: ApiClient) => (await as.call(`DELETE ${artifact}`, { params: named })).status
    expect([await remove(deleting), await remove(creating)]).toEqual([403, 403])

    const text = async (permission: string) => {
      const authorization = basicOf(await credentialWith({ [project]: [permission] }))
      const address = `${registry().url}/api/v2.0/projects/${project}/repositories/app/artifacts/v1/manifest`
      return (await fetch(address, { headers: { authorization } })).status
    }
    expect([await text('artifact:read'), await text('artifact-addition:read')]).toEqual([403, 200])

    const drop = async (as: ApiClient) => (await as.call(`DELETE ${repository}`, { params })).status
    expect([await drop(await only('artifact:delete')), await drop(await only('repository:delete'))]).toEqual([403, 200])
  })

  test('a copy needs to read the one artifact and to create the other, and neither pull nor push', async () => {
    const { project, digest } = await newProjectWithImage()
    const other = await addProject(registry())
    const params = { project_name: other, repository_name: 'app' }
    const copy = async (as: ApiClient) =>
      (await as.call(`POST ${artifacts}`, { params, query: `from=${project}/app@${digest}` })).status
    expect(await copy(await robotWith({ [project]: ['artifact:read'], [other]: ['repository:push'] }))).toBe(403)
    expect(await copy(await robotWith({ [project]: ['repository:pull'], [other]: ['artifact:create'] }))).toBe(403)
    expect(await copy(await robotWith({ [project]: ['artifact:read'], [other]: ['artifact:create'] }))).toBe(201)
  })

  test('a copy has every tag of the artifact, by whatever it was named', async () => {
    const project = await addProject(registry())
    const child = createUniqueImage()
    const index = createIndex([child, createUniqueImage()])
    await push(`${project}/app`, child, 'amd64')
    for (const tag of ['v1', 'v1.0', 'latest']) await push(`${project}/app`, index, tag)
    for (const [at, reference] of [`@${index.descriptor.digest}`, ':v1'].entries()) {
      const params = { project_name: project, repository_name: `copy${at}` }
      const copied = await admin().call(`POST ${artifacts}`, { params, query: `from=${project}/app${reference}` })
      expect([copied.status, copied.headers.get('location')]).toEqual([
        201,
        expect.stringMatching(new RegExp(`/artifacts/${reference.slice(1)}$`)),
      ])
      expect(await tagsOf(project, `copy${at}`, 'latest')).toEqual(['latest', 'v1', 'v1.0'])
      expect(await tagsOf(project, `copy${at}`, child.descriptor.digest)).toEqual([])
    }
  })

  test('a signature of an index is shown at its children, and cosign’s tags among the referrers', async () => {
    const project = await addProject(registry())
    const [signed, other] = [createUniqueImage('amd64'), createUniqueImage('arm64')]
    const index = createIndex([signed, other])
    await push(`${project}/app`, index, 'v1')
    const client = new V2Client(registry())
    const sign = async (subject: string) => {
      const signature = createUniqueImage()
      await client.pushImage(`${project}/app`, signature, `${subject.replace(':', '-')}.sig`)
      return signature.descriptor.digest
    }
    const ofIndex = await sign(index.descriptor.digest)
    const ofChild = await sign(signed.descriptor.digest)
    const read = async (reference: string, query: string) =>
      (
        await admin().call<{ inherited_accessories?: object[]; accessories: { digest: string }[] | null }>(
          `GET ${artifact}`,
          { params: { project_name: project, repository_name: 'app', reference }, query },
        )
      ).body
    const asked = 'with_accessory=true&with_inherited_accessory=true'
    const child = await read(other.descriptor.digest, asked)
    expect(child).toMatchObject({
      accessories: null,
      inherited_accessories: [
        { digest: ofIndex, type: 'signature.cosign', subject_artifact_digest: index.descriptor.digest },
      ],
    })
    // One with a signature of its own inherits none; nothing is said to those who did not ask.
    const own = await read(signed.descriptor.digest, asked)
    expect([own.accessories?.map(({ digest }) => digest), 'inherited_accessories' in own]).toEqual([[ofChild], false])
    expect('inherited_accessories' in (await read(other.descriptor.digest, 'with_accessory=true'))).toBe(false)

    for (const [subject, signature] of [
      [index.descriptor.digest, ofIndex],
      [signed.descriptor.digest, ofChild],
    ] as const) {
      const referrers = await client.request(`/v2/${project}/app/referrers/${subject}`)
      const { manifests } = (await referrers.json()) as { manifests: { digest: string }[] }
      expect(manifests.map(({ digest }) => digest)).toEqual([signature])
    }
  })

  test('a tag that is kept says so in the words of what would have taken it', async () => {
    const { project, params } = await newProjectWithImage()
    const everything = [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }]
    const rule = {
      disabled: false,
      action: 'immutable',
      template: 'immutable_template',
      tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: 'v*' }],
      scope_selectors: { repository: everything },
    }
    const of = { params: { project_name_or_id: project }, body: rule }
    expect((await admin().call('POST /projects/{project_name_or_id}/immutabletagrules', of)).status).toBe(201)
    const other = await newProjectWithImage()
    const refusals = [
      await admin().call(`DELETE ${artifact}`, { params }),
      await admin().call(`DELETE ${artifact}/tags/{tag_name}`, { params: { ...params, tag_name: 'v1' } }),
      await admin().call(`DELETE ${repository}`, { params }),
      await admin().call(`POST ${artifacts}`, { params, query: `from=${other.project}/app@${other.digest}` }),
    ]
    const deleted = 'the tag v1 configured as immutable, cannot be deleted'
    const sentences = [deleted, deleted, deleted, 'the tag v1 configured as immutable, cannot be updated']
    expect(
      refusals.map(({ status, body }) => [status, (body as { errors: { message: string }[] }).errors[0]!.message]),
    ).toEqual(sentences.map((sentence) => [412, sentence]))
    expect(push(`${project}/app`, createUniqueImage(), 'v1')).rejects.toThrow(
      /Failed to process request due to 'app:v1' configured as immutable/,
    )
  })

  test('a repository that is not there has no artifacts, and no artifact either', async () => {
    const project_name = await addProject(registry())
    const params = { project_name, repository_name: 'none' }
    const listed = await admin().call(`GET ${artifacts}`, { params, query: 'with_tag=true&q=tags%3D*' })
    expect([listed.status, listed.body, listed.headers.get('x-total-count')]).toEqual([200, [], '0'])
    expect((await admin().call(`GET ${artifacts}`, { params, query: 'q=nonsense' })).status).toBe(400)
    expect((await admin().call(`GET ${artifact}`, { params: { ...params, reference: 'v1' } })).status).toBe(404)
  })
})

describeControlledScenario('clients that were written for Harbor: null, absent and zero', (registry) => {
  const admin = () => new ApiClient(registry())

  test('an empty list of an artifact is null, and one that has something is a list', async () => {
    const project = await addProject(registry())
    const client = new V2Client(registry())
    const child = createUniqueImage()
    await client.pushImage(`${project}/app`, createIndex([child, createUniqueImage()]), 'v1')
    const params = { project_name: project, repository_name: 'app' }
    const query = 'with_accessory=true&with_label=true'
    const read = async (reference: string) =>
      (await admin().call(`GET ${artifact}`, { params: { ...params, reference }, query })).body
    const none = { labels: null, accessories: null }
    const entry = expect.objectContaining({ urls: null })
    expect(await read('v1')).toMatchObject({ ...none, tags: [{ name: 'v1' }], references: [entry, entry] })
    expect(await read(child.descriptor.digest)).toMatchObject({ ...none, tags: null, references: null })
    const list = await admin().call(`GET ${artifacts}`, { params, query: 'with_tag=false&with_accessory=true' })
    expect(list.body).toMatchObject([{ ...none, tags: null }])
  })

  test('the banner is there also when it is empty, for somebody without an account too', async () => {
    for (const client of [admin(), new ApiClient(registry(), 'anonymous')])
      expect((await client.call('GET /systeminfo')).body).toMatchObject({ banner_message: '' })
  })

  test('the settings tell that nothing scans everything, and take that back', async () => {
    const { body } = await admin().call<Record<string, unknown>>('GET /configurations')
    expect(body['scan_all_policy']).toEqual({ type: 'none' })
    const written = { scan_all_policy: { type: 'none' }, banner_message: '' }
    expect((await admin().call('PUT /configurations', { body: written })).status).toBe(200)
  })

  test('what is empty, zero or false is left out where Harbor leaves it out', async () => {
    const project_name = await addProject(registry())
    await new V2Client(registry()).pushImage(`${project_name}/app`, createUniqueImage(), 'v1')
    const params = { project_name_or_id: project_name }
    const label = await admin().call('POST /labels', { body: { name: `l${crypto.randomUUID()}`, scope: 'g' } })
    const label_id = Number(/\d+$/.exec(label.headers.get('location')!)![0])
    const everything = [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }]
    const rule = {
      tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: '**' }],
      scope_selectors: { repository: everything },
    }
    await admin().call('POST /projects/{project_name_or_id}/immutabletagrules', { params, body: rule })
    const rules = await admin().call<object[]>('GET /projects/{project_name_or_id}/immutabletagrules', { params })
    const shown = await admin().call<object>('GET /labels/{label_id}', { params: { label_id } })
    const described = await admin().call<object>(`GET ${repository}`, {
      params: { project_name, repository_name: 'app' },
    })
    const stranger = new ApiClient(registry(), await addAccount(registry()))
    const library = await stranger.call<object>('GET /projects/{project_name_or_id}', {
      params: { project_name_or_id: 'library' },
    })
    for (const [from, fields] of [
      [shown.body, ['description', 'color', 'project_id']],
      [rules.body[0]!, ['disabled', 'priority']],
      [described.body, ['description']],
      [library.body, ['current_user_role_id']],
    ] as const)
      expect(fields.filter((field) => field in from)).toEqual([])
    expect(library.body).toMatchObject({ current_user_role_ids: null })
    expect(described.body).toMatchObject({ pull_count: 0, artifact_count: 1 })
  })

  test('a queue in which nothing waits has neither count nor latency', async () => {
    const { body } = await admin().call<{ job_type: string }[]>('GET /jobservice/queues')
    const queue = body.find(({ job_type }) => job_type === 'GARBAGE_COLLECTION')
    expect<object | undefined>(queue).toEqual({ job_type: 'GARBAGE_COLLECTION', paused: false })
  })
})

describeControlledScenario('switches that nothing reads', (registry) => {
  const admin = () => new ApiClient(registry())
  const item = '/projects/{project_name_or_id}'
  const messageOf = (body: unknown) => (body as { errors: { message: string }[] }).errors[0]!.message

  test('whole objects, as Terraform sends them, are accepted', async () => {
    const off = { enable_content_trust: 'false', enable_content_trust_cosign: 'false', prevent_vul: 'false' }
    const metadata = { ...off, public: 'false', auto_sbom_generation: 'false', reuse_sys_cve_allowlist: 'true' }
    const name = `p${crypto.randomUUID()}`
    const made = await admin().call('POST /projects', { body: { project_name: name, metadata } })
    const params = { project_name_or_id: name }
    const changed = await admin().call(`PUT ${item}`, { params, body: { metadata } })
    expect([made.status, changed.status]).toEqual([201, 200])
    for (const { headers } of [made, changed]) expect(headers.get('warning')).toBeNull()
  })

  test('a setting that is not built keeps its value, and the settings as they were read are accepted', async () => {
    const put = async (body: object) => await admin().call('PUT /configurations', { body })
    for (const [name, value] of Object.entries({
      uaa_endpoint: 'https://uaa.example.org',
      uaa_client_secret: 'secret',
      http_authproxy_endpoint: 'https://proxy.example.org',
      http_authproxy_verify_cert: false,
    })) {
      const refused = await put({ [name]: value })
      expect([refused.status, messageOf(refused.body)]).toEqual([400, expect.stringContaining(`${name} cannot be`)])
    }
    const skipped = await put({ skip_audit_log_database: true, banner_message: 'x' })
    expect([skipped.status, messageOf(skipped.body)]).toEqual([
      400,
      'audit log forward endpoint should be configured before enable skip audit log in database',
    ])
    const { body } = await admin().call<Record<string, { value?: unknown }>>('GET /configurations')
    expect(body).toMatchObject({ banner_message: { value: '' }, uaa_endpoint: { value: '' } })
    const same = Object.fromEntries(Object.entries(body).map(([name, { value }]) => [name, value]))
    expect((await put(same)).status).toBe(200)
  })
})

describeControlledScenario('operations that are not built', (registry) => {
  const admin = () => new ApiClient(registry())

  test('ask who somebody is and what they may before they say that they are not there', async () => {
    const answer = await fetch(`${registry().url}/api/v2.0/openapi.json`)
    const { paths } = (await answer.json()) as { paths: Record<string, Record<string, { responses: object }>> }
    const project = await addProject(registry())
    const account = await addAccount(registry())
    const statusOf = async (operation: string, authorization?: string) => {
      const [method = '', path = ''] = operation.split(' ')
      const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => (name.startsWith('project_name') ? project : '1'))
      const headers = { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) }
      const sent = await fetch(`${registry().url}/api/v2.0${filled}`, { method, headers })
      return sent.status
    }
    const unbuilt = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, { responses }]) => '501' in responses)
        .map(([method]) => `${method.toUpperCase()} ${path}`),
    )
    expect(unbuilt.length).toBeGreaterThan(10)
    for (const operation of unbuilt) {
      expect([operation, await statusOf(operation)]).toEqual([operation, 401])
      expect([operation, await statusOf(operation, basicOf(account))]).toEqual([operation, 403])
      // What cannot be made is not there, and it is said so of one that is named.
      const isNamed = /\/replication\/.*\{id\}|\{preheat_/.test(operation)
      expect([operation, await statusOf(operation, basicOf(registry()))]).toEqual([operation, isNamed ? 404 : 501])
    }
  }, 120_000)

  test('lists of what cannot be made yet are empty, and numbers of it are zero', async () => {
    const params = { project_name_or_id: await addProject(registry()), project_name: 'library' }
    for (const list of [
      '/replication/policies',
      '/replication/executions',
      '/p2p/preheat/instances',
      '/projects/{project_name}/preheat/policies',
    ]) {
      const { status, body, headers } = await admin().call(`GET ${list}`, { params, query: 'page=1&page_size=10' })
      expect([list, status, body, headers.get('x-total-count')]).toEqual([list, 200, [], '0'])
    }
    expect((await admin().call('GET /security/summary')).body).toMatchObject({ critical_cnt: 0, total_vuls: 0 })
    expect((await admin().call('GET /scans/all/metrics')).body).toEqual({ total: 0, completed: 0, ongoing: false })
    expect((await admin().call('GET /export/cve/executions')).body).toEqual({ items: null })
  })
})

describeControlledScenario('small answers of Harbor', (registry) => {
  const admin = () => new ApiClient(registry())
  const idOf = async (project: string) =>
    (
      await admin().call<{ project_id: number }>('GET /projects/{project_name_or_id}', {
        params: { project_name_or_id: project },
      })
    ).body.project_id

  test('permissions are told of the project that the scope lies in; relative, of what lies in the scope', async () => {
    const id = await idOf(await addProject(registry()))
    const ask = async (scope: string, relative: boolean) =>
      (
        await admin().call<{ resource: string; action: string }[]>('GET /users/current/permissions', {
          query: `scope=${scope}&relative=${relative}`,
        })
      ).body
    const below = await ask(`/project/${id}/repository`, true)
    expect(below).toContainEqual({ resource: '.', action: 'pull' })
    expect(new Set(below.map(({ resource }) => resource))).toEqual(new Set(['.']))
    const all = await ask(`/project/${id}`, false)
    expect(await ask(`/project/${id}/repository`, false)).toEqual(all)
    expect(all).toContainEqual({ resource: `/project/${id}/repository`, action: 'pull' })
    expect(all).toContainEqual({ resource: `/project/${id}`, action: 'read' })
    expect(await ask(`/project/${id}`, true)).toContainEqual({ resource: '.', action: 'read' })
    expect(await ask(`/project/${id}/nothing`, true)).toEqual([])
    expect(await ask('/project/999999/repository', true)).toEqual([])
  })

  test('deleting retention_id takes the policy away, and the project can be given another', async () => {
    const project = await addProject(registry())
    const everything = [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }]
    const tags = [{ kind: 'doublestar', decoration: 'matches', pattern: '**' }]
    const rule = { action: 'retain', template: 'always', params: {}, tag_selectors: tags }
    const body = {
      algorithm: 'or',
      rules: [{ ...rule, scope_selectors: { repository: everything } }],
      trigger: { kind: 'Schedule', settings: { cron: '' }, references: {} },
      scope: { level: 'project', ref: await idOf(project) },
    }
    const create = async () => (await admin().call('POST /retentions', { body })).status
    const item = '/projects/{project_name_or_id}/metadatas/{meta_name}'
    const params = { project_name_or_id: project, meta_name: 'retention_id' }
    expect([await create(), await create()]).toEqual([201, 400])
    expect((await admin().call(`DELETE ${item}`, { params })).status).toBe(200)
    expect((await admin().call(`GET ${item}`, { params })).body).toEqual({})
    expect([(await admin().call(`DELETE ${item}`, { params })).status, await create()]).toEqual([200, 201])
  })

  test('what is not there has no workers, and there is nothing in it to stop', async () => {
    const workers = await admin().call('GET /jobservice/pools/{pool_id}/workers', { params: { pool_id: '88888888' } })
    expect([workers.status, workers.body]).toEqual([200, []])
    for (const job_id of ['88888888', '966a49aa2278b67d743f8aca', '0000000000000000054c5638', 'no-id'])
      expect((await admin().call('PUT /jobservice/jobs/{job_id}', { params: { job_id } })).status).toBe(200)
    const log = { params: { job_id: '966a49aa2278b67d743f8aca' } }
    expect((await admin().call('GET /jobservice/jobs/{job_id}/log', log)).status).toBe(404)
    const stop = { params: { job_type: '88888888' }, body: { action: 'stop' } }
    expect((await admin().call('PUT /jobservice/queues/{job_type}', stop)).status).toBe(200)
    const paused = await admin().call('GET /schedules/{job_type}/paused', { params: { job_type: 'other' } })
    expect([paused.status, JSON.stringify(paused.body)]).toEqual([
      400,
      expect.stringContaining("job_type can only be 'all'"),
    ])
  })

  test('a job is found by its id in the form of 24 hex digits', async () => {
    const body = { schedule: { type: 'Manual' }, parameters: { audit_retention_hour: 24, dry_run: true } }
    const started = await admin().call('POST /system/purgeaudit/schedule', { body })
    const id = Number(/\/(\d+)$/.exec(started.headers.get('location') ?? '')![1])
    const hex = id.toString(16).padStart(24, '0')
    const log = async (of: string) => {
      const headers = { authorization: basicOf(registry()) }
      return await fetch(`${registry().url}/api/v2.0/jobservice/jobs/${of}/log`, { headers })
    }
    expect([(await log(hex)).status, (await log(String(id))).status]).toEqual([200, 200])
  })

  test('a schedule without a type changes nothing', async () => {
    const path = '/system/purgeaudit/schedule'
    const parameters = { audit_retention_hour: 24, include_event_types: 'pull_artifact' }
    const daily = { schedule: { type: 'Daily', cron: '0 0 0 * * *' }, parameters }
    expect((await admin().call(`PUT ${path}`, { body: daily })).status).toBe(200)
    const before = (await admin().call(`GET ${path}`)).body
    const none = { audit_retention_hour: 0, dry_run: false }
    for (const schedule of [{ type: null, cron: '' }, { cron: '' }, { type: '', cron: '' }])
      expect((await admin().call(`PUT ${path}`, { body: { schedule, parameters: none } })).status).toBe(200)
    expect((await admin().call(`GET ${path}`)).body).toEqual(before)
    const odd = { schedule: { type: 'Sometimes' }, parameters }
    expect((await admin().call(`PUT ${path}`, { body: odd })).status).toBe(422)
  })

  test('a retention policy that is not there is said to be so to whoever may change one', async () => {
    const project = await addProject(registry())
    const access = ['read', 'list', 'update', 'delete'].map((action) => ({ resource: 'tag-retention', action }))
    const { body } = await admin().call<{ name: string; secret: string }>('POST /robots', {
      body: {
        name: 'retains',
        level: 'project',
        duration: -1,
        permissions: [{ kind: 'project', namespace: project, access }],
      },
    })
    const robot = new ApiClient(registry(), { username: body.name, password: body.secret })
    const account = new ApiClient(registry(), await addAccount(registry()))
    const params = { id: 88_888_888, eid: 1, tid: 1 }
    for (const [operation, status, sent] of [
      ['GET /retentions/{id}', 404],
      ['DELETE /retentions/{id}', 400],
      ['GET /retentions/{id}/executions', 400],
      ['POST /retentions/{id}/executions', 400, { dry_run: true }],
      ['PATCH /retentions/{id}/executions/{eid}', 400, { action: 'stop' }],
      ['GET /retentions/{id}/executions/{eid}/tasks', 400],
      ['GET /retentions/{id}/executions/{eid}/tasks/{tid}', 400],
    ] as const) {
      for (const client of [admin(), robot]) {
        const answer = await client.call(operation, { params, body: sent })
        expect([operation, answer.status, JSON.stringify(answer.body)]).toEqual([
          operation,
          status,
          expect.stringContaining('no such Retention policy with id 88888888'),
        ])
      }
      expect([operation, (await account.call(operation, { params, body: sent })).status]).toEqual([operation, 403])
    }
  })

  test('a body that is null has nothing in it, and a field that is null was left out', async () => {
    const project_name_or_id = await addProject(registry())
    const rule = `/projects/${project_name_or_id}/immutabletagrules/0`
    const send = async (method: string, path: string, body: string) => {
      const headers = { authorization: basicOf(registry()), 'content-type': 'application/json' }
      return await fetch(`${registry().url}/api/v2.0${path}`, { method, headers, body })
    }
    expect((await send('PUT', rule, 'null')).status).toBe(404)
    const label = await send('POST', '/labels', 'null')
    expect([label.status, await label.text()]).toEqual([400, expect.stringContaining('invalid scope: ')])
    const nulls = { name: `l${crypto.randomUUID()}`, scope: 'g', description: null, color: null, project_id: null }
    expect((await send('POST', '/labels', JSON.stringify(nulls))).status).toBe(201)
    const settings = JSON.stringify({ banner_message: null, read_only: null, ldap_url: null })
    expect((await send('PUT', '/configurations', settings)).status).toBe(200)
  })

  test('an id below 1 is unknown, as every id that nothing has', async () => {
    const params = { project_name_or_id: await addProject(registry()), immutable_rule_id: 0 }
    const item = 'DELETE /projects/{project_name_or_id}/immutabletagrules/{immutable_rule_id}'
    for (const id of [0, -1, 88_888_888])
      expect((await admin().call(item, { params: { ...params, immutable_rule_id: id } })).status).toBe(404)
  })
})

describeControlledScenario('settings that Harbor changes while it runs', (registry) => {
  const admin = () => new ApiClient(registry())
  const put = async (body: object) => (await admin().call('PUT /configurations', { body })).status

  test('read_only shuts the registry to every change and opens it again', async () => {
    const project = await addProject(registry())
    const push = async () => await new V2Client(registry()).pushImage(`${project}/app`, createUniqueImage(), 'v1')
    await push()
    expect(await put({ read_only: true })).toBe(200)
    const { body } = await admin().call<Record<string, object>>('GET /configurations')
    expect(body['read_only']).toEqual({ value: true, editable: true })
    expect((await admin().call('GET /systeminfo')).body).toMatchObject({ read_only: true })
    await expect(push()).rejects.toThrow(/read only/)
    const params = { project_name: project, repository_name: 'app', reference: 'v1' }
    expect((await admin().call(`DELETE ${artifact}`, { params })).status).toBe(403)
    expect((await admin().call(`GET ${artifact}`, { params })).status).toBe(200)
    expect((await admin().call('DELETE /system/trash')).status).toBe(403)
    expect(await put({ read_only: false })).toBe(200)
    await push()
  })

  test('token_expiration is how long the next token is good for', async () => {
    const lifetime = async () => {
      const headers = { authorization: basicOf(registry()) }
      const answer = await fetch(`${registry().url}/service/token?service=harbor-registry`, { headers })
      return ((await answer.json()) as { expires_in: number }).expires_in
    }
    expect(await lifetime()).toBe(1800)
    expect(await put({ token_expiration: 60 })).toBe(200)
    expect(await lifetime()).toBe(3600)
    expect([await put({ token_expiration: 0 }), await lifetime()]).toEqual([400, 3600])
  })
})

describeControlledScenario(
  'settings that the configuration has decided',
  (registry) => {
    const admin = () => new ApiClient(registry())
    const put = async (body: object) => (await admin().call('PUT /configurations', { body })).status

    test('are shown as they stand there, and only said again', async () => {
      const { body } = await admin().call<Record<string, object>>('GET /configurations')
      expect(body['read_only']).toEqual({ value: true, editable: false })
      expect(body['token_expiration']).toEqual({ value: 20, editable: false })
      expect([await put({ read_only: false }), await put({ token_expiration: 60 })]).toEqual([403, 403])
      expect(await put({ read_only: true, token_expiration: 20 })).toBe(200)
    })
  },
  { env: { BERTH_READ_ONLY: 'true', BERTH_TOKEN_LIFETIME: '20m' } },
)

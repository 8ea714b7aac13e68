import { expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient, basicOf } from './contract-client.ts'

interface Execution {
  readonly id: number
  readonly status: string
  readonly dry_run: boolean
}
interface Task {
  readonly id: number
  readonly repository: string
  readonly status: string
  readonly total: number
  readonly retained: number
}
interface Preview {
  readonly items: readonly { repository: string; tag?: string; retained: boolean; reason: string }[]
  readonly examined: { readonly total: number; readonly retained: number }
  readonly next?: string
}

const tagSelector = (pattern: string, untagged = true) => ({
  kind: 'doublestar',
  decoration: 'matches',
  pattern,
  extras: JSON.stringify({ untagged }),
})
const rule = (template: string, value?: number, pattern = '**') => ({
  id: 0,
  priority: 0,
  disabled: false,
  action: 'retain',
  template,
  params: value === undefined ? {} : { [template]: value },
  tag_selectors: [tagSelector(pattern)],
  scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
})
/** As it comes back: Harbor leaves out what is zero, false or empty. */
const answered = ({ id: _id, priority: _priority, disabled: _disabled, params, ...rest }: ReturnType<typeof rule>) => ({
  ...rest,
  ...(Object.keys(params).length === 0 ? {} : { params }),
})
const policy = (projectId: number, rules: readonly object[], rest: object = {}) => ({
  algorithm: 'or',
  rules,
  trigger: { kind: 'Schedule', settings: { cron: '' }, references: {} },
  scope: { level: 'project', ref: projectId },
  ...rest,
})
const idOf = (headers: Headers) => Number(/\/(\d+)$/.exec(headers.get('location') ?? '')?.[1])

describeControlledScenario('retention of the API', (registry) => {
  const admin = () => new ApiClient(registry())
  const addImages = async (project: string, repository: string, tags: readonly string[]) => {
    for (const tag of tags)
      await new V2Client(registry()).pushImage(`${project}/${repository}`, createUniqueImage(), tag)
  }
  const projectIdOf = async (project: string) =>
    (
      await admin().call<{ project_id: number }>('GET /projects/{project_name_or_id}', {
        params: { project_name_or_id: project },
      })
    ).body.project_id
  const tagsOf = async (project: string, repository: string) => {
    const answer = await fetch(`${registry().url}/v2/${project}/${repository}/tags/list`, {
      headers: { authorization: basicOf(registry()) },
    })
    return ((await answer.json()) as { tags: string[] }).tags
  }
  const create = async (body: object) => {
    const made = await admin().call('POST /retentions', { body })
    expect([made.status, made.body]).toEqual([201, undefined])
    return idOf(made.headers)
  }
  const trigger = async (id: number, dryRun: boolean) => {
    const started = await admin().call('POST /retentions/{id}/executions', {
      params: { id },
      body: { dry_run: dryRun },
    })
    expect(started.status).toBe(201)
    const eid = idOf(started.headers)
    for (let waited = 0; waited < 20_000; waited += 100) {
      const { body } = await admin().call<Execution[]>('GET /retentions/{id}/executions', { params: { id } })
      const execution = body.find((each) => each.id === eid)!
      if (!['Pending', 'Running'].includes(execution.status)) {
        const tasks = await admin().call<Task[]>('GET /retentions/{id}/executions/{eid}/tasks', { params: { id, eid } })
        return { execution, eid, tasks: tasks.body }
      }
      await Bun.sleep(100)
    }
    throw new Error('the run does not end')
  }
  const logOf = async (id: number, eid: number, tid: number) => {
    const answer = await fetch(`${registry().url}/api/v2.0/retentions/${id}/executions/${eid}/tasks/${tid}`, {
      headers: { authorization: basicOf(registry()) },
    })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8'])
    return (await answer.text()).split('\n').map((line) => line.replace(/^\S+ /, ''))
  }

  test('what a policy may say is told in the words of Harbor', async () => {
    const { body } = await admin().call<{ templates: { rule_template: string }[] }>('GET /retentions/metadatas')
    expect(body.templates.map((template) => template.rule_template)).toEqual([
      'latestPushedK',
      'latestPulledN',
      'nDaysSinceLastPush',
      'nDaysSinceLastPull',
      'always',
    ])
  })

  test('a policy comes back as it was written, and the project names it', async () => {
    const project = await addProject(registry())
    const ref = await projectIdOf(project)
    const rules = [rule('latestPushedK', 10, '{v*,release-*}'), rule('lastXDays', 7), rule('always')]
    const written = policy(ref, rules, {
      trigger: { kind: 'Schedule', settings: { cron: '0 0 3 * * *' }, references: {} },
    })
    const id = await create(written)
    const read = async () => (await admin().call<object>('GET /retentions/{id}', { params: { id } })).body
    expect(await read()).toEqual({ ...written, rules: rules.map(answered), id, mode: 'artifact' })
    const metadata = await admin().call('GET /projects/{project_name_or_id}/metadatas/', {
      params: { project_name_or_id: project },
    })
    expect(metadata.body).toMatchObject({ retention_id: String(id) })
    expect((await admin().call('POST /retentions', { body: written })).status).toBe(400)
    const changed = policy(ref, [rule('always')], { mode: 'tag' })
    expect((await admin().call('PUT /retentions/{id}', { params: { id }, body: changed })).status).toBe(200)
    expect(await read()).toEqual({ ...changed, rules: [answered(rule('always'))], id })
    const elsewhere = policy(1, [rule('always')])
    expect((await admin().call('PUT /retentions/{id}', { params: { id }, body: elsewhere })).status).toBe(404)
    expect((await admin().call('DELETE /retentions/{id}', { params: { id } })).status).toBe(200)
    expect((await admin().call('GET /retentions/{id}', { params: { id } })).status).toBe(404)
  })

  test('preview, dry run and run say the same of every tag', async () => {
    const project = await addProject(registry())
    await addImages(project, 'app', ['v1', 'v2', 'v3', 'v4', 'v5'])
    await addImages(project, 'deep/er', ['x'])
    const body = policy(await projectIdOf(project), [rule('latestPushedK', 2), rule('always', undefined, 'v1')])
    const items: Preview['items'][number][] = []
    let examined = 0
    for (let next: string | undefined = ''; next !== undefined;) {
      const page: { status: number; body: Preview } = await admin().call<Preview>(
        'POST /projects/{project_name_or_id}/retention/preview',
        {
          params: { project_name_or_id: project },
          query: `page_size=2${next === '' ? '' : `&next=${next}`}`,
          body,
        },
      )
      expect(page.status).toBe(200)
      items.push(...page.body.items)
      examined += page.body.examined.total
      next = page.body.next
    }
    expect(examined).toBe(6)
    const previewed = items.map(({ repository, tag, retained }) => `${repository}:${tag} ${retained}`)
    expect(previewed).toEqual([
      'app:v1 true',
      'app:v2 false',
      'app:v3 false',
      'app:v4 true',
      'app:v5 true',
      'deep/er:x true',
    ])
    const id = await create(body)
    const dry = await trigger(id, true)
    expect(dry.execution).toMatchObject({ status: 'Success', dry_run: true })
    expect(await tagsOf(project, 'app')).toEqual(['v1', 'v2', 'v3', 'v4', 'v5'])
    const real = await trigger(id, false)
    expect(real.execution).toMatchObject({ status: 'Success', dry_run: false })
    expect([await tagsOf(project, 'app'), await tagsOf(project, 'deep/er')]).toEqual([['v1', 'v4', 'v5'], ['x']])
    expect(real.tasks.map(({ repository, total, retained }) => [repository, total, retained])).toEqual([
      ['deep/er', 1, 1],
      ['app', 5, 3],
    ])
    const decisions = async ({ eid, tasks }: typeof real) => {
      const task = tasks.find(({ repository }) => repository === 'app')!
      return (await logOf(id, eid, task.id)).filter((line) => /^(keep|remove) /.test(line))
    }
    expect(await decisions(real)).toEqual(await decisions(dry))
    const said = items.filter(({ repository }) => repository === 'app')
    expect((await decisions(real)).map((line) => line.replace(/^.*?\): /, ''))).toEqual(
      said.map(({ reason }) => reason),
    )
  }, 60_000)

  test('somebody of another project neither reads, changes, runs nor stops a policy; logs of other policies are not found', async () => {
    const [mine, theirs] = [await addAccount(registry()), await addAccount(registry())]
    const project = await addProject(registry(), [{ ...mine, role: 'developer' }])
    const other = await addProject(registry(), [{ ...theirs, role: 'project-admin' }])
    await addImages(project, 'app', ['v1'])
    const [ref, otherRef] = [await projectIdOf(project), await projectIdOf(other)]
    const made = await new ApiClient(registry(), mine).call('POST /retentions', { body: policy(ref, [rule('always')]) })
    const id = idOf(made.headers)
    const otherId = await create(policy(otherRef, [rule('always')]))
    const { eid, tasks } = await trigger(id, true)
    const stranger = new ApiClient(registry(), theirs)
    const one = { params: { id, eid, tid: tasks[0]!.id } }
    const body = policy(otherRef, [rule('latestPushedK', 0)])
    const statuses = [
      (await stranger.call('GET /retentions/{id}', one)).status,
      (await stranger.call('PUT /retentions/{id}', { ...one, body })).status,
      (await stranger.call('DELETE /retentions/{id}', one)).status,
      (await stranger.call('POST /retentions/{id}/executions', { ...one, body: { dry_run: false } })).status,
      (await stranger.call('PATCH /retentions/{id}/executions/{eid}', { ...one, body: { action: 'stop' } })).status,
      (await stranger.call('GET /retentions/{id}/executions/{eid}/tasks', one)).status,
      (await stranger.call('GET /retentions/{id}/executions/{eid}/tasks/{tid}', one)).status,
      (await stranger.call('POST /retentions', { body: policy(ref, [rule('always')]) })).status,
    ]
    expect(statuses).toEqual([403, 403, 403, 403, 403, 403, 403, 403])
    const throughMine = { params: { ...one.params, id: otherId } }
    const lost = [
      (await stranger.call('GET /retentions/{id}/executions/{eid}/tasks', throughMine)).status,
      (await stranger.call('GET /retentions/{id}/executions/{eid}/tasks/{tid}', throughMine)).status,
      (await stranger.call('PATCH /retentions/{id}/executions/{eid}', { ...throughMine, body: { action: 'stop' } }))
        .status,
    ]
    expect(lost).toEqual([404, 404, 404])
  }, 60_000)

  test('patterns made to be expensive make nobody wait', async () => {
    const project = await addProject(registry())
    const client = new V2Client(registry())
    const image = createUniqueImage()
    await client.pushImage(`${project}/app`, image, 'a')
    const { digest, mediaType } = image.descriptor
    for (let batch = 0; batch < 10; batch++) {
      const tags = Array.from({ length: 10 }, (_, at) => `tag=${'a'.repeat(100)}${batch}-${at}`).join('&')
      const pushed = await client.pushManifest(
        `${project}/app`,
        `${digest}?${tags}`,
        mediaType,
        image.content.get(digest)!,
      )
      expect(pushed.status).toBe(201)
    }
    const hostile = (at: number) => rule('latestPushedK', at, `${'{a,b}'.repeat(4)}${'*a'.repeat(50)}${at}`)
    const body = policy(
      await projectIdOf(project),
      Array.from({ length: 15 }, (_, at) => hostile(at)),
      { mode: 'tag' },
    )
    let isPreviewed = false
    const preview = admin()
      .call<Preview>('POST /projects/{project_name_or_id}/retention/preview', {
        params: { project_name_or_id: project },
        query: 'page_size=1000',
        body,
      })
      .finally(() => (isPreviewed = true))
    let served = 0
    while (!isPreviewed) {
      const answer = await client.request('/v2/')
      expect(answer.status).toBe(200)
      served += 1
    }
    expect((await preview).body.examined.total).toBe(101)
    expect(served).toBeGreaterThan(3)
  }, 60_000)

  test.each([
    ['sixteen rules', Array.from({ length: 16 }, (_, at) => rule('latestPushedK', at)), 400],
    ['one rule twice', [rule('latestPushedK', 1), { ...rule('latestPushedK', 1), id: 2 }], 409],
    ['no such template', [rule('nothing')], 400],
    ['a template without its number', [rule('latestPushedK')], 400],
    ['fewer than none', [rule('latestPushedK', -1)], 400],
    ['more than Harbor counts', [rule('latestPulledN', 32_767)], 400],
    ['more days than Harbor knows', [rule('nDaysSinceLastPush', 20_190_905)], 400],
    ['a pattern that is none', [rule('always', undefined, '[a')], 400],
    ['a pattern made to be expensive', [rule('always', undefined, `${'{a,b}'.repeat(8)}${'*a'.repeat(100)}`)], 400],
    ['no tags', [{ ...rule('always'), tag_selectors: [] }], 400],
  ])('%s: refused', async (_, rules, status) => {
    const made = await admin().call('POST /retentions', { body: policy(1, rules) })
    expect(made.status).toBe(status)
  })
})

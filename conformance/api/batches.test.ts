import { beforeAll, expect, test } from 'bun:test'
import { createIndex, createUniqueImage } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient, type Credential } from './contract-client.ts'
import { addTenant, type Tenant } from './tenant.ts'

interface Answer {
  readonly results: readonly {
    readonly item: string | number
    readonly status: number
    readonly code?: string
    readonly reason?: string
    readonly message?: string
  }[]
  readonly left: number
}

const statusesOf = ({ body }: { readonly body: Answer }) => body.results.map(({ status }) => status)
const idIn = (headers: Headers) => Number(/\/(\d+)$/.exec(headers.get('location') ?? '')?.[1])
const artifacts = '/projects/{project_name}/repositories/{repository_name}/artifacts'
const inRepository = '/projects/{project_name}/repositories/{repository_name}/batch'
const inProject = '/projects/{project_name_or_id}/batch'

describeControlledScenario('batches', (registry) => {
  const admin = () => new ApiClient(registry())
  const v2 = () => new V2Client(registry())
  let maintainer: Credential
  let project: string

  beforeAll(async () => {
    maintainer = await addAccount(registry())
    project = await addProject(registry(), [{ ...maintainer, role: 'maintainer' }])
  }, 60_000)

  const push = async (repository: string, tags: readonly string[]): Promise<string[]> => {
    const digests: string[] = []
    for (const tag of tags) {
      const image = createUniqueImage()
      await v2().pushImage(`${project}/${repository}`, image, tag)
      digests.push(image.descriptor.digest)
    }
    return digests
  }
  const listed = async (repository: string) =>
    (
      await admin().call<{ digest: string; labels: { id: number }[] | null; tags: { name: string }[] | null }[]>(
        `GET ${artifacts}`,
        { params: { project_name: project, repository_name: repository }, query: 'with_label=true&page_size=100' },
      )
    ).body
  const audited = async (operation: string) =>
    (
      await admin().call<{ operation: string; username: string; resource: string }[]>('GET /auditlog-exts', {
        query: `page_size=100&q=${encodeURIComponent(`operation=${operation}`)}`,
      })
    ).body

  test('of artifacts do what can be done, and say of each of the others why not, as if it had come alone', async () => {
    const digests = await push('app', ['v1', 'v2', 'kept', 'child'])
    const part = createUniqueImage('amd64')
    const index = createIndex([part])
    await v2().pushImage(`${project}/app`, index, 'index')
    const child = part.descriptor.digest
    await admin().call('POST /projects/{project_name_or_id}/immutabletagrules', {
      params: { project_name_or_id: project },
      body: {
        scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: 'app' }] },
        tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: 'kept' }],
      },
    })
    const missing = `sha256:${'0'.repeat(64)}`
    const items = [digests[0]!, digests[2]!, missing, child, digests[1]!, 'no reference!']
    const before = (await audited('delete')).length
    const params = { project_name: project, repository_name: 'app' }
    const answer = await new ApiClient(registry(), maintainer).call<Answer>(`POST ${inRepository}/delete-artifacts`, {
      params,
      body: { items },
    })
    expect(answer.status).toBe(200)
    expect(answer.body.results.map(({ item }) => item)).toEqual(items)
    expect(answer.body.results.map(({ status, reason }) => [status, reason])).toEqual([
      [200, undefined],
      [412, 'TAG_IMMUTABLE'],
      [404, 'MANIFEST_UNKNOWN'],
      [412, 'REFERENCED'],
      [200, undefined],
      [400, 'TAG_INVALID'],
    ])
    // In the words of the operation for one.
    const alone = await admin().call<{ errors: { code: string; message: string }[] }>(
      `DELETE ${artifacts}/{reference}`,
      {
        params: { ...params, reference: digests[2]! },
      },
    )
    expect(answer.body.results[1]).toMatchObject({ status: alone.status, ...alone.body.errors[0]! })
    expect((await listed('app')).map(({ digest }) => digest).toSorted()).toEqual(
      [digests[2]!, digests[3]!, index.descriptor.digest].toSorted(),
    )
    const records = await audited('delete')
    expect(records.length - before).toBe(2)
    expect(records.slice(0, 2).map(({ username }) => username)).toEqual([maintainer.username, maintainer.username])
  })

  test('of artifacts label, copy, and bring back from the trash; a label that is there stays', async () => {
    const digests = await push('labelled', ['v1', 'v2', 'v3'])
    const { project_id: projectId } = (
      await admin().call<{ project_id: number }>('GET /projects/{project_name_or_id}', {
        params: { project_name_or_id: project },
      })
    ).body
    const made = await admin().call('POST /labels', { body: { name: 'tested', scope: 'p', project_id: projectId } })
    const label_id = idIn(made.headers)
    const params = { project_name: project, repository_name: 'labelled' }
    const ask = async (what: string, body: object, of = params) => {
      const answer = await admin().call<Answer>(`POST ${inRepository}/${what}`, { params: of, body })
      expect(answer.status).toBe(200)
      return answer
    }
    const labelled = async () => (await listed('labelled')).filter(({ labels }) => labels !== null).length
    expect(statusesOf(await ask('label-artifacts', { items: digests.slice(0, 1), label_id }))).toEqual([200])
    expect(statusesOf(await ask('label-artifacts', { items: digests, label_id }))).toEqual([200, 200, 200])
    expect(await labelled()).toBe(3)
    expect(statusesOf(await ask('unlabel-artifacts', { items: digests.slice(1), label_id }))).toEqual([200, 200])
    expect(await labelled()).toBe(1)
    expect(statusesOf(await ask('label-artifacts', { items: digests, label_id: 999_999 }))).toEqual([404, 404, 404])

    const target = { project_name: project, repository_name: 'copies' }
    const copied = await ask('copy-artifacts', { items: [...digests, 'none'], from: `${project}/labelled` }, target)
    expect(statusesOf(copied)).toEqual([200, 200, 200, 404])
    expect((await listed('copies')).map(({ tags }) => tags?.[0]?.name).toSorted()).toEqual(['v1', 'v2', 'v3'])

    expect(statusesOf(await ask('delete-tags', { items: ['v1', 'gone', 'v2'] }, target))).toEqual([200, 404, 200])
    expect((await listed('copies')).filter(({ tags }) => tags !== null)).toHaveLength(1)

    const { body: entries } = await admin().call<{ id: number }[]>('GET /projects/{project_name_or_id}/trash', {
      params: { project_name_or_id: project },
      query: `page_size=100&repository=${encodeURIComponent(`${project}/copies`)}`,
    })
    const restored = await admin().call<Answer>(`POST ${inProject}/restore-trash`, {
      params: { project_name_or_id: project },
      body: { items: [...entries.map(({ id }) => id), 999_999_999] },
    })
    expect(statusesOf(restored)).toEqual([200, 200, 404])
    expect((await listed('copies')).filter(({ tags }) => tags !== null)).toHaveLength(3)
  })

  test('of the trash restore everything that matches, page by page, with what an index brings along', async () => {
    const many = await push(
      'many',
      Array.from({ length: 105 }, (_, at) => `v${at}`),
    )
    const parts = [createUniqueImage('amd64'), createUniqueImage('arm64')]
    const index = createIndex(parts)
    await v2().pushImage(`${project}/many`, index, 'index')
    const params = { project_name: project, repository_name: 'many' }
    const remove = async (items: readonly string[]) =>
      statusesOf(await admin().call<Answer>(`POST ${inRepository}/delete-artifacts`, { params, body: { items } }))
    expect(await remove([index.descriptor.digest])).toEqual([200])
    expect(await remove(many.slice(0, 100))).toEqual(many.slice(0, 100).map(() => 200))
    expect(await remove(many.slice(100))).toEqual(many.slice(100).map(() => 200))
    const of = { project_name_or_id: project }
    const match = { repository: `${project}/many` }
    const ask = async (body: object) =>
      await admin().call<Answer & { next?: number }>(`POST ${inProject}/restore-trash`, { params: of, body })
    const first = await ask({ match })
    expect([first.body.results.length, first.body.next]).toEqual([100, Number(first.body.results.at(-1)!.item)])
    const second = await ask({ match, after: first.body.next })
    expect([second.body.results.length, second.body.next]).toEqual([6, undefined])
    expect([...statusesOf(first), ...statusesOf(second)].every((status) => status === 200)).toBe(true)
    expect((await listed('many')).length).toBe(100)
    for (const body of [{}, { items: [1], match }]) expect((await ask(body)).status).toBe(400)
    expect((await ask({ match: { repository: 'library/none' } })).body.results).toEqual([])
  }, 60_000)

  test('of repositories, members, robots, labels and people do the same', async () => {
    await push('one', ['v1'])
    await push('two', ['v1'])
    const of = { project_name_or_id: project }
    const ask = async (operation: string, body: object, params: Record<string, string> = of) => {
      const answer = await admin().call<Answer>(`POST ${operation}`, { params, body })
      return [answer.status, ...statusesOf(answer)]
    }
    expect(
      await ask(
        '/projects/{project_name}/batch/delete-repositories',
        { items: ['one', 'none', 'two'] },
        {
          project_name: project,
        },
      ),
    ).toEqual([200, 200, 404, 200])

    const people = [await addAccount(registry()), await addAccount(registry())]
    const memberships: number[] = []
    for (const { username } of people) {
      const joined = await admin().call('POST /projects/{project_name_or_id}/members', {
        params: of,
        body: { role_id: 3, member_user: { username } },
      })
      memberships.push(idIn(joined.headers))
    }
    const roles = async () =>
      (
        await admin().call<{ id: number; role_id: number }[]>('GET /projects/{project_name_or_id}/members', {
          params: of,
        })
      ).body
        .filter(({ id }) => memberships.includes(id))
        .map(({ role_id: role }) => role)
    expect(await ask(`${inProject}/set-member-roles`, { items: [...memberships, 999_999], role_id: 4 })).toEqual([
      200, 200, 200, 404,
    ])
    expect(await roles()).toEqual([4, 4])
    expect(await ask(`${inProject}/delete-members`, { items: memberships })).toEqual([200, 200, 200])
    expect(await roles()).toEqual([])

    const users = (
      await admin().call<{ user_id: number; username: string }[]>('GET /users', { query: 'page_size=100' })
    ).body
    const ids = people.map(({ username }) => users.find((user) => user.username === username)!.user_id)
    expect(await ask('/batch/set-users-sysadmin', { items: [...ids, 999_999], sysadmin_flag: true }, {})).toEqual([
      200, 200, 200, 404,
    ])
    expect(await ask('/batch/set-users-disabled', { items: ids, disabled: true }, {})).toEqual([200, 200, 200])
    expect((await new ApiClient(registry(), people[0]!).call('GET /users/current')).status).toBe(401)
    expect(await ask('/batch/set-users-disabled', { items: ids, disabled: false }, {})).toEqual([200, 200, 200])
    expect((await new ApiClient(registry(), people[0]!).call('GET /users/current')).status).toBe(200)
    // The last one is spared, whoever else goes.
    expect(await ask('/batch/delete-users', { items: [1, ...ids] }, {})).toEqual([200, 403, 200, 200])

    const robots: number[] = []
    for (const name of ['a', 'b']) {
      const robot = await admin().call<{ id: number }>('POST /robots', {
        body: {
          name: `${name}-${crypto.randomUUID().slice(0, 8)}`,
          level: 'project',
          duration: 1,
          permissions: [{ kind: 'project', namespace: project, access: [{ resource: 'repository', action: 'pull' }] }],
        },
      })
      robots.push(robot.body.id)
    }
    expect(await ask('/batch/set-robots-disabled', { items: robots, disabled: true }, {})).toEqual([200, 200, 200])
    const robot = await admin().call<{ disable: boolean; permissions: unknown[] }>('GET /robots/{robot_id}', {
      params: { robot_id: robots[0]! },
    })
    expect([robot.body.disable, robot.body.permissions.length]).toEqual([true, 1])
    expect(await ask('/batch/delete-robots', { items: [...robots, 999_999] }, {})).toEqual([200, 200, 200, 404])

    const label = await admin().call('POST /labels', { body: { name: crypto.randomUUID(), scope: 'g' } })
    expect(await ask('/batch/delete-labels', { items: [idIn(label.headers), 999_999] }, {})).toEqual([200, 200, 404])

    const empty = await addProject(registry())
    const byName = async (name: string) =>
      (
        await admin().call<{ project_id: number }>('GET /projects/{project_name_or_id}', {
          params: { project_name_or_id: name },
        })
      ).body.project_id
    await push('stays', ['v1'])
    expect(
      await ask('/batch/delete-projects', { items: [await byName(project), await byName(empty), 999_999] }, {}),
    ).toEqual([200, 412, 200, 404])
  }, 60_000)

  test('refuse a row of another project in the words for a row that nobody has, and change nothing there', async () => {
    const [own, hidden]: Tenant[] = [await addTenant(registry()), await addTenant(registry())]
    const api = new ApiClient(registry(), own!.owner)
    const { objects } = hidden!
    const of = { project_name_or_id: own!.name }
    const nobodys = 999_999_999
    const attempts: readonly (readonly [string, Record<string, string>, number, object])[] = [
      [`${inProject}/set-member-roles`, of, objects.member, { role_id: 5 }],
      [`${inProject}/delete-members`, of, objects.member, {}],
      [`${inProject}/restore-trash`, of, objects.trashEntry, {}],
      [`${inProject}/delete-trash`, of, objects.trashEntry, {}],
      ['/batch/delete-robots', {}, objects.robot, {}],
      ['/batch/set-robots-disabled', {}, objects.robot, { disabled: true }],
      ['/batch/delete-labels', {}, objects.label, {}],
      ['/batch/delete-projects', {}, hidden!.id, {}],
    ]
    for (const [operation, params, item, rest] of attempts) {
      const answer = await api.call<Answer>(`POST ${operation}`, { params, body: { items: [item, nobodys], ...rest } })
      const [one, other] = answer.body.results
      const said = (text = '') => text.replaceAll(new RegExp(`\\b${item}\\b`, 'g'), String(nobodys))
      expect([operation, one!.status, said(one!.message)]).toEqual([operation, other!.status, other!.message!])
      expect([operation, [403, 404].includes(one!.status)]).toEqual([operation, true])
    }
    const labelled = await api.call<Answer>(`POST ${inRepository}/label-artifacts`, {
      params: { project_name: own!.name, repository_name: own!.repository },
      body: { items: ['v1'], label_id: objects.label },
    })
    expect(statusesOf(labelled)).toEqual([404])
    const taken = await api.call(`POST ${inRepository}/copy-artifacts`, {
      params: { project_name: own!.name, repository_name: 'taken' },
      body: { items: ['v1'], from: `${hidden!.name}/${hidden!.repository}` },
    })
    expect(taken.status).toBe(403)
    const owner = new ApiClient(registry(), hidden!.owner)
    const params = { project_name_or_id: hidden!.name }
    const trash = await owner.call<{ id: number }[]>('GET /projects/{project_name_or_id}/trash', { params })
    expect(trash.body.map(({ id }) => id)).toContain(objects.trashEntry)
    const members = await owner.call<{ id: number }[]>('GET /projects/{project_name_or_id}/members', { params })
    expect(members.body.map(({ id }) => id)).toContain(objects.member)
  }, 60_000)

  test('are of a hundred rows at the most', async () => {
    const body = { items: Array.from({ length: 101 }, (_, index) => index + 1) }
    expect((await admin().call('POST /batch/delete-labels', { body })).status).toBe(422)
  })
})

import { expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient, basicOf, type Credential } from './contract-client.ts'

interface Event {
  readonly cursor: string
  readonly type: string
  readonly username: string
  readonly resource: string
  readonly project_id?: number
  readonly details: Record<string, unknown>
}

interface Page {
  readonly events: readonly Event[]
  readonly cursor: string
  readonly more: boolean
}

interface Told {
  readonly event: string
  readonly id: string | undefined
  readonly data: Event & Record<string, unknown>
}

describeControlledScenario('events that are followed', (registry) => {
  const admin = () => new ApiClient(registry())
  const read = async (client: ApiClient, query = ''): Promise<Page> => {
    const { status, body } = await client.call<Page>('GET /events', { query })
    expect(status).toBe(200)
    return body
  }
  /** Everything behind a cursor, page by page. */
  const readAll = async (client: ApiClient, since: string, rest = ''): Promise<Event[]> => {
    const events: Event[] = []
    for (let page: Page | undefined; page === undefined || page.more;) {
      page = await read(client, `since=${page?.cursor ?? since}${rest}`)
      events.push(...page.events)
    }
    return events
  }
  const push = async (project: string, tag: string) =>
    await new V2Client(registry(), registry()).pushImage(`${project}/app`, createUniqueImage(), tag)

  /** Follows the stream until `enough` says so, or it ends. */
  const follow = async (
    query: string,
    enough: (told: readonly Told[]) => boolean,
    { as = registry(), lastEventId }: { as?: Credential; lastEventId?: string } = {},
  ): Promise<readonly Told[]> => {
    const answer = await fetch(`${registry().url}/api/v2.0/events?${query}`, {
      headers: {
        accept: 'text/event-stream',
        authorization: basicOf(as),
        ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
      },
    })
    expect(answer.headers.get('content-type')).toStartWith('text/event-stream')
    const told: Told[] = []
    let rest = ''
    for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + chunk).split('\n\n')
      rest = parts.pop()!
      for (const part of parts) {
        const fields = Object.fromEntries(part.split('\n').map((line) => line.split(/: (.*)/s)))
        if (fields['event'] !== undefined)
          told.push({ event: fields['event'], id: fields['id'], data: JSON.parse(fields['data']) })
      }
      if (enough(told)) break
    }
    return told
  }

  test('an administrator reads what happened, page by page, each event once, and goes on from any cursor', async () => {
    const { cursor } = await read(admin(), 'since=now')
    const project = await addProject(registry())
    await push(project, 'v1')
    await push(project, 'v2')
    const all = await readAll(admin(), cursor, '&page_size=1')
    const mine = all.filter(({ resource }) => resource.startsWith(project))
    expect(mine.map(({ type, resource }) => `${type} ${resource}`)).toEqual([
      `create_project ${project}`,
      `push_artifact ${project}/app:v1`,
      `push_artifact ${project}/app:v2`,
    ])
    expect(mine[1]?.details).toMatchObject({ repository: `${project}/app`, tags: ['v1'] })
    expect(new Set(all.map((event) => event.cursor)).size).toBe(all.length)
    expect(await readAll(admin(), mine[1]!.cursor)).toEqual(all.slice(all.indexOf(mine[1]!) + 1))
    expect(await readAll(admin(), 'oldest')).toEqual(expect.arrayContaining(all))
  })

  test('by types and by project', async () => {
    const { cursor } = await read(admin(), 'since=now')
    const [one, other] = [await addProject(registry()), await addProject(registry())]
    await push(one, 'v1')
    await push(other, 'v1')
    const typed = await readAll(admin(), cursor, '&types=create_project,%20delete_project')
    expect(typed.map(({ resource }) => resource)).toEqual([one, other])
    const ofOne = await readAll(admin(), cursor, `&project=${one}`)
    expect(ofOne.map(({ type }) => type)).toEqual(['create_project', 'push_artifact'])
    const id = ofOne[0]!.project_id!
    expect(await readAll(admin(), cursor, `&project_id=${id}&types=create_artifact`)).toEqual([ofOne[1]!])
  })

  test.each([
    ['since=17', 400],
    ['since=00000000-1x', 400],
    ['types=launch_rocket', 400],
    ['project=no-such-project', 404],
    ['project=library&project_id=1', 400],
    ['page_size=0', 422],
    ['page_size=1001', 422],
    ['since=00000000-1', 410],
  ])('%s is answered %d', async (query, status) => {
    const answer = await admin().call<{ errors: { code: string; message: string }[] }>('GET /events', { query })
    expect(answer.status).toBe(status)
    if (status === 410) expect(answer.body.errors[0]).toMatchObject({ code: 'CURSOR_EXPIRED' })
  })

  test('members see the events of projects whose log they may read, and nobody else sees them', async () => {
    const [lead, developer] = [await addAccount(registry()), await addAccount(registry())]
    const { cursor } = await read(admin(), 'since=now')
    const members = [
      { username: lead.username, role: 'project-admin' },
      { username: developer.username, role: 'developer' },
    ] as const
    const project = await addProject(registry(), members)
    const hidden = await addProject(registry())
    await push(project, 'v1')
    await push(hidden, 'v1')
    const seen = await readAll(new ApiClient(registry(), lead), cursor)
    expect(seen.map(({ type }) => type)).toEqual(['create_project', 'create_member', 'create_member', 'push_artifact'])
    expect(seen.every(({ resource }) => resource.startsWith(project))).toBe(true)
    expect(await readAll(new ApiClient(registry(), developer), cursor)).toEqual([])
    const statusOf = async (as: Credential | 'anonymous', query: string) =>
      (await new ApiClient(registry(), as).call('GET /events', { query })).status
    expect(await statusOf(lead, `project=${hidden}`)).toBe(403)
    expect(await statusOf(lead, 'project=no-such-project')).toBe(403)
    expect(await statusOf(developer, `project=${project}`)).toBe(403)
    expect(await statusOf(lead, `project=${project}`)).toBe(200)
    expect(await statusOf('anonymous', '')).toBe(401)
  })

  test('a stream tells what was and then what comes, and one that comes back gets the rest', async () => {
    const { cursor } = await read(admin(), 'since=now')
    const project = await addProject(registry())
    const pushes = (told: readonly Told[]) => told.filter(({ data }) => data.type === 'push_artifact')
    const following = follow(`since=${cursor}&project=${project}`, (told) => pushes(told).length >= 2)
    await push(project, 'v1')
    await push(project, 'v2')
    const told = await following
    expect(told.map(({ event, data }) => `${event} ${data.type}`)).toEqual([
      'message create_project',
      'message push_artifact',
      'message push_artifact',
    ])
    expect(told.every(({ id, data }) => id === data.cursor)).toBe(true)
    await push(project, 'v3')
    const lastEventId = told[1]!.id!
    const rest = await follow(`since=oldest&project=${project}`, (now) => now.length >= 2, { lastEventId })
    expect(rest.map(({ data }) => data.resource)).toEqual([`${project}/app:v2`, `${project}/app:v3`])
  })

  test('a stream says that events are missing, and goes on with what there is', async () => {
    const [gap, next] = await follow('', (told) => told.length >= 2, { lastEventId: '00000000-7' })
    expect(gap).toMatchObject({ event: 'gap', data: { reason: 'other-log' } })
    expect(next?.event).toBe('message')
  })

  test('a stream ends for somebody who may not read any more', async () => {
    const lead = await addAccount(registry())
    const project = await addProject(registry(), [{ username: lead.username, role: 'project-admin' }])
    const { cursor } = await read(admin(), 'since=now')
    const following = follow(`since=${cursor}&project=${project}`, () => false, { as: lead })
    await push(project, 'seen')
    await registry().control.berth(['project', 'member', 'remove', project, lead.username])
    await push(project, 'unseen')
    const told = await following
    expect(told.at(-1)).toMatchObject({ event: 'end', data: { reason: 'rights' } })
    expect(told.some(({ data }) => data.resource === `${project}/app:unseen`)).toBe(false)
  })

  test('everything is there after a restart, and a cursor goes on', async () => {
    const project = await addProject(registry())
    await push(project, 'before')
    const page = await read(admin(), `project=${project}`)

    await registry().control.restart('SIGKILL')
    expect((await read(admin(), `project=${project}`)).events).toEqual(page.events)
    await push(project, 'after')
    const [event, ...more] = await readAll(admin(), page.cursor, `&project=${project}`)
    expect([event?.resource, more.length]).toEqual([`${project}/app:after`, 0])
  })

  test('a purge of the audit log takes nothing from who follows', async () => {
    const { cursor } = await read(admin(), 'since=now')
    const project = await addProject(registry())
    await admin().call('POST /system/purgeaudit/schedule', {
      body: {
        schedule: { type: 'Manual' },
        parameters: { audit_retention_hour: 1, include_event_types: 'create_project' },
      },
    })
    const events = await readAll(admin(), cursor, '&types=create_project')
    expect(events.map(({ resource }) => resource)).toEqual([project])
  })

  test('a consumer has a name, a position that never goes back, and a measure of how far it is behind', async () => {
    const name = 'siem.example'
    const params = { consumer_name: name }
    const move = (cursor: string) =>
      admin().call<{ name: string; cursor: string; behind: number }>('PUT /events/consumers/{consumer_name}', {
        params,
        body: { cursor },
      })
    const registered = await move('now')
    expect(registered.body).toMatchObject({ name, behind: 0 })
    await addProject(registry())
    const page = await read(admin(), `since=${registered.body.cursor}`)
    expect(page.events.length).toBe(1)
    expect((await admin().call('GET /events/consumers')).body).toEqual([{ ...registered.body, behind: 1 }])
    expect((await move(page.cursor)).body).toEqual({ name, cursor: page.cursor, behind: 0 })
    expect((await move(registered.body.cursor)).body).toEqual({ name, cursor: page.cursor, behind: 0 })
    expect((await move('00000000-1')).status).toBe(410)
    const wrong = await admin().call('PUT /events/consumers/{consumer_name}', {
      params: { consumer_name: 'Not:one' },
      body: { cursor: 'now' },
    })
    expect(wrong.status).toBe(422)
    // Measured every few seconds.
    const measure = `berth_event_consumer_behind{consumer="${name}"} `
    for (let metrics = ''; !metrics.includes(measure); await Bun.sleep(200))
      metrics = await (await fetch(`${registry().url}/metrics`)).text()
    expect((await admin().call('DELETE /events/consumers/{consumer_name}', { params })).status).toBe(200)
    expect((await admin().call('GET /events/consumers')).body).toEqual([])
  })
})

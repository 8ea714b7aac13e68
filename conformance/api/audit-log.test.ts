import { expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient, basicOf, isContractThere, type ApiAnswer } from './contract-client.ts'

if (!isContractThere) console.error("conformance: the log is not compared with Harbor's contract, which is not there")

interface Entry {
  readonly id: number
  readonly username: string
  readonly resource: string
  readonly resource_type: string
  readonly operation: string
  readonly operation_result: boolean
  readonly client_address?: string
}

describeControlledScenario('the audit log', (registry) => {
  const admin = () => new ApiClient(registry())
  const logOf = async (client: ApiClient, query: string) =>
    (await client.call<Entry[]>('GET /auditlog-exts', { query })).body

  test('says who did what, from where, with which result', async () => {
    const account = await addAccount(registry())
    const project = await addProject(registry(), [{ username: account.username, role: 'project-admin' }])
    await new V2Client(registry(), account).pushImage(`${project}/app`, createUniqueImage(), 'v1')
    const [pushed] = await logOf(admin(), `q=resource%3D${project}/app:v1`)
    expect(pushed).toMatchObject({
      username: account.username,
      operation: 'create',
      resource_type: 'artifact',
      operation_result: true,
      client_address: expect.stringMatching(/^(127\.0\.0\.1|::1|::ffff:127\.0\.0\.1)$/),
    })
    const ofProject = await admin().call<Entry[]>('GET /projects/{project_name}/auditlog-exts', {
      params: { project_name: project },
    })
    expect(ofProject.body.map(({ operation, resource_type }) => `${operation} ${resource_type}`)).toEqual([
      'create artifact',
      'create member',
      'create project',
    ])
    expect(ofProject.headers.get('x-total-count')).toBe('3')
    const older = await admin().call<Entry[]>('GET /projects/{project_name}/logs', {
      params: { project_name: project },
    })
    expect(older.body.map(({ id }) => id)).toEqual(ofProject.body.map(({ id }) => id))
  })

  test('a login that failed is in it, under the name that was claimed', async () => {
    const username = `ghost-${crypto.randomUUID()}`
    expect((await new ApiClient(registry(), { username, password: 'wrong' }).call('GET /users/current')).status).toBe(
      401,
    )
    expect(await logOf(admin(), `q=username%3D${username}`)).toMatchObject([
      { operation: 'login', resource_type: 'user', operation_result: false },
    ])
  })

  test('links lead through all of it, each record once', async () => {
    const seen: number[] = []
    let query: string | undefined = 'page=1&page_size=3'
    while (query !== undefined) {
      const { body, headers }: ApiAnswer<Entry[]> = await admin().call<Entry[]>('GET /audit-logs', { query })
      seen.push(...body.map(({ id }) => id))
      query = /<[^>]*\?([^>]*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1]
    }
    expect(new Set(seen).size).toBe(seen.length)
    const all = await admin().call<Entry[]>('GET /audit-logs', { query: 'page_size=0' })
    expect(seen).toEqual(all.body.map(({ id }) => id))
  })

  test('members see what happened where their role lets them, strangers nothing', async () => {
    const [lead, developer] = [await addAccount(registry()), await addAccount(registry())]
    const project = await addProject(registry(), [
      { username: lead.username, role: 'project-admin' },
      { username: developer.username, role: 'developer' },
    ])
    const seen = await logOf(new ApiClient(registry(), lead), 'page_size=100')
    expect(seen.length).toBeGreaterThan(0)
    expect(seen.every(({ resource }) => resource.startsWith(project))).toBe(true)
    expect(await logOf(new ApiClient(registry(), developer), 'page_size=100')).toEqual([])
    const params = { project_name: project }
    const asDeveloper = new ApiClient(registry(), developer)
    expect((await asDeveloper.call('GET /projects/{project_name}/logs', { params })).status).toBe(403)
    const nobody = new ApiClient(registry(), 'anonymous')
    expect((await nobody.call('GET /audit-logs')).status).toBe(401)
    expect((await nobody.call('GET /projects/{project_name}/logs', { params })).status).toBe(401)
  })

  test('types that can be left out are left out when they are disabled', async () => {
    const types = await admin().call<{ event_type: string }[]>('GET /auditlog-exts/events')
    expect(types.body.map(({ event_type: type }) => type)).toContain('create_artifact')
    const set = async (value: string) =>
      await admin().call('PUT /configurations', { body: { disabled_audit_log_event_types: value } })
    await set('create_project')
    const operations = await logOf(admin(), 'page_size=0')
    expect(operations.some((entry) => `${entry.operation}_${entry.resource_type}` === 'create_project')).toBe(false)
    await set('')
  })

  test('pulls are in it once an administrator asks for them', async () => {
    const project = await addProject(registry())
    await new V2Client(registry(), registry()).pushImage(`${project}/app`, createUniqueImage(), 'v1')
    await admin().call('PUT /configurations', { body: { audit_log_pull_events: true } })
    // Both the setting and the pulls are looked at every few seconds: pulling goes on until one is seen.
    let pulls: Entry[] = []
    while (pulls.length === 0) {
      const headers = { authorization: basicOf(registry()) }
      expect((await fetch(`${registry().url}/v2/${project}/app/manifests/v1`, { headers })).status).toBe(200)
      await Bun.sleep(200)
      pulls = await logOf(admin(), `q=operation%3Dpull,resource%3D${project}/app:v1`)
    }
    expect(pulls[0]).toMatchObject({ username: registry().username, resource_type: 'artifact', operation_result: true })
    await admin().call('PUT /configurations', { body: { audit_log_pull_events: false } })
  })
})

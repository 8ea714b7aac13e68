import { expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { addProject, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient } from './contract-client.ts'

const item = '/projects/{project_name_or_id}'
const artifacts = '/projects/{project_name}/repositories/{repository_name}/artifacts'

describeControlledScenario('policies of pulls', (registry) => {
  const admin = () => new ApiClient(registry())
  const governed = async () => {
    const project = await addProject(registry())
    await new V2Client(registry()).pushImage(`${project}/app`, createUniqueImage(), 'v1')
    const metadata = { prevent_vul: 'true', severity: 'high' }
    const changed = await admin().call(`PUT ${item}`, { params: { project_name_or_id: project }, body: { metadata } })
    expect([changed.status, changed.headers.get('warning')]).toEqual([200, null])
    return project
  }
  const refused =
    'current image without vulnerability scanning cannot be pulled due to configured policy in ' +
    `'Prevent images with vulnerability severity of "High" or higher from running.' ` +
    'To continue with pull, please contact your project administrator for help.'

  test('an administrator who pulls what was not scanned is told so in the words of Harbor', async () => {
    const project = await governed()
    const client = new V2Client(registry())
    const answer = await client.request(`/v2/${project}/app/manifests/v1`)
    const body = (await answer.json()) as { errors: { code: string; message: string; detail: object }[] }
    expect([answer.status, body.errors[0]?.code]).toEqual([412, 'PROJECTPOLICYVIOLATION'])
    expect(body.errors[0]?.message).toBe(refused)
    expect(body.errors[0]?.detail).toMatchObject({ policy: 'prevent_vul' })
    const head = await client.request(`/v2/${project}/app/manifests/v1`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([412, ''])
  })

  test('no name that a client gives itself opens the door', async () => {
    const project = await governed()
    const client = new V2Client(registry())
    const token = await client.fetchToken(`repository:${project}/app:pull,push`)
    for (const agent of ['cosign/v2.4.1', 'notation/1.2', 'trivy/0.74.0']) {
      const headers = { authorization: `Bearer ${token}`, 'user-agent': agent }
      expect((await client.request(`/v2/${project}/app/manifests/v1`, { headers })).status).toBe(412)
    }
  })

  test('what is held back is not copied out of its project either, and stays to be looked at', async () => {
    const project = await governed()
    const other = await addProject(registry())
    const copied = await admin().call<{ errors: { code: string }[] }>(`POST ${artifacts}`, {
      params: { project_name: other, repository_name: 'app' },
      query: `from=${project}/app:v1`,
    })
    expect([copied.status, copied.body.errors[0]?.code]).toEqual([412, 'PROJECTPOLICYVIOLATION'])
    const params = { project_name: project, repository_name: 'app', reference: 'v1' }
    expect((await admin().call(`GET ${artifacts}/{reference}`, { params })).status).toBe(200)
  })

  test('a robot is given scanner-pull by a person who may change the project, and pulls', async () => {
    const project = await governed()
    const access = ['pull', 'scanner-pull'].map((action) => ({ resource: 'repository', action }))
    const made = await admin().call<{ name: string; secret: string }>('POST /robots', {
      body: {
        ...{ name: `s${Date.now()}`, level: 'project', duration: 1 },
        permissions: [{ kind: 'project', namespace: project, access }],
      },
    })
    expect(made.status).toBe(201)
    const robot = new V2Client(registry(), { username: made.body.name, password: made.body.secret })
    expect((await robot.request(`/v2/${project}/app/manifests/v1`)).status).toBe(200)
    const token = await robot.fetchToken(`repository:${project}/app:pull`)
    const headers = { authorization: `Bearer ${token}` }
    expect((await robot.request(`/v2/${project}/app/manifests/v1`, { headers })).status).toBe(200)
  })

  test('an artifact is told what each policy says of it, and what it is exempt from', async () => {
    const project = await governed()
    const params = { project_name: project, repository_name: 'app', reference: 'v1' }
    type Judgement = {
      policies: { policy: string; owner: string; violation?: { cause: string } }[]
      exemptions: object[]
    }
    const judgement = async () =>
      (await admin().call<Judgement>(`GET ${artifacts}/{reference}/policies`, { params })).body
    const definition = { name: 'small', mode: 'warn', condition: { kind: 'size', max_bytes: 1 } }
    await admin().call(`POST ${item}/policies`, { params: { project_name_or_id: project }, body: definition })
    expect((await judgement()).policies).toMatchObject([
      { policy: 'prevent_vul', owner: 'harbor', violation: { cause: 'unscanned' } },
      { policy: 'small', owner: 'project', violation: { cause: 'large' } },
    ])
    const body = { policy: 'small', reason: 'soon', expires_at: new Date(Date.now() + 3_600_000).toISOString() }
    await admin().call(`POST ${item}/policy-exemptions`, { params: { project_name_or_id: project }, body })
    const { policies, exemptions } = await judgement()
    expect(policies.map(({ violation }) => violation === undefined)).toEqual([false, true])
    expect(exemptions).toMatchObject([{ policy: 'small', reason: 'soon' }])
  })

  test('a policy that only warns lets pass, and says so in a header of the answer', async () => {
    const project = await addProject(registry())
    const client = new V2Client(registry())
    await client.pushImage(`${project}/app`, createUniqueImage(), 'v1')
    const body = { name: 'soft', mode: 'warn', condition: { kind: 'scanned' } }
    await admin().call(`POST ${item}/policies`, { params: { project_name_or_id: project }, body })
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await client.request(`/v2/${project}/app/manifests/v1`, { method })
      const warning = `299 - "the policy 'soft' of the project holds this back: it was not scanned"`
      expect([status, headers.get('warning')]).toEqual([200, warning])
    }
  })

  test('a draft of the registry chooses repositories by their whole names', async () => {
    const project = await governed()
    const held = async (repositories: string, isOfRegistry: boolean) => {
      const draft = { name: 'draft', mode: 'enforce', repositories, condition: { kind: 'scanned' } }
      const answer = await admin().call<{ held: object[] }>(`POST ${item}/policies/evaluate`, {
        params: { project_name_or_id: project },
        body: { draft, of_registry: isOfRegistry },
      })
      return answer.body.held.length
    }
    expect([await held('app', false), await held('app', true), await held(`${project}/app`, true)]).toEqual([1, 0, 1])
  })
})

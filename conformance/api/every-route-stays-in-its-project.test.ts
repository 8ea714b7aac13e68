import { beforeAll, expect, test } from 'bun:test'
import { describeOnEachDatabase } from '../harness/each-database.ts'
import { createUniqueImage } from '../harness/image.ts'
import type { RegistryUnderTest } from '../harness/registry.ts'
import { V2Client } from '../harness/v2-client.ts'
import { routes as v2Routes } from '../harness/v2-routes.ts'
import { ApiClient, basicOf, type Credential } from './contract-client.ts'
import { matrix } from './permission-matrix.ts'
import { addPerson, addTenant, type Tenant } from './tenant.ts'

interface Operation {
  readonly method: string
  readonly path: string
  /** Names of the parameters in the path. */
  readonly params: readonly string[]
}

interface Caller {
  readonly name: string
  readonly authorization: string | undefined
}

type Filling = Readonly<Record<string, string>>

const projectParams = ['project_name', 'project_name_or_id']
const isOfProject = ({ params }: Operation) => params.some((name) => projectParams.includes(name))
const nobodys = '999999999'

/** Which object of a tenant a parameter names; a new parameter has to be given its meaning here. */
function objectsOf({ id: project, repository, owner, report, objects }: Tenant, path: string): Filling {
  const id = path.startsWith('/quotas/') ? project : path.startsWith('/retentions/') ? objects.retention : 1
  const known: Readonly<Record<string, string | number>> = {
    repository_name: repository,
    reference: 'v1',
    tag_name: 'v1',
    addition: 'build_history',
    meta_name: 'auto_scan',
    label_id: objects.label,
    robot_id: objects.robot,
    rule_id: objects.trustRule,
    mid: objects.member,
    immutable_rule_id: objects.immutabilityRule,
    webhook_policy_id: objects.webhook,
    policy_id: objects.policy,
    exemption_id: objects.exemption,
    artifact_id: objects.held,
    protection_id: objects.protection,
    execution_id: objects.delivery,
    task_id: objects.delivery,
    signer_id: objects.signer,
    key_id: objects.signatureKey,
    request_id: objects.signingRequest,
    vex_id: objects.vex,
    entry_id: objects.trashEntry,
    token_id: objects.token,
    user_id: owner.id,
    report_id: report,
    registration_id: '00000000-0000-4000-8000-000000000000',
    number: nobodys,
    id,
    eid: objects.execution,
    tid: objects.task,
    job_id: objects.execution,
    gc_id: objects.execution,
    purge_id: objects.execution,
    group_id: 1,
    role_id: 1,
    session_id: 1,
    passkey_id: 1,
    consumer_name: 'none',
    source: 'none',
    pool_id: 'all',
    job_type: 'all',
    digest: `sha256:${'0'.repeat(64)}`,
  }
  return Object.fromEntries(Object.entries(known).map(([name, value]) => [name, String(value)]))
}

/**
 * What is no id: a name, or a word of the API. Every other parameter is one, those of routes to come too. To end a session
 * that one does not have is no error (own-sessions.test.ts).
 */
const words = [
  'session_id',
  'passkey_id',
  'repository_name',
  'reference',
  'tag_name',
  'addition',
  'meta_name',
  'source',
  'digest',
  'pool_id',
  'job_type',
  // UUIDs, which nobody counts up.
  'report_id',
  'registration_id',
]
const idsOf = ({ params }: Operation) => params.filter((name) => ![...words, ...projectParams].includes(name))

function expectOneOf(where: string, status: number, expected: readonly number[]): void {
  expect([where, expected.includes(status) ? 'as expected' : status]).toEqual([where, 'as expected'])
}

describeOnEachDatabase('every route of the API stays in the project that it was asked about', (registry) => {
  let operations: readonly Operation[]
  let hidden: Tenant
  /** Public; its id is the name of `twin`. */
  let open: Tenant
  let twin: Tenant
  let nobody: Caller
  let stranger: Caller

  beforeAll(async () => {
    operations = await readOperations(registry())
    hidden = await addTenant(registry())
    // Ids are given one after the other: the next project but one gets the number that this one has as its name.
    twin = await addTenant(registry(), { name: String(hidden.id + 2) })
    open = await addTenant(registry(), { isPublic: true })
    expect(String(open.id)).toBe(twin.name)
    nobody = { name: 'nobody', authorization: undefined }
    stranger = callerOf('a stranger', await addPerson(registry()))
  }, 120_000)

  const callerOf = (name: string, credential: Credential): Caller => ({ name, authorization: basicOf(credential) })

  const ask = async (caller: Caller, { method, path }: Operation, filling: Filling, query?: string) => {
    const row = matrix[`${method} ${path}`]
    const fill = (text: string) =>
      text.replace(/\{(\w+)\}/g, (_, name: string) => {
        const value = filling[name]
        if (value === undefined) throw new Error(`say in objectsOf() what {${name}} of ${path} is`)
        return encodeURIComponent(value)
      })
    const hasBody = !['GET', 'HEAD', 'DELETE'].includes(method)
    const answer = await fetch(`${registry().url}/api/v2.0${fill(path)}?${query ?? fill(row?.query ?? '')}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(caller.authorization === undefined ? {} : { authorization: caller.authorization }),
      },
      ...(hasBody ? { body: JSON.stringify(row?.body ?? {}) } : {}),
    })
    const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream') === true
    if (isStream) await answer.body?.cancel()
    const text = isStream ? '' : await answer.text()
    return { status: answer.status, text: `${text}${answer.headers.get('location') ?? ''}` }
  }

  /** Everything that its owner sees of a project, to be compared with what they see later. */
  const stateOf = async (tenant: Tenant): Promise<string> => {
    const owner = callerOf('its owner', tenant.owner)
    const filling = {
      ...objectsOf(tenant, '/retentions/'),
      project_name: tenant.name,
      project_name_or_id: String(tenant.id),
    }
    const seen: string[] = []
    for (const operation of operations) {
      const isRead = operation.method === 'GET' && !operation.path.endsWith('/events') && !/log/.test(operation.path)
      if (!isRead || !(isOfProject(operation) || /^\/(robots|labels|retentions)\/\{/.test(operation.path))) continue
      const { status, text } = await ask(owner, operation, filling)
      // Of an image that no scan has a good report of there is no file.
      const isFile = operation.path.endsWith('/vulnerabilities/report')
      expectOneOf(operation.path, status, isFile ? [200, 404] : [200, 400])
      seen.push(
        `${operation.path} ${status} ${text.replaceAll(/"((pull|update)_time|status)":"[^"]*"|"run_count":\d+,/g, '')}`,
      )
    }
    expect(seen.length).toBeGreaterThan(15)
    return seen.join('\n')
  }

  const expectNothingOf = (tenant: Tenant, where: string, text: string) => {
    const found = tenant.secrets.filter((secret) => text.includes(secret))
    expect([where, found]).toEqual([where, []])
  }

  test('a name of digits is a name: the project that has it as its id opens nothing', async () => {
    const before = await stateOf(twin)
    const filling = { project_name: twin.name, project_name_or_id: twin.name }
    for (const caller of [nobody, stranger, callerOf("the other's owner", open.owner)]) {
      for (const operation of operations.filter(isOfProject)) {
        const answer = await ask(caller, operation, { ...objectsOf(twin, operation.path), ...filling })
        const where = `${caller.name}: ${operation.method} ${operation.path} ${answer.status}`
        expectNothingOf(twin, where, answer.text)
        expect([where, answer.status >= 500]).toEqual([where, false])
        if (!operation.params.includes('project_name')) continue
        expect([where, answer.status]).toEqual([where, caller === nobody ? 401 : 403])
      }
    }
    expect(await stateOf(twin)).toBe(before)
  }, 120_000)

  test('whoever owns a project with a name of digits has it under that name', async () => {
    const owner = new ApiClient(registry(), twin.owner)
    const params = { project_name: twin.name, repository_name: twin.repository, reference: 'v1' }
    const path = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}'
    const seen = await owner.call<{ digest: string; project_id: number }>(`GET ${path}`, { params })
    expect([seen.status, seen.body]).toEqual([200, expect.objectContaining({ digest: twin.digest })])
    expect(seen.body.project_id).toBe(twin.id)
  })

  test('an object of another project is not there, and stays as it was', async () => {
    const before = await stateOf(hidden)
    const owner = callerOf("the other's owner", open.owner)
    const foreignName = (each: Operation) => idsOf(each).length > 0 || each.params.includes('repository_name')
    for (const operation of operations.filter((each) => isOfProject(each) && foreignName(each))) {
      const own = { ...objectsOf(open, operation.path), project_name: open.name, project_name_or_id: open.name }
      const foreign = objectsOf(hidden, operation.path)
      const named = idsOf(operation).length > 0 ? idsOf(operation) : ['repository_name']
      const filling = { ...own, ...Object.fromEntries(named.map((name) => [name, foreign[name]!])) }
      const answer = await ask(owner, operation, filling)
      const where = `${operation.method} ${operation.path}`
      // As in Harbor: the artifacts of a repository that is not there are an empty list.
      if (where.endsWith('/repositories/{repository_name}/artifacts') && operation.method === 'GET')
        expect([where, answer.status, JSON.parse(answer.text)]).toEqual([where, 200, []])
      else expectOneOf(where, answer.status, [400, 404, 422])
      const missing = { ...filling, ...Object.fromEntries(named.map((name) => [name, nobodys])) }
      const none = await ask(owner, operation, missing)
      expect([where, none.status]).toEqual([where, answer.status])
      const secrets = hidden.secrets.filter((secret) => !Object.values(filling).includes(secret))
      expectNothingOf({ ...hidden, secrets }, where, answer.text)
    }
    expect(await stateOf(hidden)).toBe(before)
  }, 60_000)

  test('an id of another is refused as an id that nothing has, in the same words', async () => {
    const before = await stateOf(hidden)
    const narrow = await addToken(registry(), open.owner)
    const robot = await addRobotForLabels(registry(), open.name)
    const callers = [nobody, stranger, callerOf("another project's owner", open.owner), narrow, robot]
    for (const operation of operations.filter((each) => !isOfProject(each) && idsOf(each).length > 0)) {
      const taken = objectsOf(hidden, operation.path)
      const free = { ...taken, ...Object.fromEntries(idsOf(operation).map((name) => [name, nobodys])) }
      for (const caller of callers) {
        const [one, other] = [await ask(caller, operation, taken), await ask(caller, operation, free)]
        const where = `${caller.name}: ${operation.method} ${operation.path}`
        expectOneOf(where, one.status, [400, 401, 403, 404, 422])
        const said = idsOf(operation).reduce((text, name) => text.replaceAll(taken[name]!, nobodys), one.text)
        expect([where, one.status, said]).toEqual([where, other.status, other.text])
        expectNothingOf(hidden, where, one.text)
      }
    }
    expect(await stateOf(hidden)).toBe(before)
  }, 120_000)

  test('ids of projects in queries and bodies tell nothing, whether there is such a project or not', async () => {
    const doors: readonly ((id: number | string) => readonly [string, string, object?])[] = [
      (id) => ['GET', `/labels?scope=p&project_id=${id}`],
      (id) => ['POST', '/labels', { name: 'x', scope: 'p', project_id: Number(id) }],
      (id) => ['GET', `/robots?q=Level%3Dproject%2CProjectID%3D${id}`],
      (id) => ['POST', '/retentions', { scope: { level: 'project', ref: Number(id) }, rules: [], algorithm: 'or' }],
      (id) => ['GET', `/users/current/permissions?scope=/project/${id}`],
      (id) => ['GET', `/jobs?project_id=${id}`],
      (id) => ['GET', `/events?project_id=${id}`],
      (id) => ['GET', `/quotas?reference_id=${id}`],
      (id) => ['GET', `/projects/${id}`],
      (id) => ['GET', `/projects/${id}/summary`],
    ]
    for (const caller of [nobody, stranger, callerOf("another project's owner", open.owner)]) {
      for (const door of doors) {
        const answerFor = async (id: number | string) => {
          const [method, target, body] = door(id)
          const [path = '', query = ''] = target.split('?')
          const operation = { method, path, params: [] }
          if (body === undefined) return await ask(caller, operation, {}, query)
          const answer = await fetch(`${registry().url}/api/v2.0${path}`, {
            method,
            headers: {
              'content-type': 'application/json',
              ...(caller.authorization === undefined ? {} : { authorization: caller.authorization }),
            },
            body: JSON.stringify(body),
          })
          return { status: answer.status, text: await answer.text() }
        }
        const [one, other] = [await answerFor(hidden.id), await answerFor(nobodys)]
        const where = `${caller.name}: ${door(hidden.id).slice(0, 2).join(' ')}`
        expect([where, one.status, one.text.replaceAll(String(hidden.id), nobodys)]).toEqual([
          where,
          other.status,
          other.text,
        ])
        expectNothingOf(hidden, where, one.text)
      }
    }
  })

  test('no list names what its reader may not see there', async () => {
    const narrow = await addToken(registry(), hidden.owner)
    const robot = await addRobotForLabels(registry(), '*')
    const callers = [nobody, stranger, callerOf("another project's owner", open.owner), narrow, robot]
    const lists = operations.filter(({ method, path, params }) => {
      const tellsOfNothing = /^\/(openapi|swagger|docs$|jobs\/events$)/.test(path)
      return method === 'GET' && params.length === 0 && !tellsOfNothing
    })
    expect(lists.length).toBeGreaterThan(20)
    const queries = ['page_size=100', 'q=hidden', `q=name%3D~hidden`, `name=hidden`, `scope=g`]
    for (const caller of callers) {
      for (const operation of lists) {
        for (const query of queries) {
          const answer = await ask(caller, operation, {}, query)
          const where = `${caller.name}: ${operation.path}?${query}`
          // Who asks is told about themselves.
          const own = caller === narrow ? hidden.owner.username : undefined
          const secrets = hidden.secrets.filter((secret) => secret !== own)
          expectNothingOf({ ...hidden, secrets }, where, answer.text)
          expectNothingOf({ ...twin, secrets: twin.secrets }, where, answer.text)
        }
      }
    }
  }, 120_000)

  test('whether a name is taken is told to whoever may create projects', async () => {
    const head = { method: 'HEAD', path: '/projects', params: [] }
    const taken = async (caller: Caller) => (await ask(caller, head, {}, `project_name=${hidden.name}`)).status
    const narrow = await addToken(registry(), open.owner)
    const robot = await addRobotForLabels(registry(), '*')
    expect([await taken(stranger), await taken(narrow), await taken(robot)]).toEqual([200, 404, 404])
  })

  test('whoever comes without an account reads no names of people but that of a project’s owner', async () => {
    const pusher = await addPerson(registry())
    const owner = new ApiClient(registry(), open.owner)
    await owner.call('POST /projects/{project_name_or_id}/members', {
      params: { project_name_or_id: open.name },
      body: { role_id: 2, member_user: { username: pusher.username } },
    })
    await new V2Client(registry(), pusher).pushImage(`${open.name}/${open.repository}`, createUniqueImage(), 'v1')
    const filling = { ...objectsOf(open, '/'), project_name: open.name, project_name_or_id: open.name }
    let read = 0
    for (const operation of operations.filter(({ method }) => method === 'GET')) {
      const answer = await ask(nobody, operation, filling, 'page_size=100')
      expect([operation.path, answer.text.includes(pusher.username)]).toEqual([operation.path, false])
      if (answer.status === 200) read += 1
    }
    expect(read).toBeGreaterThan(12)
  }, 60_000)

  test('no route of /v2 leads from a project to the one that is named like its id', async () => {
    const image = createUniqueImage()
    const client = new V2Client(registry(), open.owner)
    const name = `${twin.name}/${twin.repository}`
    const token = await client.fetchToken(`repository:${name}:pull,push,delete`)
    for (const route of v2Routes) {
      for (const authorization of [`Bearer ${token}`, basicOf(open.owner)]) {
        const { headers, body } = route.send?.(image) ?? {}
        const answer = await client.request(`/v2/${name}/${route.path(image)}`, {
          method: route.method,
          headers: { ...headers, authorization },
          ...(body === undefined ? {} : { body }),
        })
        const where = `${route.method} ${route.request}`
        expectOneOf(where, answer.status, [401, 403])
        expectNothingOf({ ...twin, secrets: [twin.digest] }, where, await answer.text())
      }
    }
  })
})

/** Every operation that is built: a new one is asked like the others. */
async function readOperations(registry: RegistryUnderTest): Promise<Operation[]> {
  const document = (await (await fetch(`${registry.url}/api/v2.0/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { responses: object }>>
  }
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { responses }]) => !Object.keys(responses).includes('501'))
      .map(([method]) => ({
        method: method.toUpperCase(),
        path,
        params: [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!),
      })),
  )
}

async function addToken(registry: RegistryUnderTest, owner: Credential): Promise<Caller> {
  const made = await new ApiClient(registry, owner).call<{ secret: string }>('POST /users/current/tokens', {
    body: { name: crypto.randomUUID(), permissions: ['quota:read'] },
  })
  return { name: 'a token for quotas', authorization: `Bearer ${made.body.secret}` }
}

async function addRobotForLabels(registry: RegistryUnderTest, namespace: string): Promise<Caller> {
  const made = await new ApiClient(registry).call<{ name: string; secret: string }>('POST /robots', {
    body: {
      name: `labels-${crypto.randomUUID()}`,
      level: 'system',
      duration: 1,
      permissions: [{ kind: 'project', namespace, access: [{ resource: 'label', action: 'read' }] }],
    },
  })
  const { name: username, secret: password } = made.body
  return { name: 'a robot for labels', authorization: basicOf({ username, password }) }
}

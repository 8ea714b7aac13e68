import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { pbkdf2Sync } from 'node:crypto'
import pg from 'pg'
import { fillRegistry, readTags } from '../harness/distribution.ts'
import { createPostgresDatabase, postgresMissing } from '../harness/postgres-database.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { startRegistry, type RegistryUnderTest } from '../harness/registry.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'
import { berthProcess, type ImportReport } from './berth-process.ts'

setDefaultTimeout(180_000)

/**
 * There is no Harbor on this machine: the API's side is a second Berth, which speaks the same API; the database's side
 * is a PostgreSQL with Harbor's tables, filled with hashes made by Harbor's published algorithm.
 */
interface HarborImportReport {
  readonly settings: {
    readonly taken: Readonly<Record<string, number>>
    readonly alreadyHere: Readonly<Record<string, number>>
    readonly notTaken: readonly { kind: string; name: string; message: string }[]
  }
  readonly content?: ImportReport
}

const repositories = ['library/app', 'team/web', 'team/deep/er/still', 'team/web/api']
const json = { 'content-type': 'application/json' }

async function importFrom(
  from: RegistryUnderTest,
  to: RegistryUnderTest,
  ...flags: string[]
): Promise<HarborImportReport> {
  const args = ['import', 'harbor', '--from', from.url, '--password-stdin', '--output', 'json', ...flags]
  const child = berthProcess(to, args, {}, `${from.password}\n`)
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  if (![0, 3].includes(await child.exited)) throw new Error(stderr)
  return JSON.parse(stdout) as HarborImportReport
}

describe('what speaks Harbor’s API moves in', () => {
  const owned = new AsyncDisposableStack()
  let from: RegistryUnderTest
  let source: V2Client

  const post = async (path: string, body: object): Promise<Response> =>
    await expectStatus(
      await source.request(`/api/v2.0${path}`, { method: 'POST', headers: json, body: JSON.stringify(body) }),
      201,
    )
  const read = async (client: V2Client, path: string): Promise<unknown> =>
    await (await expectStatus(await client.request(`/api/v2.0${path}`), 200)).json()

  beforeAll(async () => {
    from = owned.use(await startRegistry())
    source = new V2Client(from)
    const put = async (path: string, body: object) =>
      await expectStatus(
        await source.request(`/api/v2.0${path}`, { method: 'PUT', headers: json, body: JSON.stringify(body) }),
        200,
      )
    await post('/users', {
      username: 'ada',
      email: 'ada@example.org',
      realname: 'Ada',
      password: 'Engine1843',
      comment: '',
    })
    await post('/usergroups', { group_name: 'builders', group_type: 2 })
    await post('/projects', { project_name: 'team', metadata: { public: 'true' }, storage_limit: 10_000_000_000 })
    await post('/projects', { project_name: 'many', metadata: { public: 'false' } })
    await put('/projects/team', {
      metadata: { auto_scan: 'true', severity: 'high' },
      cve_allowlist: { items: [{ cve_id: 'CVE-2024-1' }], expires_at: null },
    })
    await put('/configurations', { session_timeout: 77, project_creation_restriction: 'adminonly' })
    await post('/projects/team/members', { role_id: 2, member_user: { username: 'ada' } })
    await post('/labels', { name: 'approved', scope: 'g', color: '#00ff00' })
    const { project_id: id } = (await read(source, '/projects/team')) as { project_id: number }
    await post('/labels', { name: 'team-only', scope: 'p', project_id: id })
    const selector = (decoration: string, pattern: string) => ({ kind: 'doublestar', decoration, pattern })
    await post('/projects/team/immutabletagrules', {
      ...{
        tag_selectors: [selector('matches', 'release-*')],
        scope_selectors: { repository: [selector('repoMatches', '**')] },
      },
      ...{ action: 'immutable', template: 'immutable_template' },
    })
    await post('/projects/team/webhook/policies', {
      ...{ name: 'ci', enabled: true, event_types: ['PUSH_ARTIFACT'] },
      targets: [{ type: 'http', address: 'https://192.0.2.1/hook?t=1', auth_header: 'Bearer ci' }],
    })
    await post('/retentions', {
      algorithm: 'or',
      rules: [
        {
          ...{ action: 'retain', template: 'latestPushedK', params: { latestPushedK: 7 } },
          ...{
            tag_selectors: [selector('matches', '**')],
            scope_selectors: { repository: [selector('repoMatches', '**')] },
          },
        },
      ],
      trigger: { kind: 'Schedule', settings: { cron: '0 0 3 * * *' } },
      scope: { level: 'project', ref: id },
    })
    const access = [{ resource: 'repository', action: 'pull' }]
    const robot = { level: 'project', duration: -1, permissions: [{ kind: 'project', namespace: 'team', access }] }
    await post('/robots', { name: 'ci', ...robot })
    await post('/robots', {
      ...robot,
      name: 'all',
      level: 'system',
      permissions: [{ kind: 'project', namespace: '*', access }],
    })
    await fillRegistry(source, 40, 4, 'library/single')
    const [[tag, digest]] = [...(await readTags(source, ['team/web'])).get('team/web')!] as [[string, string]]
    expect(tag).toBeString()
    const labels = (await read(source, '/labels?scope=g')) as { id: number }[]
    const labelled = await source.request(`/api/v2.0/projects/team/repositories/web/artifacts/${digest}/labels`, {
      ...{ method: 'POST', headers: json, body: JSON.stringify({ id: labels[0]!.id }) },
    })
    await expectStatus(labelled, 200)
  })
  afterAll(() => owned.disposeAsync())

  test('with projects, people, robots, policies and all content, and a second run changes nothing', async () => {
    await using to = await startRegistry()
    const target = new V2Client(to)
    const first = await importFrom(from, to)
    expect(first.content).toMatchObject({ complete: true })
    expect(first.settings.notTaken.map(({ kind }) => kind).sort()).toEqual(['robot', 'robot', 'user'])
    const both = async (path: string, pick: (value: never) => unknown) =>
      expect(pick((await read(target, path)) as never)).toEqual(pick((await read(source, path)) as never))
    await both(
      '/projects/team',
      ({ metadata, cve_allowlist }: { metadata: Record<string, string>; cve_allowlist: { items: unknown } }) => [
        { ...metadata, retention_id: 'some' },
        cve_allowlist.items,
      ],
    )
    await both('/projects/team/members', (all: { entity_name: string; role_id: number }[]) =>
      all.filter(({ entity_name }) => entity_name === 'ada').map(({ role_id }) => role_id),
    )
    await both('/projects/team/immutabletagrules', (all: { tag_selectors: unknown; scope_selectors: unknown }[]) =>
      all.map(({ tag_selectors, scope_selectors }) => [tag_selectors, scope_selectors]),
    )
    await both('/projects/team/webhook/policies', (all: { name: string; targets: unknown; event_types: unknown }[]) =>
      all.map(({ name, targets, event_types: types }) => [name, targets, types]),
    )
    // They sleep, or they would be told of everything that moves in.
    expect(await read(target, '/projects/team/webhook/policies')).toMatchObject([{ enabled: false }])
    await both('/configurations', ({ session_timeout, project_creation_restriction }: Record<string, unknown>) => [
      session_timeout,
      project_creation_restriction,
    ])
    await both('/users?q=username=ada', (all: { username: string; email: string }[]) =>
      all.map(({ username, email }) => [username, email]),
    )
    await both('/usergroups', (all: { group_name: string }[]) => all.map(({ group_name }) => group_name))
    await both('/robots', (all: { name: string; permissions: unknown }[]) =>
      all.map(({ name, permissions }) => [name, permissions]),
    )
    const retention = async (client: V2Client) => {
      const { metadata } = (await read(client, '/projects/team')) as { metadata: { retention_id: string } }
      const { rules, trigger } = (await read(client, `/retentions/${metadata.retention_id}`)) as {
        rules: { template: string; params: unknown }[]
        trigger: { settings: { cron: string } }
      }
      return [rules.map(({ template, params }) => [template, params]), trigger.settings.cron]
    }
    expect(await retention(target)).toEqual(await retention(source))
    await both('/quotas', (all: { ref: { name: string }; hard: { storage: number } }[]) =>
      all.filter(({ ref }) => ref.name === 'team').map(({ hard }) => hard.storage),
    )
    const tags = await readTags(source, repositories)
    expect(await readTags(target, repositories)).toEqual(tags)
    await both(
      '/projects/team/repositories/web/artifacts?with_label=true',
      (all: { digest: string; labels: { name: string }[] | null }[]) =>
        all.flatMap(({ digest, labels }) => (labels ?? []).map(({ name }) => [digest, name])),
    )

    const second = await importFrom(from, to)
    expect(second.content).toMatchObject({ complete: true, manifests: { taken: 0 }, tags: { taken: 0 } })
    expect(second.settings.taken['project'] ?? 0).toBe(0)
    expect(second.settings.taken['user'] ?? 0).toBe(0)
    expect(second.settings.taken['robot'] ?? 0).toBe(0)
  })

  test('refuses a wrong password with what to do next', async () => {
    await using to = await startRegistry()
    const args = ['import', 'harbor', '--from', from.url, '--password-stdin']
    const child = berthProcess(to, args, {}, 'wrong\n')
    expect(await child.exited).toBe(1)
    expect(await new Response(child.stderr).text()).toContain('system administrator')
  })

  if (postgresMissing !== undefined) skipLoudly('passwords from Harbor’s database', postgresMissing)
  else {
    test('with passwords and robots’ secrets, where its database can be read', async () => {
      await using database = await createPostgresDatabase()
      await createHarborTables(database.url)
      await using to = await startRegistry()
      const report = await importFrom(from, to, '--harbor-database', database.url, '--no-content')
      expect(report.settings.notTaken).toEqual([])
      const pulls = async (username: string, password: string): Promise<number> => {
        const client = new V2Client(to, { username, password })
        return (await client.request('/service/token?service=harbor-registry&scope=repository:team/web:pull')).status
      }
      for (let round = 0; round < 2; round++) {
        expect(await pulls('ada', 'Harbor-Engine-1843')).toBe(200)
        expect(await pulls('robot$team+ci', 'Robot-Secret-0001')).toBe(200)
        expect(await pulls('robot$all', 'Robot-Secret-0002')).toBe(200)
      }
      expect(await pulls('ada', 'Engine1843')).toBe(401)
    })
  }
})

/** harbor/make/migrations/postgresql: the columns that are read, with their names and types. */
async function createHarborTables(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const hash = (password: string, salt: string) => pbkdf2Sync(password, salt, 4_096, 16, 'sha256').toString('hex')
  try {
    await client.query(`
      create table harbor_user (
        user_id serial primary key not null, username varchar(255), email varchar(255), password varchar(40) not null,
        realname varchar(255) not null, comment varchar(30), deleted boolean default false not null,
        reset_uuid varchar(40) default null, salt varchar(40) default null, sysadmin_flag boolean default false not null,
        creation_time timestamp default current_timestamp, update_time timestamp default current_timestamp,
        password_version varchar(16) default 'sha256')`)
    await client.query(`
      create table robot (
        id serial primary key not null, name varchar(255), description varchar(1024), project_id int, expiresat bigint,
        disabled boolean default false not null, creation_time timestamp default current_timestamp,
        update_time timestamp default current_timestamp, visible boolean default true not null, secret varchar(2048),
        salt varchar(64), duration int, creator_ref integer default 0, creator_type varchar(255))`)
    await client.query(
      `insert into harbor_user (username, email, password, realname, salt) values ('ada', 'ada@example.org', $1, 'Ada', $2)`,
      [hash('Harbor-Engine-1843', 'salt-of-ada'), 'salt-of-ada'],
    )
    for (const [name, secret] of [
      ['team+ci', 'Robot-Secret-0001'],
      ['all', 'Robot-Secret-0002'],
    ]) {
      const row = [name, hash(secret!, 'salt-of-robot'), 'salt-of-robot']
      await client.query('insert into robot (name, project_id, secret, salt) values ($1, 0, $2, $3)', row)
    }
  } finally {
    await client.end()
  }
}

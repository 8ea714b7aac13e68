import { expect, test } from 'bun:test'
import { composeAccessForTest, password, system } from '../../../test/access.ts'
import { describeEachDatabase } from '../../../test/databases.ts'
import { longestTurn } from '../../../test/longest-turn.ts'
import type { Database } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import { rightsOf } from '../access/robots/robot-rights.ts'
import type { BusinessEvent } from '../events/event-types.ts'
import { withOrigin } from '../request-origin.ts'
import { AuditLog, type AuditQuery } from './audit-log.ts'
import { describeRecord } from './audit-records.ts'
import { PullAudit } from './pull-audit.ts'
import { readableProjects } from './readable-projects.ts'

const digest = `sha256:${'a'.repeat(64)}`
const ada: Actor = { kind: 'user', id: 7, username: 'ada', admin: false }

describeEachDatabase('audit log', (open) => {
  async function compose(disabled = '') {
    const access = composeAccessForTest(await open())
    const log = new AuditLog({ database: access.database, disabledTypes: async () => disabled })
    const record = async (event: BusinessEvent, actor: Actor = ada) => {
      access.clock.advance(1_000)
      await access.database.write(async (tx) => await access.events.record(tx, actor, event))
    }
    const push = async (projectId: number, tag: string) =>
      await record({ type: 'push_artifact', projectId, repository: `p${projectId}/app`, digest, tags: [tag] })
    const list = async (query: Partial<AuditQuery> = {}) => await log.listRecords({ limit: 10, offset: 0, ...query })
    const resources = async (query: Partial<AuditQuery> = {}) =>
      (await list(query)).rows.map(({ resource }) => resource)
    return { ...access, log, record, push, list, resources }
  }

  test('says who did what to what, from where and with which result', async () => {
    const { record, list } = await compose()
    await withOrigin({ clientAddress: '203.0.113.5', isFromThisMachine: () => false }, async () => {
      await record({
        type: 'update_member',
        projectId: 1,
        project: 'p',
        kind: 'user',
        userId: 2,
        username: 'bob',
        role: 'guest',
      })
      await record({ type: 'login_user', failed: true, username: 'ghost' }, { kind: 'anonymous' })
    })
    const { rows, total } = await list()
    expect(total).toBe(2)
    expect(rows).toMatchObject([
      { username: 'ghost', type: 'login_user', clientAddress: '203.0.113.5', succeeded: false },
      { username: 'ada', type: 'update_member', resource: 'p/bob', clientAddress: '203.0.113.5', succeeded: true },
    ])
    expect(rows.map(describeRecord)).toEqual([
      'login user ghost failed from 203.0.113.5',
      'update member p/bob (role: guest) from 203.0.113.5',
    ])
  })

  test('newest first, or oldest first when op_time is asked for', async () => {
    const { push, resources } = await compose()
    for (const tag of ['a', 'b', 'c']) await push(1, tag)
    expect(await resources()).toEqual(['p1/app:c', 'p1/app:b', 'p1/app:a'])
    expect(await resources({ sort: [{ key: 'op_time', descending: false }], limit: 2 })).toEqual([
      'p1/app:a',
      'p1/app:b',
    ])
  })

  test('a page ends when its records have grown too large together, and the next one goes on behind it', async () => {
    const { record, list } = await compose()
    const tags = Array.from({ length: 10_000 }, (_, number) => `${'t'.repeat(100)}${number}`)
    for (let count = 0; count < 9; count++)
      await record({ type: 'delete_artifact', projectId: 1, repository: 'p1/app', digest, tags })
    const first = await list({ limit: 100 })
    expect(first.rows.length).toBeLessThan(6)
    const seen = first.rows.map(({ id }) => id)
    for (let { next } = first; next !== undefined;) {
      const page = await list({ limit: 100, beyond: next })
      seen.push(...page.rows.map(({ id }) => id))
      next = page.next
    }
    expect(new Set(seen).size).toBe(9)
    expect(seen.length).toBe(9)
  })

  test('a walk from page to page by key sees every record once, and the next page is known without a count', async () => {
    const { push, list } = await compose()
    for (let index = 0; index < 25; index += 1) await push(index % 2, `t${index}`)
    for (const projects of [undefined, [1], [0, 1], 'every'] as const) {
      for (const descending of [true, false]) {
        const seen: number[] = []
        let beyond: number | undefined
        do {
          const page = await list({ projects, beyond, limit: 4, sort: [{ key: 'op_time', descending }] })
          seen.push(...page.rows.map(({ id }) => id))
          beyond = page.next
        } while (beyond !== undefined)
        const ids = projects !== undefined && projects.length === 1 ? 12 : 25
        expect(new Set(seen).size).toBe(ids)
        expect(seen).toEqual(seen.toSorted((a, b) => (descending ? b - a : a - b)))
      }
    }
  })

  test('pages by number are the same records as pages by key', async () => {
    const { push, list } = await compose()
    for (let index = 0; index < 9; index += 1) await push(1, `t${index}`)
    const first = await list({ limit: 4 })
    const second = await list({ limit: 4, offset: 4 })
    expect(second.rows).toEqual((await list({ limit: 4, beyond: first.next })).rows)
    expect([first.total, second.total]).toEqual([9, 9])
  })

  test('a project shows what happened in it and nothing else', async () => {
    const { push, list } = await compose()
    await push(1, 'mine')
    await push(2, 'theirs')
    const { rows, total } = await list({ projects: [1] })
    expect([rows.map(({ resource }) => resource), total]).toEqual([['p1/app:mine'], 1])
    expect((await list({ projects: [] })).rows).toEqual([])
  })

  test.each([
    [{ kind: 'exact', key: 'operation', value: 'create' }, ['p1/app:v1', 'bob']],
    [{ kind: 'exact', key: 'ResourceType', value: 'artifact' }, ['p1/app:v1']],
    [{ kind: 'fuzzy', key: 'resource', value: 'APP' }, ['p1/app:v1', 'p1/app:old']],
    [{ kind: 'exact', key: 'username', value: 'system' }, []],
    [{ kind: 'exact', key: 'operation_result', value: 'false' }, ['ghost']],
    [{ kind: 'any', key: 'operation', values: ['delete', 'login'] }, ['p1/app:old', 'ghost']],
    [{ kind: 'exact', key: 'nonsense', value: 'x' }, ['p1/app:v1', 'bob', 'p1/app:old', 'ghost']],
  ] as const)('%p finds its records', async (condition, expected) => {
    const { push, record, resources, list } = await compose()
    await push(1, 'v1')
    await record({ type: 'create_user', userId: 3, username: 'bob', admin: false })
    await record({ type: 'delete_tag', projectId: 1, repository: 'p1/app', digest, tag: 'old' })
    await record({ type: 'login_user', failed: true, username: 'ghost' }, { kind: 'anonymous' })
    expect((await resources({ conditions: [condition] })).toSorted()).toEqual([...expected].toSorted())
    expect((await list({ conditions: [condition] })).total).toBe(expected.length)
  })

  test('a range of time finds what happened in it', async () => {
    const { push, resources, clock } = await compose()
    await push(1, 'early')
    const from = clock.now() + 1
    await push(1, 'middle')
    const to = clock.now() + 1
    await push(1, 'late')
    const range = (start: number, end: number) => ({
      kind: 'range' as const,
      key: 'op_time',
      from: new Date(start).toISOString(),
      to: new Date(end).toISOString(),
    })
    expect(await resources({ conditions: [range(from, to)] })).toEqual(['p1/app:middle'])
    expect(await resources({ conditions: [range(from, to)], projects: [2] })).toEqual([])
    expect(await resources({ conditions: [range(0, 1)] })).toEqual([])
  })

  test('a search finds what lies many windows back', async () => {
    const { database, list, push } = await compose()
    await push(1, 'far')
    const [far] = (await list()).rows
    await withIdGap(database, far!.id + 180_000)
    await push(1, 'near')
    const query = { conditions: [{ kind: 'fuzzy' as const, key: 'resource', value: 'far' }] }
    expect((await list(query)).rows.map(({ resource }) => resource)).toEqual(['p1/app:far'])
    const oldestFirst = [{ key: 'op_time', descending: false }]
    expect((await list({ ...query, sort: oldestFirst })).rows.map(({ id }) => id)).toEqual([far!.id])
  })

  test('a search asks no more questions for a long page than for a short one', async () => {
    const { database, push } = await compose()
    for (let index = 0; index < 30; index += 1) await push(1, `t${index}`)
    let questions = 0
    const counted: Database = {
      ...database,
      get read() {
        questions += 1
        return database.read
      },
    }
    const log = new AuditLog({ database: counted, disabledTypes: async () => '' })
    const conditions = [{ kind: 'fuzzy' as const, key: 'resource', value: 'app' }]
    const asked = async (limit: number) => {
      questions = 0
      await log.listRecords({ conditions, limit, offset: 0 })
      return questions
    }
    expect(await asked(1)).toBe(await asked(30))
  })

  test('a search with many conditions keeps nobody waiting', async () => {
    const { database, push, resources } = await compose()
    await push(1, 'first')
    const row = await database.read.selectFrom('event').selectAll().orderBy('id', 'desc').executeTakeFirstOrThrow()
    await database.write(async (tx) => {
      for (let start = 0; start < 50_000; start += 1_000) {
        const rows = Array.from({ length: 1_000 }, (_, at) => ({ ...row, id: row.id + start + at + 1 }))
        await tx.insertInto('event').values(rows).execute()
      }
    })
    const conditions = Array.from({ length: 32 }, () => ({
      kind: 'fuzzy' as const,
      key: 'resource',
      value: 'app:first',
    }))
    const { ms, result } = await longestTurn(() => resources({ conditions, limit: 1 }))
    expect(result).toHaveLength(1)
    expect(ms).toBeLessThan(100)
  }, 30_000)

  test('types that an administrator disabled are not shown', async () => {
    const { push, record, resources } = await compose('create_artifact, delete_user')
    await push(1, 'v1')
    await record({ type: 'create_user', userId: 3, username: 'bob', admin: false })
    expect(await resources()).toEqual(['bob'])
  })

  test('members read the log where their role lets them, robots where their permissions do', async () => {
    const { database, users, projects, members } = await compose()
    const user = await users.createUser(system, { username: 'eve', password })
    const eve: Actor = { kind: 'user', id: user.id, username: 'eve', admin: false }
    const own = await projects.createProject(system, { name: 'own', public: true })
    await projects.createProject(system, { name: 'guest', public: true })
    await members.addMember(system, 'own', 'eve', 'projectAdmin')
    await members.addMember(system, 'guest', 'eve', 'maintainer')
    const robot = (grants: Parameters<typeof rightsOf>[0]): Actor => ({
      kind: 'robot',
      id: 1,
      username: 'robot$ci',
      rights: rightsOf(grants),
    })
    expect(await readableProjects(database.read, eve)).toEqual([own.id])
    expect(await readableProjects(database.read, { ...eve, admin: true })).toBeUndefined()
    expect(await readableProjects(database.read, { ...eve, admin: true, access: [] })).toEqual([])
    expect(await readableProjects(database.read, { kind: 'anonymous' })).toEqual([])
    expect(await readableProjects(database.read, robot([]))).toEqual([])
    expect(await readableProjects(database.read, robot([{ scope: 4, access: ['log:list'] }]))).toEqual([4])
    expect(await readableProjects(database.read, robot([{ scope: 'every-project', access: ['log:list'] }]))).toBe(
      'every',
    )
    expect(
      await readableProjects(database.read, robot([{ scope: 'system', access: ['audit-log:list'] }])),
    ).toBeUndefined()
  })

  test('pulls are in it when they are asked for, written together, with who and from where', async () => {
    const { database, events, list } = await compose()
    let wanted = false
    const pulls = new PullAudit({ database, events, isWanted: async () => wanted })
    const pull = (tag: string) =>
      withOrigin({ clientAddress: '203.0.113.6', isFromThisMachine: () => false }, () =>
        pulls.record(ada, { type: 'pull_artifact', projectId: 1, repository: 'p1/app', digest, tag }),
      )
    await pulls.flush()
    pull('unasked')
    wanted = true
    await pulls.flush()
    expect((await list()).total).toBe(0)
    for (let index = 0; index < 600; index += 1) pull(`t${index}`)
    expect((await list()).total).toBe(0)
    await pulls.flush()
    const { rows, total } = await list()
    expect(total).toBe(600)
    expect(rows[0]).toMatchObject({ username: 'ada', resource: 'p1/app:t599', clientAddress: '203.0.113.6' })
    await pulls.flush()
    expect((await list()).total).toBe(600)
  })
})

/** As if many events had been there. */
async function withIdGap(database: Database, id: number): Promise<void> {
  const row = { id, type: 'rotate_signing_key', occurred_at: 0, actor: 'system:test', project_id: null }
  await database.write(async (tx) => {
    await tx
      .insertInto('event')
      .values({ ...row, occurred_at: Date.UTC(2026, 0, 2), resource: 'gap', payload: '{}' })
      .execute()
    if (database.dialect === 'postgres') {
      await tx.selectNoFrom((eb) => eb.fn('setval', [eb.val('event_id_seq'), eb.val(id)]).as('value')).execute()
    }
  })
}

import { usernameKey } from '#contract/username.ts'
import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describeEachDatabase } from '../../test/databases.ts'
import type { Database, Writer } from './database.ts'
import { DatabaseIsHarbors, DatabaseTooNew, migrate, type Migration, type SchemaChange } from './migrate.ts'
import { migrations } from './migrations/index.ts'
import { isForeignKeyViolation, isUniqueViolation } from './violations.ts'

const names = migrations.map((step) => step.name)

/** Table → column → whether it may be null, as the files of schema/ declare them. */
function declaredColumns(): Record<string, Record<string, boolean>> {
  const folder = join(import.meta.dirname, 'schema')
  const source = readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n')
  const interfaces = new Map(
    [...source.matchAll(/export interface (\w+) \{\n(.*?)\n\}/gs)].map((match) => [match[1], match[2] ?? '']),
  )
  const tables = [...(interfaces.get('Schema') ?? '').matchAll(/^ {2}(\w+): (\w+)$/gm)]
  return Object.fromEntries(
    tables.map(([, table = '', type]) => {
      const columns = [...(interfaces.get(type) ?? '').matchAll(/^ {2}(\w+): (.+)$/gm)]
      return [
        table,
        Object.fromEntries(columns.map(([, column, columnType]) => [column, /\| null/.test(columnType ?? '')])),
      ]
    }),
  )
}

async function actualColumns(database: Database): Promise<Record<string, Record<string, boolean>>> {
  const query =
    database.dialect === 'sqlite'
      ? sql<{ table: string; column: string; nullable: number }>`
          select m.name as "table", c.name as "column", 1 - c."notnull" as nullable
          from sqlite_schema m join pragma_table_info(m.name) c where m.type = 'table' and m.name not like 'sqlite_%'`
      : sql<{ table: string; column: string; nullable: number }>`
          select table_name as "table", column_name as "column", (is_nullable = 'YES')::int as nullable
          from information_schema.columns where table_schema = current_schema()`
  const { rows } = await query.execute(database.read)
  const tables: Record<string, Record<string, boolean>> = {}
  for (const { table, column, nullable } of rows) (tables[table] ??= {})[column] = nullable === 1
  return tables
}

const at = { created_at: 1, updated_at: 1 }

/** One row of each kind, referring to each other as a pushed image does. */
async function fill(tx: Writer): Promise<void> {
  await tx
    .insertInto('project')
    .values({ name: 'p', owner_id: null, public: 1, ...at })
    .execute()
  await tx
    .insertInto('project_member')
    .values({ project_id: 1, entity_type: 'user', entity_id: 1, role_id: 1, created_at: 1 })
    .execute()
  await tx
    .insertInto('repository')
    .values({ project_id: 1, name: 'p/r', description: '', ...at })
    .execute()
  await tx
    .insertInto('blob')
    .values({ digest: 'b', size: 1, location: 'l', state: 'live', condemned_at: null, created_at: 1 })
    .execute()
  await tx
    .insertInto('repository_blob')
    .values({ repository_id: 1, digest: 'b', protected_until: 1, created_at: 1 })
    .execute()
  await tx.insertInto('link_review').values({ repository_id: 1, digest: 'b', review_after: 1 }).execute()
  for (const digest of ['index', 'child']) {
    await tx
      .insertInto('artifact')
      .values({
        repository_id: 1,
        digest,
        media_type: 'm',
        artifact_type: '',
        manifest_size: 1,
        size: 1,
        subject_digest: null,
        annotations: null,
        pushed_at: 1,
        pulled_at: null,
      })
      .execute()
  }
  await tx
    .insertInto('artifact_payload')
    .values({ artifact_id: 1, bytes: new Uint8Array([1]) })
    .execute()
  await tx.insertInto('artifact_blob').values({ artifact_id: 2, repository_id: 1, digest: 'b' }).execute()
  await tx.insertInto('artifact_child').values({ parent_id: 1, child_id: 2 }).execute()
  await tx
    .insertInto('tag')
    .values({ repository_id: 1, name: 't', artifact_id: 1, pushed_at: 1, pulled_at: null })
    .execute()
  await tx
    .insertInto('upload')
    .values({ id: 'u', repository_id: 1, actor: 'a', offset: 0, algorithm: 'sha256', created_at: 1, expires_at: 1 })
    .execute()
}

const tables = ['project_member', 'repository', 'blob', 'repository_blob', 'link_review', 'artifact'] as const
const contents = ['artifact_payload', 'artifact_blob', 'artifact_child', 'tag', 'upload'] as const

async function counts(database: Database): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const table of [...tables, ...contents]) {
    found[table] = (
      await database.read
        .selectFrom(table)
        .select(sql<number>`1`.as('one'))
        .execute()
    ).length
  }
  return found
}

describeEachDatabase('migrate', (open, dialect) => {
  test('the tables have exactly the columns that schema/ declares, nullable where it says so', async () => {
    const { schema_migration, ...actual } = await actualColumns(await open())
    expect(schema_migration).toEqual({ name: false, applied_at: false, older_may_serve: true })
    const declared = declaredColumns()
    expect(Object.keys(declared).length).toBeGreaterThan(15)
    expect(actual).toEqual(declared)
  })

  test('a second run does nothing', async () => {
    const database = await open({ empty: true })
    expect(await migrate(database)).toEqual(names)
    expect(await migrate(database)).toEqual([])
  })

  test('processes that start together migrate once', async () => {
    const database = await open({ empty: true })
    const applied = await Promise.all([migrate(database), migrate(database), migrate(database)])
    expect(applied.flat()).toEqual(names)
  })

  test('a step that fails leaves nothing of itself and of those before it in the same run', async () => {
    const database = await open({ empty: true })
    const steps: Migration[] = [
      { name: '1', up: async (tx) => void (await sql`create table one (id bigint)`.execute(tx)) },
      { name: '2', up: async () => Promise.reject(new Error('broken')) },
    ]
    expect(await migrate(database, { steps }).catch((error: Error) => error.message)).toBe('broken')
    expect(await actualColumns(database)).toEqual({})
    expect(await migrate(database, { steps: steps.slice(0, 1) })).toEqual(['1'])
  })

  /** Of its own to the end: these tests change tables. */
  const migrated = async () => {
    const database = await open({ empty: true })
    await migrate(database)
    return database
  }

  describe('a database that a newer version has migrated', () => {
    const adds: Migration = {
      name: '9001-adds',
      up: async (tx) => {
        await sql`create table later (id bigint)`.execute(tx)
        await sql`alter table project add column later text`.execute(tx)
      },
    }
    const takes: Migration = { name: '9002-takes', endsOlderVersions: true, up: async () => {} }

    test('is served by an older one when every step only adds', async () => {
      const database = await migrated()
      await migrate(database, { steps: [...migrations, adds] })
      expect(await migrate(database)).toEqual([])
      await database.write(fill)
    })

    test('is refused by an older one when a step says so', async () => {
      const database = await migrated()
      await migrate(database, { steps: [...migrations, adds, takes] })
      expect(await migrate(database).catch((error) => error)).toBeInstanceOf(DatabaseTooNew)
    })

    test('is refused when the step comes from a version that did not say', async () => {
      const database = await migrated()
      await database.write((tx) =>
        sql`insert into schema_migration (name, applied_at) values ('9003-silent', 1)`.execute(tx),
      )
      expect(await migrate(database).catch((error) => error)).toBeInstanceOf(DatabaseTooNew)
    })

    test('is refused by one that has steps of its own: they went different ways', async () => {
      const database = await open({ empty: true })
      await migrate(database, { steps: [migrations[0]!, adds] })
      expect(await migrate(database).catch((error) => error)).toBeInstanceOf(DatabaseTooNew)
    })
  })

  test('a database of any older version becomes what a new one is', async () => {
    const fresh = await actualColumns(await migrated())
    for (let version = 1; version < migrations.length; version += 3) {
      const database = await open({ empty: true })
      await migrate(database, { steps: migrations.slice(0, version) })
      expect(await migrate(database)).toEqual(names.slice(version))
      expect(await actualColumns(database)).toEqual(fresh)
    }
  })

  test('accounts from before names were compared without case get the key of theirs, however many there are', async () => {
    const database = await open({ empty: true })
    const before = names.indexOf('0020-trust-and-names')
    await migrate(database, { steps: migrations.slice(0, before) })
    const usernames = ['Ada', 'ADA', 'stra\u00dfe', ...Array.from({ length: 1_100 }, (_, at) => `User-${at}`)]
    await database.write(async (tx) => {
      for (const username of usernames)
        await sql`insert into user_account
          (username, real_name, comment, admin, disabled, credentials_changed_at, created_at, updated_at)
          values (${username}, '', '', 0, 0, 1, 1, 1)`.execute(tx)
    })
    await migrate(database)
    const rows = await database.read.selectFrom('user_account').select(['username', 'name_key']).execute()
    expect(new Map(rows.map((row) => [row.username, row.name_key]))).toEqual(
      new Map(usernames.map((username) => [username, usernameKey(username)])),
    )
    expect(usernameKey('stra\u00dfe')).toBe('strasse')
  })

  test('a database of a version that kept no word about older ones is migrated like any other', async () => {
    const database = await open({ empty: true })
    await migrate(database, { steps: migrations.slice(0, 1) })
    await database.write((tx) => sql`alter table schema_migration drop column older_may_serve`.execute(tx))
    expect(await migrate(database)).toEqual(names.slice(1))
  })

  test('before a used database is changed it can be copied, and what cannot be copied stays as it is', async () => {
    const database = await open({ empty: true })
    const asked: string[][] = []
    const beforeChange = async ({ pending }: SchemaChange) => void asked.push([...pending])
    await migrate(database, { steps: migrations.slice(0, 2), beforeChange })
    await migrate(database, { steps: migrations.slice(0, 3), beforeChange })
    await migrate(database, { steps: migrations.slice(0, 3), beforeChange })
    expect(asked).toEqual([names.slice(2, 3)])
    const refusal = new Error('no room')
    const attempt = migrate(database, { beforeChange: () => Promise.reject(refusal) })
    expect(await attempt.catch((error) => error)).toBe(refusal)
    expect(await migrate(database)).toEqual(names.slice(3))
  })

  test('a process goes on reading and writing while a newer one migrates', async () => {
    const database = await migrated()
    let running = true
    let written = 0
    const old = (async () => {
      while (running) {
        const name = `p${written++}`
        await database.write((tx) =>
          tx
            .insertInto('project')
            .values({ name, owner_id: null, public: 1, ...at })
            .execute(),
        )
        expect((await database.read.selectFrom('project').selectAll().where('name', '=', name).execute()).length).toBe(
          1,
        )
      }
    })()
    for (let step = 0; step < 5; step++) {
      const before = written
      const up: Migration['up'] = async (tx) => {
        await sql.raw(`create table later_${step} (id bigint)`).execute(tx)
        await sql.raw(`alter table project add column later_${step} text`).execute(tx)
      }
      const added = Array.from({ length: step + 1 }, (_, index) => ({ name: `900${index}-adds`, up }))
      await migrate(database, { steps: [...migrations, ...added] })
      while (written < before + 3) await Bun.sleep(1)
    }
    running = false
    await old
  })

  test('deleting a repository takes all that is its own and leaves blobs and reviews', async () => {
    const database = await open()
    await database.write(fill)
    await database.write((tx) => tx.deleteFrom('repository').execute())
    expect(await counts(database)).toEqual({
      ...Object.fromEntries([...tables, ...contents].map((table) => [table, 0])),
      project_member: 1,
      blob: 1,
      link_review: 1,
    })
  })

  test('deleting an artifact takes its payload, its references and its tags', async () => {
    const database = await open()
    await database.write(fill)
    await database.write((tx) => tx.deleteFrom('artifact').where('digest', '=', 'index').execute())
    expect(await counts(database)).toMatchObject({
      artifact: 1,
      artifact_payload: 0,
      artifact_child: 0,
      tag: 0,
      artifact_blob: 1,
    })
  })

  const refused: [string, (tx: Writer) => Promise<unknown>][] = [
    ['a project with repositories', (tx) => tx.deleteFrom('project').execute()],
    ['an artifact that an index names', (tx) => tx.deleteFrom('artifact').where('digest', '=', 'child').execute()],
    ['a link that an artifact uses', (tx) => tx.deleteFrom('repository_blob').execute()],
    ['a blob that is linked', (tx) => tx.deleteFrom('blob').execute()],
  ]
  test.each(refused)('deleting %s is refused', async (_, work) => {
    const database = await open()
    await database.write(fill)
    const before = await counts(database)
    expect(isForeignKeyViolation(await database.write(work).catch((error) => error))).toBe(true)
    expect(await counts(database)).toEqual(before)
  })

  test('deleting a project without repositories takes its members', async () => {
    const database = await open()
    await database.write(fill)
    await database.write(async (tx) => {
      await tx.deleteFrom('repository').execute()
      await tx.deleteFrom('project').execute()
    })
    expect((await counts(database))['project_member']).toBe(0)
  })

  const twice: [string, (tx: Writer) => Promise<unknown>][] = [
    [
      'project of one name',
      (tx) =>
        tx
          .insertInto('project')
          .values({ name: 'p', owner_id: null, public: 0, ...at })
          .execute(),
    ],
    [
      'repository of one name',
      (tx) =>
        tx
          .insertInto('repository')
          .values({ project_id: 1, name: 'p/r', description: '', ...at })
          .execute(),
    ],
    [
      'tag of one name in a repository',
      (tx) =>
        tx
          .insertInto('tag')
          .values({ repository_id: 1, name: 't', artifact_id: 2, pushed_at: 1, pulled_at: null })
          .execute(),
    ],
    [
      'role of one user in a project',
      (tx) =>
        tx
          .insertInto('project_member')
          .values({ project_id: 1, entity_type: 'user', entity_id: 1, role_id: 2, created_at: 1 })
          .execute(),
    ],
  ]
  test.each(twice)('a second %s is refused', async (_, work) => {
    const database = await open()
    await database.write(fill)
    expect(isUniqueViolation(await database.write(work).catch((error) => error))).toBe(true)
  })

  test('a condemned blob knows since when, a live one has no such time', async () => {
    const database = await open()
    await database.write(fill)
    const condemn = (state: 'live' | 'condemned', condemned_at: number | null) =>
      database.write((tx) => tx.updateTable('blob').set({ state, condemned_at }).execute())
    await condemn('condemned', 5)
    expect(await condemn('condemned', null).catch((error) => error)).toBeInstanceOf(Error)
    expect(await condemn('live', 5).catch((error) => error)).toBeInstanceOf(Error)
    await condemn('live', null)
  })

  if (dialect === 'sqlite')
    test('a column refuses values of another type, as PostgreSQL does', async () => {
      const database = await open()
      const wrong = {
        name: 'p',
        owner_id: null,
        public: 1 as const,
        created_at: 'now' as unknown as number,
        updated_at: 1,
      }
      expect(
        await database.write((tx) => tx.insertInto('project').values(wrong).execute()).catch((error) => error),
      ).toBeInstanceOf(Error)
    })
})

describe('indexes', () => {
  // SQLite's planner says what it would do without any rows; PostgreSQL's would scan tables this small.
  const lookups: [string, string][] = [
    ['tag by name', 'select * from tag where repository_id = ? and name = ?'],
    [
      'tags of a repository, a page',
      'select name from tag where repository_id = ? and name > ? order by name limit 10',
    ],
    ['tags of an artifact', 'select name from tag where artifact_id = ?'],
    ['artifact by digest', 'select * from artifact where repository_id = ? and digest = ?'],
    [
      'referrers, a page',
      'select * from artifact where repository_id = ? and subject_digest = ? and digest > ? order by digest limit 10',
    ],
    ['users of a link', 'select artifact_id from artifact_blob where repository_id = ? and digest = ?'],
    ['parents of an artifact', 'select parent_id from artifact_child where child_id = ?'],
    ['repository by name', 'select id from repository where name = ?'],
    ['catalog, a page', 'select name from repository where name > ? order by name limit 10'],
    [
      'repositories of a project, a page',
      'select name from repository where project_id = ? and name > ? order by name limit 10',
    ],
    [
      'repositories of a project, the newest first',
      'select id from repository where project_id = ? order by created_at desc, id desc limit 10',
    ],
    [
      'all repositories, the newest first',
      'select id from repository where created_at <= ? order by created_at desc, id desc limit 10',
    ],
    [
      'artifacts of a repository, the newest first',
      'select id from artifact where repository_id = ? order by pushed_at desc, id desc limit 10',
    ],
    ['blob by digest', 'select * from blob where digest = ?'],
    [
      'condemned blobs, oldest first',
      `select digest from blob where state = ? and condemned_at <= ? order by condemned_at limit 10`,
    ],
    ['links of a blob', 'select repository_id from repository_blob where digest = ?'],
    ['due reviews, oldest first', 'select * from link_review where review_after <= ? order by review_after limit 10'],
    ['trash, oldest first', 'select * from blob_trash where trashed_at <= ? order by trashed_at limit 10'],
    ['expired uploads, oldest first', 'select id from upload where expires_at <= ? order by expires_at limit 10'],
    ['uploads of an actor', 'select id from upload where actor = ? limit 10'],
    ['old events', 'select id from event where occurred_at <= ? order by occurred_at limit 10'],
    ['memberships of a user', `select project_id from project_member where entity_type = ? and entity_id = ?`],
    [
      'role in a project',
      `select role_id from project_member where project_id = ? and entity_type = ? and entity_id = ?`,
    ],
  ]
  describeEachDatabase('plans', (open, dialect) => {
    if (dialect !== 'sqlite') return
    test.each(lookups)('%s: no scan of the table, no sorting', async (_, query) => {
      const database = await open()
      const values = query.split('?')
      const plan = sql<{ detail: string }>`explain query plan ${sql.join(
        values.flatMap((part, index) => (index === 0 ? [sql.raw(part)] : [sql`${1}`, sql.raw(part)])),
        sql.raw(''),
      )}`
      const details = (await plan.execute(database.read)).rows.map((row) => row.detail)
      expect(details.length).toBe(1)
      // `name > ?` of the catalog may only search; the others must.
      expect(details[0]).toMatch(/^SEARCH/)
    })
  })
})

describeEachDatabase('a database that a Harbor works with', (open, dialect) => {
  if (dialect === 'sqlite') return

  test('is refused with the way to move in, and left as it is', async () => {
    const database = await open({ empty: true })
    await database.write(async (tx) => {
      await sql`create table harbor_user (user_id serial primary key, username text)`.execute(tx)
      await sql`create table project (project_id serial primary key, name text)`.execute(tx)
    })
    const refused = await migrate(database).catch((error) => error)
    expect(refused).toBeInstanceOf(DatabaseIsHarbors)
    expect(refused.message).toContain('berth import harbor')
    expect(Object.keys(await actualColumns(database)).toSorted()).toEqual(['harbor_user', 'project'])
  })
})

import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { CompiledQuery, sql, type KyselyPlugin } from 'kysely'
import type { Database, Dialect } from '#server/database/database.ts'
import { migrate } from '#server/database/migrate.ts'
import { migrations } from '#server/database/migrations/index.ts'
import { describeEachDatabase, type OpenDatabase } from '#server-test/databases.ts'
import { Totals } from '../lists/totals.ts'
import { createProject, system, TestClock } from '#server-test/registry-for-test.ts'
import { pageArtifacts } from './artifact-list.ts'
import { search } from './search.ts'

const noParts = { tags: false, accessories: false, labels: false }

async function compose(open: OpenDatabase): Promise<Database> {
  const database = await open()
  await fillSmall(database)
  return database
}

/** Artifacts 1 to 6 of repository 1; the last has the one before it as its subject. */
async function fillSmall(database: Database): Promise<void> {
  await createProject(database, 'library', new TestClock())
  await database.write(async (tx) => {
    await sql`insert into repository (id, project_id, name, description, created_at, updated_at)
      select 1, max(id), 'library/app', '', 0, 0 from project`.execute(tx)
    for (let id = 1; id <= 6; id++) {
      const [digest, subject] = [`sha256:${id}`, id === 6 ? 'sha256:5' : null]
      await sql`insert into artifact (id, repository_id, digest, media_type, artifact_type, manifest_size, size,
        subject_digest, pushed_at) values (${id}, 1, ${digest}, 'm', 't', 1, 1, ${subject}, ${id})`.execute(tx)
    }
  })
}

/** What the lists of triggers say, and the same said once more, slowly. */
const slowly = sql<{ id: number; listed: number; wanted: number }>`select id,
    case when exists (select 1 from listed_artifact where id = artifact.id and repository_id = artifact.repository_id
      and pushed_at = artifact.pushed_at) then 1 else 0 end as listed, case when
    (exists (select 1 from tag where artifact_id = artifact.id)
      or not exists (select 1 from artifact_child where child_id = artifact.id))
    and not exists (select 1 from tag where artifact_id = artifact.id and (name like 'sha256-%.sig'
      or name like 'sha256-%.att' or name like 'sha256-%.sbom')) and subject_digest is null then 1 else 0 end as wanted
  from artifact order by id`

const id = fc.integer({ min: 1, max: 6 })
const name = fc.constantFrom('v1', 'v2', 'sha256-5.sig', 'sha256-5.sbom', 'sha256-5.other')
const step = fc.oneof(
  fc.tuple(fc.constant('name'), name, id),
  fc.tuple(fc.constant('unname'), name, id),
  fc.tuple(fc.constant('contain'), id, id),
  fc.tuple(fc.constant('empty'), id, id),
  fc.tuple(fc.constant('again'), id, id),
  fc.tuple(fc.constant('delete'), id, id),
)

describeEachDatabase('whether an artifact stands in lists', (open) => {
  test('is known whatever was named, contained and deleted, in whatever order', async () => {
    const database = await compose(open)
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        await inTransaction(database, async (run) => {
          for (const [kind, first, second] of steps) {
            if (kind === 'name')
              await run(sql`insert into tag (repository_id, name, artifact_id, pushed_at) select 1, ${first}, id, 0
                from artifact where id = ${second} on conflict (repository_id, name) do update set artifact_id = excluded.artifact_id`)
            if (kind === 'unname') await run(sql`delete from tag where name = ${first}`)
            if (kind === 'contain')
              await run(sql`insert into artifact_child (parent_id, child_id) select parent.id, child.id
                from artifact as parent, artifact as child where parent.id = ${first} and child.id = ${second}
                on conflict do nothing`)
            if (kind === 'empty') await run(sql`delete from artifact_child where parent_id = ${first}`)
            if (kind === 'again')
              await run(sql`update artifact set pushed_at = pushed_at + ${second} where id = ${first}`)
            if (kind === 'delete') {
              await run(sql`delete from artifact_child where child_id = ${first}`)
              await run(sql`delete from artifact where id = ${first}`)
            }
          }
          const rows = (await run(slowly)) as { id: number; listed: number; wanted: number }[]
          for (const row of rows) expect(row).toEqual({ ...row, listed: row.wanted })
        })
      }),
      { numRuns: 60 },
    )
  })

  test('is known for two transactions side by side, one that names it and one that contains it', async () => {
    const database = await compose(open)
    for (let round = 0; round < 20; round++) {
      await Promise.all([
        database.write(async (tx) =>
          sql`insert into tag (repository_id, name, artifact_id, pushed_at) values (1, 'v1', 1, 0)`.execute(tx),
        ),
        database.write(async (tx) => sql`insert into artifact_child (parent_id, child_id) values (2, 1)`.execute(tx)),
      ])
      const { rows } = await slowly.execute(database.read)
      for (const row of rows) expect(row).toEqual({ ...row, listed: row.wanted as 0 | 1 })
      await database.write(async (tx) => {
        await sql`delete from tag`.execute(tx)
        await sql`delete from artifact_child`.execute(tx)
      })
    }
  })
})

/** Undone at the end, so that each begins with the same six. */
async function inTransaction(
  database: Database,
  work: (run: (statement: ReturnType<typeof sql>) => Promise<unknown[]>) => Promise<void>,
): Promise<void> {
  const undone = new Error('undone')
  await database
    .write(async (tx) => {
      await work(async (statement) => (await statement.execute(tx)).rows)
      throw undone
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error
    })
}

/** A reader that keeps its queries, and their plans as the database has them now. */
function watched(database: Database, dialect: Dialect) {
  const queries: Parameters<KyselyPlugin['transformQuery']>[0][] = []
  const read = database.read.withPlugin({
    transformQuery: (query) => {
      queries.push(query)
      return query.node
    },
    transformResult: async ({ result }) => result,
  })
  const plans = async (): Promise<string> => {
    const explain = dialect === 'postgres' ? 'explain' : 'explain query plan'
    const lines: unknown[] = []
    for (const { node, queryId } of queries.splice(0)) {
      const { sql: text, parameters } = database.read.getExecutor().compileQuery(node, queryId)
      if (/^select\s+from/.test(text)) continue // compiled as the name of a total, and not executed
      lines.push(...(await database.read.executeQuery(CompiledQuery.raw(`${explain} ${text}`, [...parameters]))).rows)
    }
    return lines.map((line) => JSON.stringify(line)).join('\n')
  }
  return { services: { database: { read }, totals: new Totals({ clock: new TestClock() }) }, plans }
}

/** The numbers from 1, as a table of `n.value`. */
const numbers = (dialect: Dialect, most: number) =>
  dialect === 'postgres'
    ? sql.raw(`generate_series(1, ${most}) as n (value)`)
    : sql.raw(`(with recursive n (value) as (select 1 union all select value + 1 from n where value < ${most})
        select value from n) as n`)

/** By SQL; every third artifact is the index of the one before it, which has no name. */
async function openLarge(
  open: OpenDatabase,
  dialect: Dialect,
  size: { readonly artifacts: number; readonly repositories: number },
): Promise<Database> {
  const database = await open()
  await createProject(database, 'library', new TestClock())
  await database.write(async (tx) => {
    await sql`insert into repository (id, project_id, name, description, created_at, updated_at)
      select value, (select max(id) from project), 'library/team-' || value || '/app', '', value, value
      from ${numbers(dialect, size.repositories)}`.execute(tx)
    await sql`insert into artifact (id, repository_id, digest, media_type, artifact_type, manifest_size, size, pushed_at)
      select value, 1, 'sha256:' || value, 'm', 't', 1, 1, value from ${numbers(dialect, size.artifacts)}`.execute(tx)
    // Somewhere else, so that the planner does not think that the first repository is nearly everything.
    await sql`insert into artifact (id, repository_id, digest, media_type, artifact_type, manifest_size, size, pushed_at)
      select 1000000 + value, ${size.repositories}, 'sha256:' || value, 'm', 't', 1, 1, value
      from ${numbers(dialect, 4 * size.artifacts)}`.execute(tx)
    await sql`insert into artifact_child (parent_id, child_id) select value, value - 1
      from ${numbers(dialect, size.artifacts)} where value % 3 = 0`.execute(tx)
    await sql.raw('analyze').execute(tx)
  })
  return database
}

describeEachDatabase('a database of before', (open) => {
  test('has its artifacts and names looked at once, when it is migrated', async () => {
    const database = await open({ empty: true })
    const at = migrations.findIndex(({ name }) => name === '0042-listed-artifacts')
    await migrate(database, { clock: new TestClock(), steps: migrations.slice(0, at) })
    await fillSmall(database)
    await database.write(async (tx) => {
      await sql`insert into artifact_child (parent_id, child_id) values (2, 1), (2, 3)`.execute(tx)
      await sql`insert into tag (repository_id, name, artifact_id, pushed_at)
        values (1, 'v3', 3, 0), (1, 'sha256-1.sig', 4, 0), (1, 'v5', 5, 0)`.execute(tx)
    })
    await migrate(database, { clock: new TestClock() })
    const { rows } = await slowly.execute(database.read)
    expect(rows.map(({ listed }) => listed)).toEqual([0, 1, 1, 0, 1, 0])
    expect(rows.map(({ wanted }) => wanted)).toEqual([0, 1, 1, 0, 1, 0])
    const services = { database, totals: new Totals({ clock: new TestClock() }) }
    expect((await search(services, system, 'ary/app')).repositories).toHaveLength(1)
  })
})

describeEachDatabase('a list far back', (open, dialect) => {
  test('walks the index of what is listed, whose entries before the page are not looked at', async () => {
    const database = await openLarge(open, dialect, { artifacts: 15_000, repositories: 2 })
    const { services, plans } = watched(database, dialect)
    const listing = { limit: 10, offset: 5_000 }
    const { rows, total } = await pageArtifacts(services, { repositoryId: 1 }, listing, noParts)
    expect(rows.map(({ digest }) => String(digest)).slice(0, 2)).toEqual(['sha256:7500', 'sha256:7498'])
    expect(total).toBe(10_000)
    const seen = await plans()
    expect(seen).toMatch(/Index Only Scan Backward using listed_artifact_pkey|SEARCH artifact USING PRIMARY KEY/)
    expect(seen).not.toContain('tag')
  })
})

describeEachDatabase('a search', (open, dialect) => {
  test('finds a part of a name by the index of parts, whatever its case and however long', async () => {
    const database = await openLarge(open, dialect, { artifacts: 0, repositories: 5_500 })
    const { services, plans } = watched(database, dialect)
    const found = async (text: string) =>
      (await search(services, system, text)).repositories.map((repository) => repository.name)
    expect(await found('TEAM-4321')).toEqual(['library/team-4321/app'])
    const seen = await plans()
    expect(seen).toContain('repository_name_part')
    expect(seen).not.toMatch(/Seq Scan on repository\b|SCAN repository\b(?! USING)/)
    expect(await found('m-4321/app')).toEqual(['library/team-4321/app'])
    expect(await found('library/team-4321/app')).toEqual(['library/team-4321/app'])
    expect(await found('library/team-4321/apps')).toEqual([])
    expect(await found('team_4321')).toEqual([])
    expect(await found('%')).toEqual([])
    expect((await found('team')).length).toBe(1_000)
  })

  test('finds no name that is gone', async () => {
    const database = await compose(open)
    const services = { database, totals: new Totals({ clock: new TestClock() }) }
    expect((await search(services, system, 'rary/ap')).repositories).toHaveLength(1)
    await database.write(async (tx) => {
      await sql`delete from artifact`.execute(tx)
      await sql`delete from repository`.execute(tx)
    })
    expect((await search(services, system, 'rary/ap')).repositories).toHaveLength(0)
    expect((await sql`select 1 from repository_name_part`.execute(database.read)).rows).toHaveLength(0)
  })
})

import { afterAll, afterEach, describe, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { Database, Dialect } from '#server/database/database.ts'
import { migrate } from '#server/database/migrate.ts'
import { composePostgresDatabase } from '#server/database/postgres.ts'
import { composeSqliteDatabase } from '#server/database/sqlite.ts'

export interface OpenOptions {
  /** Leaves the database without tables. */
  readonly empty?: boolean
  readonly acquireTimeoutMs?: number
  /** PostgreSQL only. */
  readonly maxConnections?: number
}

/** A database of the test's own, migrated; closed and removed when the test ends. */
export type OpenDatabase = (options?: OpenOptions) => Promise<Database>

/** The address of a PostgreSQL server that the tests may create databases on; `npm test` starts one. */
const postgresUrl = process.env['BERTH_TEST_POSTGRES']

/** Runs the same suite of rules and queries on SQLite and on PostgreSQL. */
export function describeEachDatabase(name: string, suite: (open: OpenDatabase, dialect: Dialect) => void): void {
  describe(`${name} (sqlite)`, () => suite(openerOf(createSqlite), 'sqlite'))
  if (postgresUrl === undefined || postgresUrl === '') {
    test.skip(`${name} (postgres): NOT RUN, set BERTH_TEST_POSTGRES to the URL of a server`, () => {})
    return
  }
  describe(`${name} (postgres)`, () => {
    const server = new TestServer(postgresUrl)
    afterAll(() => server.remove())
    suite(
      openerOf((options) => createPostgres(server, options)),
      'postgres',
    )
  })
}

interface Created {
  readonly database: Database
  remove(): Promise<void>
}

type Create = (options: OpenOptions) => Promise<Created>

/** Call inside `describe`: what it opens goes with each test. */
function openerOf(create: Create): OpenDatabase {
  const opened: Created[] = []
  afterEach(async () => {
    for (const { database, remove } of opened.splice(0)) {
      await database[Symbol.asyncDispose]()
      await remove()
    }
  })
  return async (options = {}) => {
    const created = await create(options)
    opened.push(created)
    if (options.empty !== true) await migrate(created.database)
    return created.database
  }
}

const createSqlite: Create = async ({ acquireTimeoutMs }) => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-test-'))
  const file = join(folder, 'berth.db')
  return {
    database: composeSqliteDatabase({ file, ...(acquireTimeoutMs === undefined ? {} : { acquireTimeoutMs }) }),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

const createPostgres = async (server: TestServer, options: OpenOptions): Promise<Created> => {
  const { acquireTimeoutMs = 5000, maxConnections = 8, empty = false } = options
  const schema = await server.takeSchema(empty)
  return {
    database: composePostgresDatabase({ url: server.urlOf(schema), maxConnections, acquireTimeoutMs }),
    remove: () => server.giveBack(schema, empty),
  }
}

/**
 * One database for a suite, with a schema in it for each test. A migrated schema is emptied and used again,
 * which takes a tenth of the time of a new one.
 */
class TestServer {
  readonly #serverUrl: string
  readonly #name = `berth_test_${randomBytes(6).toString('hex')}`
  readonly #free: string[] = []
  #schemas = 0
  #client: Promise<pg.Client> | undefined

  constructor(serverUrl: string) {
    this.#serverUrl = serverUrl
  }

  urlOf(schema: string): string {
    const url = this.#databaseUrl()
    url.searchParams.set('options', `-c search_path=${schema}`)
    return url.href
  }

  async takeSchema(empty: boolean): Promise<string> {
    const free = empty ? undefined : this.#free.pop()
    if (free !== undefined) return free
    this.#client ??= this.#create()
    this.#schemas += 1
    const schema = `test_${this.#schemas}`
    await (await this.#client).query(`create schema ${schema}`)
    return schema
  }

  async giveBack(schema: string, empty: boolean): Promise<void> {
    if (empty || this.#client === undefined) return
    const client = await this.#client
    const { rows } = await client.query<{ name: string }>(
      `select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
       where table_schema = $1 and table_name <> 'schema_migration'`,
      [schema],
    )
    await client.query(`truncate ${rows.map((row) => row.name).join(', ')} restart identity`)
    this.#free.push(schema)
  }

  async remove(): Promise<void> {
    if (this.#client === undefined) return
    await (await this.#client).end()
    await onServer(this.#serverUrl, `drop database if exists ${this.#name} with (force)`)
  }

  async #create(): Promise<pg.Client> {
    await onServer(this.#serverUrl, `create database ${this.#name}`)
    const client = new pg.Client({ connectionString: this.#databaseUrl().href, lock_timeout: 2000 })
    await client.connect()
    return client
  }

  #databaseUrl(): URL {
    const url = new URL(this.#serverUrl)
    url.pathname = `/${this.#name}`
    return url
  }
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

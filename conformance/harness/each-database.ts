import { afterAll, beforeAll, describe } from 'bun:test'
import { SQL } from 'bun'
import { join } from 'node:path'
import { createPostgresDatabase, postgresMissing } from './postgres-database.ts'
import { skipLoudly } from './real-client.ts'
import type { StartOptions } from './registry.ts'
import { controlMissing, startControlledRegistry, type ControlledRegistry } from './scenario.ts'

/** Runs a statement behind the registry's back: what happened long ago cannot be made to happen now. */
export type Query = (statement: string) => Promise<readonly Record<string, unknown>[]>

interface EachDatabaseOptions extends StartOptions {
  /** PostgreSQL only in the long form: for what takes a minute on each. */
  readonly postgresInLongForm?: true
}

/** Runs `body` against a registry of its own on SQLite and another on PostgreSQL. Within hooks and tests only. */
export function describeOnEachDatabase(
  title: string,
  body: (registry: () => ControlledRegistry, query: Query) => void,
  { postgresInLongForm, ...options }: EachDatabaseOptions = {},
): void {
  if (controlMissing !== undefined) return skipLoudly(title, controlMissing)
  for (const dialect of ['SQLite', 'PostgreSQL'] as const) {
    const isLeftOut =
      postgresInLongForm && process.env['BERTH_TEST_LONG'] !== '1' ? 'it is part of the long form' : undefined
    const missing = dialect === 'PostgreSQL' ? (postgresMissing ?? isLeftOut) : undefined
    if (missing !== undefined) {
      skipLoudly(`${title} (${dialect})`, missing)
      continue
    }
    describe(`${title} (${dialect})`, () => {
      const owned = new AsyncDisposableStack()
      let running: ControlledRegistry | undefined
      let query: Query | undefined
      beforeAll(async () => {
        const database = dialect === 'SQLite' ? undefined : owned.use(await createPostgresDatabase())
        const env = { ...options.env, ...(database === undefined ? {} : { BERTH_DATABASE_URL: database.url }) }
        running = owned.use(await startControlledRegistry({ ...options, env }))
        query = owned.use(openQuery(database?.url ?? `sqlite://${join(running.control.dataFolder, 'berth.db')}`)).query
      }, 30_000)
      afterAll(() => owned.disposeAsync())
      const started = <T>(value: T | undefined): T => {
        if (value === undefined) throw new Error('the registry has not started')
        return value
      }
      body(
        () => started(running),
        (statement) => started(query)(statement),
      )
    })
  }
}

function openQuery(url: string): AsyncDisposable & { readonly query: Query } {
  const sql = new SQL(url)
  return {
    query: async (statement) => (await sql.unsafe(statement)) as Record<string, unknown>[],
    [Symbol.asyncDispose]: () => sql.close(),
  }
}

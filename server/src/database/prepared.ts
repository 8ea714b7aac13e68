import { createHash } from 'node:crypto'
import type { Compilable, CompiledQuery, Kysely } from 'kysely'
import type { Dialect, Reader } from './database.ts'
import type { Schema } from './schema/schema.ts'

/** Names a value that is given when the query runs. One scalar: a list of varying length cannot be prepared. */
export type Param<Params> = <Name extends keyof Params & string>(name: Name) => Params[Name]

/** One query's text for one dialect. */
export interface PreparedStatement {
  /** Names it on a PostgreSQL connection: the same text always has the same name. */
  readonly name: string
  readonly sql: string
}

/** Executes prepared statements on the connection behind a Reader or a Writer. */
export interface PreparedRunner {
  readonly dialect: Dialect
  rows(statement: PreparedStatement, values: readonly unknown[]): Promise<readonly unknown[]>
  firstRow(statement: PreparedStatement, values: readonly unknown[]): Promise<unknown>
  /** Number of rows inserted, updated or deleted. */
  run(statement: PreparedStatement, values: readonly unknown[]): Promise<number>
}

const runners = new WeakMap<Kysely<Schema>, PreparedRunner>()

/** Called by the databases for every Reader and Writer they hand out. */
export const setPreparedRunner = (db: Kysely<Schema>, runner: PreparedRunner): void => void runners.set(db, runner)

export interface PreparedQuery<Params, Row> {
  all(db: Reader, params: Params): Promise<Row[]>
  /** The first row or undefined. The query itself says `limit 1` where more than one could match. */
  first(db: Reader, params: Params): Promise<Row | undefined>
  /** For a statement that changes rows and returns none: how many it changed. */
  run(db: Reader, params: Params): Promise<number>
}

/**
 * A query built once per dialect and then executed without building: for the paths every request takes.
 *
 *     const findTag = preparedQuery((db, param: Param<{ repositoryId: number; name: string }>) =>
 *       db.selectFrom('tag').select('artifact_id')
 *         .where('repository_id', '=', param('repositoryId')).where('name', '=', param('name')))
 *     const tag = await findTag.first(database.read, { repositoryId, name })
 */
export function preparedQuery<Params extends object, Row>(
  build: (db: Reader, param: Param<Params>, dialect: Dialect) => Compilable<Row>,
): PreparedQuery<Params, Row> {
  const compiled: Partial<Record<Dialect, CompiledPrepared>> = {}

  const bind = (db: Reader, params: Params) => {
    const runner = runners.get(db)
    if (runner === undefined) throw new TypeError('a prepared query runs on a Reader or Writer as the Database gave it')
    const query = (compiled[runner.dialect] ??= compile(
      build(db, placeholder as Param<Params>, runner.dialect).compile(),
    ))
    const values = query.values.map((value) =>
      value instanceof Placeholder ? given(params[value.name as keyof Params], value.name) : value,
    )
    return { runner, statement: query.statement, values }
  }

  return {
    async all(db, params) {
      const { runner, statement, values } = bind(db, params)
      return (await runner.rows(statement, values)) as Row[]
    },
    async first(db, params) {
      const { runner, statement, values } = bind(db, params)
      return (await runner.firstRow(statement, values)) as Row | undefined
    },
    async run(db, params) {
      const { runner, statement, values } = bind(db, params)
      return runner.run(statement, values)
    },
  }
}

interface CompiledPrepared {
  readonly statement: PreparedStatement
  readonly values: readonly unknown[]
}

class Placeholder {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

const placeholder = (name: string): unknown => new Placeholder(name)

function compile(query: CompiledQuery): CompiledPrepared {
  // From the text, so that processes behind one connection pooler mean the same by it.
  const name = `berth_${createHash('sha256').update(query.sql).digest('hex').slice(0, 24)}`
  return { statement: { name, sql: query.sql }, values: query.parameters }
}

function given(value: unknown, name: string): unknown {
  if (value === undefined)
    throw new TypeError(`the prepared query needs a value for ${name} (null where none is meant)`)
  return value
}

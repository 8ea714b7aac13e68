import { existsSync } from 'node:fs'
import { sql } from 'kysely'
import { absenceOf, composeDatabase, hasDatabaseFile } from '#server/compose/database.ts'
import type { Config } from '#server/config/config.ts'
import { DatabaseCorrupt, type Database } from '#server/database/database.ts'
import { migrations } from '#server/database/migrations/index.ts'
import { DatabaseLost, isBlank } from '#server/domain/verification/lost-database.ts'
import { withoutCredentials } from '#server/logging.ts'
import { judgeSkew } from './check-clock.ts'
import { checkContents } from './check-contents.ts'
import { good, problem, skipped, warning, type Finding } from './finding.ts'

/** Oldest PostgreSQL that the suites run on. */
const oldestPostgres = 13

/** Can the database be reached, does it hold what this version expects, and does its clock agree with ours. */
export async function checkDatabase(config: Config, now: () => number): Promise<Finding[]> {
  const { database: settings } = config
  if (settings.kind === 'sqlite' && !hasDatabaseFile(config)) return [await judgeAbsence(config, settings.file)]
  let database: Database | undefined
  try {
    database = composeDatabase(config, { existing: true })
    const version = await versionOf(database)
    const skew =
      database.dialect === 'postgres' ? [judgeSkew('clock of PostgreSQL', await timeOf(database), now())] : []
    return [
      judgeVersion(database, version),
      await judgeMigrations(database),
      ...judgePages(await database.checkPages()),
      ...(await judgeLoss(config, database)),
      ...(await judgeContents(config, database, now)),
      ...skew,
    ]
  } catch (error) {
    return [explain(settings, error)]
  } finally {
    await database?.[Symbol.asyncDispose]()
  }
}

async function judgeAbsence(config: Config, file: string): Promise<Finding> {
  const state = existsSync(file) ? 'is empty' : 'does not exist yet'
  try {
    const absence = await absenceOf(config)
    if (absence instanceof DatabaseLost) return judgedLost(absence)
  } catch (error) {
    return warning('database', `${file} ${state}, and the store cannot be asked for blobs: ${messagesOf(error)}`)
  }
  return good('database', `${file} ${state}: the first start creates it`)
}

function judgePages(found: readonly string[]): Finding[] {
  if (found.length === 0) return []
  return [problem('database', `pages are damaged: ${found.join('; ')}`, restoreRemedy)]
}

const restoreRemedy = [
  'stop the registry and keep the file; then restore the newest backup into an empty place: berth restore --from <place of the backups> --data <new folder>',
  'a disk that loses pages loses more: dmesg, smartctl -a',
]

/** A database that knows of nothing beside a store that has something. */
async function judgeLoss(config: Config, database: Database): Promise<Finding[]> {
  if (!(await isBlank(database))) return []
  const absence = await absenceOf(config)
  return absence instanceof DatabaseLost ? [judgedLost(absence)] : []
}

const judgedLost = ({ message }: DatabaseLost): Finding =>
  problem('database', message, [
    'put the database back where it was (a volume that is not mounted? another data_folder?), or restore a backup into an empty place: berth restore --from <place of the backups> --data <new folder>',
    'berth serve does not start on it, so that nothing is deleted; for a new registry beside these blobs: berth serve --new',
  ])

/** Only where the schema is the one that this version knows. */
async function judgeContents(config: Config, database: Database, now: () => number): Promise<Finding[]> {
  const applied = await appliedMigrations(database)
  if (migrations.some(({ name }) => !applied.includes(name)))
    return ['uploads', 'password of admin', 'clock and data', 'outer key of the secrets'].map((subject) =>
      skipped(subject, 'not looked at: the schema is another one than this version has'),
    )
  return await checkContents(database, now, config)
}

async function versionOf(database: Database): Promise<string> {
  const query =
    database.dialect === 'postgres'
      ? sql<{ version: string }>`show server_version`
      : sql<{ version: string }>`select sqlite_version() as version`
  const [row] = (await query.execute(database.read)).rows
  return Object.values(row ?? {}).map(String)[0] ?? 'unknown'
}

async function timeOf(database: Database): Promise<number> {
  const { rows } = await sql<{
    ms: number | string
  }>`select (extract(epoch from clock_timestamp()) * 1000)::bigint as ms`.execute(database.read)
  return Number(rows[0]?.ms)
}

function judgeVersion(database: Database, version: string): Finding {
  if (database.dialect === 'postgres' && Number.parseInt(version, 10) < oldestPostgres) {
    return warning('database', `PostgreSQL ${version} is older than ${oldestPostgres}, the oldest that is tested`, [
      'plan an upgrade of the server',
    ])
  }
  return good('database', `${database.dialect === 'postgres' ? 'PostgreSQL' : 'SQLite'} ${version} answers`)
}

async function judgeMigrations(database: Database): Promise<Finding> {
  const subject = 'schema'
  const applied = await appliedMigrations(database)
  const known = migrations.map(({ name }) => name)
  const unknown = applied.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    return problem(subject, `was brought forward by a newer version of Berth (${unknown.join(', ')})`, [
      'run that version or a newer one, or restore the backup from before',
    ])
  }
  const pending = known.filter((name) => !applied.includes(name))
  if (applied.length === 0) return good(subject, 'is empty: the first start creates it')
  if (pending.length > 0) return good(subject, `the next start brings it forward: ${pending.join(', ')}`)
  return good(subject, `is at ${known.at(-1)}`)
}

async function appliedMigrations(database: Database): Promise<string[]> {
  const exists =
    database.dialect === 'postgres'
      ? sql`select 1 from information_schema.tables where table_name = 'schema_migration' and table_schema = any(current_schemas(false))`
      : sql`select 1 from sqlite_master where type = 'table' and name = 'schema_migration'`
  if ((await exists.execute(database.read)).rows.length === 0) return []
  const { rows } = await sql<{ name: string }>`select name from schema_migration order by name`.execute(database.read)
  return rows.map(({ name }) => name)
}

function explain(settings: Config['database'], error: unknown): Finding {
  const message = withoutCredentials(messagesOf(error))
  if (settings.kind === 'sqlite') {
    return problem('database', `${settings.file} cannot be used: ${message}`, [
      'is it readable for this user, and not held by another program? ls -l',
      ...(error instanceof DatabaseCorrupt ? restoreRemedy : []),
    ])
  }
  const { hostname, port } = new URL(settings.url)
  const address = `${hostname}:${port || 5432}`
  const advice = /ECONNREFUSED|connect/i.test(message)
    ? [`does PostgreSQL listen there? pg_isready -h ${hostname} -p ${port || 5432}`]
    : /password|authentication|role/i.test(message)
      ? ['check user and password in database.url, and pg_hba.conf on the server']
      : /does not exist/i.test(message)
        ? ['create it: createdb -O <user> <database>']
        : []
  return problem('database', `PostgreSQL at ${address} cannot be used: ${message}`, advice)
}

function messagesOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = (error as NodeJS.ErrnoException).code
  const own = [error.message, code !== undefined && !error.message.includes(code) ? `(${code})` : '']
    .filter(Boolean)
    .join(' ')
  return error.cause === undefined ? own : `${own}: ${messagesOf(error.cause)}`
}

import { sql, type RawBuilder, type SqlBool } from 'kysely'
import type { Database, Reader } from '../../database/database.ts'
import { isSystemAdministrator, type Actor } from '../access/actor.ts'
import { DomainError } from '../errors.ts'
import { containing } from '../lists/listing.ts'
import { listProjectDetails, type ProjectDetails } from '../projects/project-list.ts'
import { listedTo, visibleTo } from '../projects/project-visibility.ts'
import { totalLogicalBytes } from '../quotas/project-usage.ts'
import type { StorageUsage } from '../content/storage-usage.ts'
import type { ListServices } from '../lists/totals.ts'
import { countArtifacts } from './artifact-count.ts'

export interface FoundRepository {
  readonly name: string
  readonly projectId: number
  readonly projectName: string
  readonly projectPublic: boolean
  readonly pullCount: number
  readonly artifactCount: number
}

/** As many names with the text are read by the index of their parts; beyond that, walking through names finds enough soon. */
const maxByParts = 5_000
/** Of a part of a name (migration 0042). */
const partLength = 16

/** Of each kind; whoever finds more than that asks for a longer text. */
const maxFound = 1_000

/** Projects and repositories whose name contains the text, among those that the actor may see. */
export async function search(
  { database, totals }: ListServices,
  actor: Actor,
  text: string,
): Promise<{ projects: readonly ProjectDetails[]; repositories: readonly FoundRepository[] }> {
  const projects = await listProjectDetails(database, actor, { name: text }, { limit: maxFound, offset: 0 })
  const rows = await database.read
    .selectFrom('repository')
    .innerJoin('project', 'project.id', 'repository.project_id')
    .select([
      'repository.id',
      'repository.name',
      'repository.project_id',
      'repository.pull_count',
      'project.name as project_name',
      'project.public',
    ])
    .where(visibleTo(actor, 'repository:list'))
    .where(await nameCondition(database.read, text))
    .orderBy('repository.name')
    .limit(maxFound)
    .execute()
  const counts = await countArtifacts(
    { database, totals },
    rows.map(({ id }) => id),
  )
  const repositories = rows.map((row) => ({
    name: row.name,
    projectId: row.project_id,
    projectName: row.project_name,
    projectPublic: row.public === 1,
    pullCount: row.pull_count,
    artifactCount: counts.get(row.id) ?? 0,
  }))
  return { projects: projects.rows, repositories }
}

/** That the text stands in the name of a repository, whatever the case of its letters. */
async function nameCondition(reader: Reader, text: string): Promise<RawBuilder<SqlBool>> {
  const contains = containing('repository.name', text)
  const part = text.toLowerCase().slice(0, partLength)
  if (part === '') return contains
  // Names are of ASCII, so the text with a character behind them all is the end of what begins with it.
  const parts = reader
    .selectFrom('repository_name_part')
    .select('repository_id')
    .where('part', '>=', part)
    .where('part', '<', `${part}\u{10ffff}`)
  const { found } = await reader
    .selectFrom(parts.limit(maxByParts + 1).as('some'))
    .select((eb) => eb.fn.countAll<number | string>().as('found'))
    .executeTakeFirstOrThrow()
  return Number(found) > maxByParts ? contains : sql<SqlBool>`(repository.id in (${parts}) and ${contains})`
}

export interface Statistics {
  readonly publicProjects: number
  readonly publicRepositories: number
  /** Of the actor; of everybody for a system administrator. */
  readonly privateProjects: number
  readonly privateRepositories: number
  /** For system administrators. */
  readonly storageBytes: number | undefined
  /** For system administrators: sizes of all artifacts, whatever they share. */
  readonly logicalBytes: number | undefined
}

/** @throws DomainError UNAUTHENTICATED */
export async function getStatistics(
  database: Pick<Database, 'read'>,
  usage: StorageUsage,
  actor: Actor,
): Promise<Statistics> {
  if (actor.kind === 'anonymous') throw new DomainError('UNAUTHENTICATED', 'unauthorized')
  const projects = await database.read
    .selectFrom('project')
    .select((eb) => ['public', eb.fn.countAll<number | string>().as('count')])
    .where(listedTo(actor))
    .groupBy('public')
    .execute()
  const repositories = await database.read
    .selectFrom('repository')
    .innerJoin('project', 'project.id', 'repository.project_id')
    .select((eb) => ['project.public', eb.fn.countAll<number | string>().as('count')])
    .where(visibleTo(actor, 'repository:list'))
    .groupBy('project.public')
    .execute()
  const of = (rows: readonly { public: number; count: number | string }[], isPublic: number) =>
    Number(rows.find((row) => row.public === isPublic)?.count ?? 0)
  return {
    publicProjects: of(projects, 1),
    publicRepositories: of(repositories, 1),
    privateProjects: of(projects, 0),
    privateRepositories: of(repositories, 0),
    storageBytes: isSystemAdministrator(actor) ? await usage.totalBytes() : undefined,
    logicalBytes: isSystemAdministrator(actor) ? await totalLogicalBytes(database.read) : undefined,
  }
}

import type { RepositoryName } from '#contract/repository-name.ts'
import { sql } from 'kysely'
import type { Database, Reader } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import { matching, ordering, type Listed, type Listing, type ListColumns } from '../lists/listing.ts'
import { repositoryUnknown, setDescription } from '../projects/repositories.ts'
import { visibleTo } from '../projects/project-visibility.ts'
import type { ListServices } from '../lists/totals.ts'
import { countArtifacts } from './artifact-count.ts'

/** What one sees of a repository in a list. */
export interface RepositoryDetails {
  readonly id: number
  readonly projectId: number
  readonly name: string
  readonly description: string
  readonly artifactCount: number
  readonly pullCount: number
  readonly createdAt: number
  readonly updatedAt: number
}

const columns: ListColumns = {
  repository_id: { ref: 'repository.id', type: 'number' },
  id: { ref: 'repository.id', type: 'number' },
  project_id: { ref: 'repository.project_id', type: 'number' },
  name: { ref: 'repository.name', type: 'text' },
  description: { ref: 'repository.description', type: 'text' },
  pull_count: { ref: 'repository.pull_count', type: 'number' },
  creation_time: { ref: 'repository.created_at', type: 'time' },
  update_time: { ref: 'repository.updated_at', type: 'time' },
}

const newestFirst = [
  { key: 'creation_time', descending: true },
  { key: 'id', descending: true },
]

/**
 * Repositories of one project, or of every project in which the actor may list them. One into which nothing was pushed yet but
 * parts of an upload is none. The number of queries does not depend on how many there are.
 */
export async function pageRepositories(
  { database, totals }: ListServices,
  of: { readonly projectId: number } | { readonly visibleTo: Actor },
  { conditions, sort, limit, offset }: Listing,
): Promise<Listed<RepositoryDetails>> {
  let matched = selectFilled(database.read)
  matched =
    'projectId' in of
      ? matched.where('project_id', '=', of.projectId)
      : matched.where(visibleTo(of.visibleTo, 'repository:list'))
  for (const condition of matching(columns, conditions)) matched = matched.where(condition)
  let page = matched.select(listColumns).limit(limit).offset(offset)
  for (const { ref, direction } of ordering(columns, sort, newestFirst)) page = page.orderBy(ref, direction)
  const rows = await page.execute()
  const counts = await countArtifacts(
    { database, totals },
    rows.map(({ id }) => id),
  )
  const total = await totals.totalOf(database.read, matched, { rows: rows.length, limit, offset })
  return { rows: rows.map((row) => detailsOf(row, counts.get(row.id) ?? 0)), total }
}

/** @throws DomainError REPOSITORY_UNKNOWN */
export async function getRepository(
  { database, totals }: ListServices,
  projectId: number,
  name: RepositoryName,
): Promise<RepositoryDetails> {
  const row = await selectFilled(database.read)
    .select(detailColumns)
    .where('repository.name', '=', name)
    .where('repository.project_id', '=', projectId)
    .executeTakeFirst()
  if (row === undefined) throw repositoryUnknown(name)
  return detailsOf(row, (await countArtifacts({ database, totals }, [row.id])).get(row.id) ?? 0)
}

/** Sets what people read about the repository. @throws DomainError REPOSITORY_UNKNOWN */
export async function describeRepository(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  { projectId, name }: { readonly projectId: number; readonly name: RepositoryName },
  description: string,
): Promise<void> {
  await database.write(async (tx) => {
    const found = await setDescription(tx, { projectId, name }, description, clock.now())
    if (!found) throw repositoryUnknown(name)
  })
}

function selectFilled(reader: Reader) {
  return reader
    .selectFrom('repository')
    .innerJoin('project', 'project.id', 'repository.project_id')
    .where((eb) =>
      eb.exists(
        eb.selectFrom('artifact').select('artifact.id').whereRef('artifact.repository_id', '=', 'repository.id'),
      ),
    )
}

/** Of descriptions, which have pages of text, a list has the beginning. */
const maxDescriptionInList = 4_096

const detailColumns = [
  'repository.id',
  'repository.project_id',
  'repository.name',
  'repository.description',
  'repository.pull_count',
  'repository.created_at',
  'repository.updated_at',
] as const

const listColumns = [
  ...detailColumns.filter((column) => column !== 'repository.description'),
  sql<string>`substr(repository.description, 1, ${sql.lit(maxDescriptionInList)})`.as('description'),
] as const

interface DetailRow {
  readonly id: number
  readonly project_id: number
  readonly name: string
  readonly description: string
  readonly pull_count: number
  readonly created_at: number
  readonly updated_at: number
}

function detailsOf(row: DetailRow, artifactCount: number): RepositoryDetails {
  return {
    id: row.id,
    projectId: row.project_id,
    name: row.name,
    description: row.description,
    artifactCount,
    pullCount: row.pull_count,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

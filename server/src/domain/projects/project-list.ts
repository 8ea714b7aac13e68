import type { Database, Reader } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import { containing, matching, ordering, type Listed, type Listing, type ListColumns } from '../lists/listing.ts'
import { readCveAllowlists, type CveAllowlist } from './cve-allowlist.ts'
import { findProjectAccesses } from './project-access.ts'
import { readMetadata, type ProjectMetadata } from './project-metadata.ts'
import { listedTo } from './project-visibility.ts'

/** Everything one sees of a project in a list. */
export interface ProjectDetails {
  readonly id: number
  readonly name: string
  readonly public: boolean
  readonly ownerId: number | undefined
  readonly ownerName: string | undefined
  /** The remote registry that it is a cache of. */
  readonly registryId: number | undefined
  /** The reader's roles in it, their own first. */
  readonly roleIds: readonly number[]
  readonly repositoryCount: number
  readonly metadata: ProjectMetadata
  readonly cveAllowlist: CveAllowlist | undefined
  readonly createdAt: number
  readonly updatedAt: number
}

export interface ProjectFilter {
  /** Part of the name, whatever its case. */
  readonly name?: string | undefined
  readonly owner?: string | undefined
  readonly public?: boolean | undefined
}

const columns: ListColumns = {
  project_id: { ref: 'project.id', type: 'number' },
  name: { ref: 'project.name', type: 'text' },
  public: { ref: 'project.public', type: 'flag' },
  owner_id: { ref: 'project.owner_id', type: 'number' },
  registry_id: { ref: 'project.registry_id', type: 'number' },
  owner: { ref: 'owner.username', type: 'text' },
  creation_time: { ref: 'project.created_at', type: 'time' },
  update_time: { ref: 'project.updated_at', type: 'time' },
}

/** The projects that the actor may see. The number of queries does not depend on how many there are. */
export async function listProjectDetails(
  database: Pick<Database, 'read'>,
  actor: Actor,
  filter: ProjectFilter,
  { conditions, sort, limit, offset }: Listing,
): Promise<Listed<ProjectDetails>> {
  let matched = database.read
    .selectFrom('project')
    .leftJoin('user_account as owner', 'owner.id', 'project.owner_id')
    .where(listedTo(actor))
  for (const condition of matching(columns, conditions)) matched = matched.where(condition)
  if (filter.name !== undefined) matched = matched.where(containing('project.name', filter.name))
  if (filter.owner !== undefined) matched = matched.where('owner.username', '=', filter.owner)
  if (filter.public !== undefined) matched = matched.where('project.public', '=', filter.public ? 1 : 0)

  const { total } = await matched
    .select((eb) => eb.fn.countAll<number | string>().as('total'))
    .executeTakeFirstOrThrow()
  if (Number(total) === 0) return { rows: [], total: 0 }
  let page = matched
  for (const { ref, direction } of ordering(columns, sort, [{ key: 'name', descending: false }])) {
    page = page.orderBy(ref, direction)
  }
  const ids = await page.select('project.id').orderBy('project.id').limit(limit).offset(offset).execute()
  const details = await readProjectDetails(
    database.read,
    actor,
    ids.map(({ id }) => id),
  )
  return { rows: details, total: Number(total) }
}

/** In the order of `ids`; without those that are gone. */
export async function readProjectDetails(
  reader: Reader,
  actor: Actor,
  ids: readonly number[],
): Promise<ProjectDetails[]> {
  if (ids.length === 0) return []
  const rows = await reader
    .selectFrom('project')
    .leftJoin('user_account as owner', 'owner.id', 'project.owner_id')
    .selectAll('project')
    .select('owner.username as owner_name')
    .where('project.id', 'in', ids)
    .execute()
  const accesses = await findProjectAccesses(
    { read: reader },
    actor,
    rows.map(({ name }) => name),
  )
  const counts = await reader
    .selectFrom('repository')
    .select((eb) => ['project_id', eb.fn.countAll<number | string>().as('count')])
    .where('project_id', 'in', ids)
    .groupBy('project_id')
    .execute()
  const repositories = new Map(counts.map((row) => [row.project_id, Number(row.count)]))
  const metadata = await readMetadata(reader, ids)
  const allowlists = await readCveAllowlists(reader, ids)
  const details = new Map(
    rows.map((row): [number, ProjectDetails] => [
      row.id,
      {
        id: row.id,
        name: row.name,
        public: row.public === 1,
        ownerId: row.owner_id ?? undefined,
        ownerName: row.owner_name ?? undefined,
        registryId: row.registry_id ?? undefined,
        roleIds: accesses.get(row.name)?.roleIds ?? [],
        repositoryCount: repositories.get(row.id) ?? 0,
        metadata: metadata.get(row.id) ?? {},
        cveAllowlist: allowlists.get(row.id),
        createdAt: row.created_at,
        updatedAt: row.updated_at,
      },
    ]),
  )
  return ids.map((id) => details.get(id)).filter((found) => found !== undefined)
}

import { sql } from 'kysely'
import type { Database } from '../../database/database.ts'

/** Projects that have metrics of their own; more would make series without end. */
const maxProjects = 1_000

export interface ProjectMeasures {
  readonly name: string
  readonly public: boolean
  /** -1: no limit. */
  readonly quotaBytes: number
  readonly usedBytes: number
  readonly repositories: number
  readonly artifacts: number
  readonly pulls: number
  /** People, without groups. */
  readonly members: number
}

/** The numbers of each project, of the first thousand by name. */
export async function measureProjects({ read }: Pick<Database, 'read'>): Promise<ProjectMeasures[]> {
  const rows = await read
    .selectFrom('project')
    .leftJoin('quota', 'quota.project_id', 'project.id')
    .select((eb) => [
      'project.name',
      'project.public',
      'quota.hard_bytes',
      eb
        .selectFrom('project_usage')
        .select((of) => of.fn.sum<number | string | null>('bytes').as('sum'))
        .whereRef('project_usage.project_id', '=', 'project.id')
        .as('used'),
      eb
        .selectFrom('repository')
        .select((of) => of.fn.countAll<number | string>().as('count'))
        .whereRef('repository.project_id', '=', 'project.id')
        .as('repositories'),
      eb
        .selectFrom('repository')
        .select((of) => of.fn.sum<number | string | null>('pull_count').as('sum'))
        .whereRef('repository.project_id', '=', 'project.id')
        .as('pulls'),
      eb
        .selectFrom('artifact')
        .innerJoin('repository', 'repository.id', 'artifact.repository_id')
        .select((of) => of.fn.countAll<number | string>().as('count'))
        .whereRef('repository.project_id', '=', 'project.id')
        .as('artifacts'),
      eb
        .selectFrom('project_member')
        .select((of) => of.fn.countAll<number | string>().as('count'))
        .whereRef('project_member.project_id', '=', 'project.id')
        .where('project_member.entity_type', '=', sql.lit('user') as never)
        .as('members'),
    ])
    .orderBy('project.name')
    .limit(maxProjects)
    .execute()
  return rows.map((row) => ({
    name: row.name,
    public: Boolean(row.public),
    quotaBytes: Number(row.hard_bytes ?? -1),
    usedBytes: Number(row.used ?? 0),
    repositories: Number(row.repositories ?? 0),
    artifacts: Number(row.artifacts ?? 0),
    pulls: Number(row.pulls ?? 0),
    members: Number(row.members ?? 0),
  }))
}

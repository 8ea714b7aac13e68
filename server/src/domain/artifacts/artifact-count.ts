import { sql } from 'kysely'
import type { ListServices } from '../lists/totals.ts'

/**
 * How many artifacts the list of each repository has: without those that only belong to an index or to another artifact,
 * as in Harbor. One query, and a second one where some are large.
 */
export async function countArtifacts(
  { database, totals }: ListServices,
  repositoryIds: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  return await totals.ofEach('artifacts of repository', repositoryIds, async (ids, max) => {
    const counted = sql<number | string>`(select count(*) from (
      select 1 from listed_artifact where listed_artifact.repository_id = repository.id
      limit ${sql.lit(max)}) as listed)`
    const rows = await database.read
      .selectFrom('repository')
      .select(['repository.id', counted.as('count')])
      .where('repository.id', 'in', ids)
      .execute()
    return new Map(rows.map((row) => [row.id, Number(row.count)]))
  })
}

import type { Database } from '../../database/database.ts'

/**
 * One page of all repositories that hold at least one artifact, in byte order, behind `last`. The caller has
 * checked that the actor may see the catalog: it names every project.
 */
export async function listCatalog(
  database: Database,
  page: { size: number; last: string | undefined },
): Promise<{ repositories: readonly string[]; next: string | undefined }> {
  if (page.size === 0) return { repositories: [], next: undefined }
  let query = database.read
    .selectFrom('repository')
    .select('name')
    .where((eb) =>
      eb.exists(
        eb.selectFrom('artifact').select('artifact.id').whereRef('artifact.repository_id', '=', 'repository.id'),
      ),
    )
    .orderBy('name')
    .limit(page.size + 1)
  if (page.last !== undefined) query = query.where('name', '>', page.last)
  const rows = await query.execute()
  const repositories = rows.slice(0, page.size).map((row) => row.name)
  return { repositories, next: rows.length > page.size ? repositories.at(-1) : undefined }
}

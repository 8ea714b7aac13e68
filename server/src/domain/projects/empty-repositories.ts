import type { Writer } from '../../database/database.ts'
import { reviewLinksOf } from './review-links.ts'

/**
 * Deletes the repositories of a project that hold nothing and have no upload: a push began and was given up, and no
 * list shows them. Garbage collection is asked to look at what they link.
 */
export async function deleteEmptyRepositories(tx: Writer, projectId: number, now: number): Promise<void> {
  const empty = tx
    .selectFrom('repository')
    .select('repository.id')
    .where('project_id', '=', projectId)
    .where((eb) =>
      eb.not(eb.exists(eb.selectFrom('artifact').select('id').whereRef('repository_id', '=', 'repository.id'))),
    )
    .where((eb) =>
      eb.not(eb.exists(eb.selectFrom('upload').select('id').whereRef('repository_id', '=', 'repository.id'))),
    )
  await reviewLinksOf(tx, empty, now)
  await tx.deleteFrom('repository').where('id', 'in', empty).execute()
}

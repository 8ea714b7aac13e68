import type { Writer } from '../../database/database.ts'

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
  await tx
    .insertInto('link_review')
    .columns(['repository_id', 'digest', 'review_after'])
    .expression((eb) =>
      eb
        .selectFrom('repository_blob')
        .select((select) => ['repository_id', 'digest', select.val(now).as('review_after')])
        .where('repository_id', 'in', empty),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['repository_id', 'digest'])
        .doUpdateSet((eb) => ({ review_after: eb.ref('excluded.review_after') })),
    )
    .execute()
  await tx.deleteFrom('repository').where('id', 'in', empty).execute()
}

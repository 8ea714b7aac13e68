import type { SelectQueryBuilder } from 'kysely'
import type { Writer } from '../../database/database.ts'
import type { Schema } from '../../database/schema/schema.ts'

/** Queues a second look at every link of the repositories: nothing holds them any more. */
export async function reviewLinksOf(
  tx: Writer,
  repositories: readonly number[] | SelectQueryBuilder<Schema, 'repository', { id: number }>,
  now: number,
): Promise<void> {
  await tx
    .insertInto('link_review')
    .columns(['repository_id', 'digest', 'review_after'])
    .expression((eb) =>
      eb
        .selectFrom('repository_blob')
        .select((select) => ['repository_id', 'digest', select.val(now).as('review_after')])
        .where('repository_id', 'in', repositories),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['repository_id', 'digest'])
        .doUpdateSet((eb) => ({ review_after: eb.ref('excluded.review_after') })),
    )
    .execute()
}

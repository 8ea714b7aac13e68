import type { Writer } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import { batches } from '../lists/batches.ts'

interface Stored {
  readonly repositoryId: number
  readonly id: number
  readonly digest: string
}

/** Notes down the children that an index names and its repository does not have. */
export async function noteAbsentChildren(
  tx: Writer,
  { repositoryId, id }: Pick<Stored, 'repositoryId' | 'id'>,
  digests: readonly string[],
): Promise<void> {
  for (const batch of batches(digests)) {
    const rows = batch.map((digest) => ({ parent_id: id, repository_id: repositoryId, digest }))
    await tx.insertInto('absent_child').values(rows).execute()
  }
}

/** Pairs of a sparse index and the child that it lacked and that is here by now. */
const findArrived = preparedQuery<Stored, { parentId: number; childId: number; digest: string }>((db, param) =>
  db
    .selectFrom('absent_child')
    .innerJoin('artifact', (join) =>
      join
        .onRef('artifact.repository_id', '=', 'absent_child.repository_id')
        .onRef('artifact.digest', '=', 'absent_child.digest'),
    )
    .select(['absent_child.parent_id as parentId', 'artifact.id as childId', 'artifact.digest'])
    .where((eb) =>
      eb.or([
        eb.and([
          eb('absent_child.repository_id', '=', param('repositoryId')),
          eb('absent_child.digest', '=', param('digest')),
        ]),
        eb('absent_child.parent_id', '=', param('id')),
      ]),
    ),
)

/**
 * Makes a new artifact the child of the sparse indexes that waited for it; of a new index, the children that came at the
 * same time. The caller holds the lock of the repository's row (`touchRepository`), so that of an index and a child
 * whose transactions run side by side the later one sees the other.
 */
export async function joinSparseIndexes(tx: Writer, stored: Stored): Promise<void> {
  for (const { parentId, childId, digest } of await findArrived.all(tx, stored)) {
    await tx
      .insertInto('artifact_child')
      .values({ parent_id: parentId, child_id: childId })
      .onConflict((conflict) => conflict.columns(['parent_id', 'child_id']).doNothing())
      .execute()
    await tx.deleteFrom('absent_child').where('parent_id', '=', parentId).where('digest', '=', digest).execute()
  }
}

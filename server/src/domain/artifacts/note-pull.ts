import type { Writer } from '../../database/database.ts'

/** Notes that an image of a repository was pulled, and with it the indexes that it is a part of. */
export async function notePull(tx: Writer, repository: string, digest: string, now: number): Promise<void> {
  const image = await tx
    .selectFrom('artifact')
    .innerJoin('repository', 'repository.id', 'artifact.repository_id')
    .select('artifact.id')
    .where('repository.name', '=', repository)
    .where('artifact.digest', '=', digest)
    .executeTakeFirst()
  if (image === undefined) return
  const { id } = image
  await tx
    .updateTable('artifact')
    .set({ pulled_at: now })
    .where((eb) =>
      eb.or([
        eb('id', '=', id),
        eb('id', 'in', eb.selectFrom('artifact_child').select('parent_id').where('child_id', '=', id)),
      ]),
    )
    .execute()
}

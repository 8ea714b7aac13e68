import type { Writer } from '../../database/database.ts'

/** A repository whose description waits for its artifacts. */
interface TrashedRepository {
  readonly projectId: number
  readonly repository: string
}

/** The description of a repository that is deleted with everything in it. */
export async function putDescriptionInTrash(
  tx: Writer,
  { projectId, repository }: TrashedRepository,
  description: string,
  now: number,
): Promise<void> {
  if (description === '') return
  const kept = { description, deleted_at: now }
  await tx
    .insertInto('trash_repository')
    .values({ project_id: projectId, repository, ...kept })
    .onConflict((conflict) => conflict.columns(['project_id', 'repository']).doUpdateSet(kept))
    .execute()
}

/** Undefined when the repository had none, or was not deleted as a whole. */
export async function takeDescriptionOutOfTrash(
  tx: Writer,
  { projectId, repository }: TrashedRepository,
): Promise<string | undefined> {
  const row = await tx
    .deleteFrom('trash_repository')
    .where('project_id', '=', projectId)
    .where('repository', '=', repository)
    .returning('description')
    .executeTakeFirst()
  return row?.description
}

/** Descriptions of repositories that were deleted before a moment, `max` at the most. */
export async function forgetDescriptions(tx: Writer, deletedBefore: number, max: number): Promise<void> {
  const due = await tx
    .selectFrom('trash_repository')
    .select(['project_id', 'repository'])
    .where('deleted_at', '<=', deletedBefore)
    .orderBy('deleted_at')
    .limit(max)
    .execute()
  for (const { project_id: projectId, repository } of due) {
    await tx
      .deleteFrom('trash_repository')
      .where('project_id', '=', projectId)
      .where('repository', '=', repository)
      .where('deleted_at', '<=', deletedBefore)
      .execute()
  }
}

/** Those of one project, or all: what is emptied leaves nothing behind. */
export async function emptyDescriptions(tx: Writer, projectId: number | undefined): Promise<void> {
  const all = tx.deleteFrom('trash_repository')
  await (projectId === undefined ? all : all.where('project_id', '=', projectId)).execute()
}

import { projectOf, type RepositoryName } from '#contract/repository-name.ts'
import type { Reader, Writer } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import { isForeignKeyViolation } from '../../database/violations.ts'
import { DomainError } from '../errors.ts'

/**
 * A repository by its name, in the project that the caller was admitted to. Queries compare both: a project can be
 * deleted and made anew under the same name, and a door that took the name from elsewhere finds nothing.
 */
export interface RepositoryKey {
  readonly projectId: number
  readonly name: RepositoryName
}

/**
 * The repository's id; creates the repository when this is the first push to it.
 * @throws DomainError PROJECT_UNKNOWN when the project was deleted since the caller was admitted
 */
export async function ensureRepository(tx: Writer, repository: RepositoryKey, now: number): Promise<number> {
  const { projectId, name } = repository
  const existing = await findRepositoryId(tx, repository)
  if (existing !== undefined) return existing
  try {
    await tx
      .insertInto('repository')
      .values({ project_id: projectId, name, description: '', created_at: now, updated_at: now })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute()
  } catch (error) {
    if (isForeignKeyViolation(error)) throw projectGone(name, error)
    throw error
  }
  const created = await findRepositoryId(tx, repository)
  // The name is there, in a project that was made anew under the name of the deleted one.
  if (created === undefined) throw projectGone(name)
  return created
}

const findId = preparedQuery<{ projectId: number; name: string }, { id: number }>((db, param) =>
  db
    .selectFrom('repository')
    .select('id')
    .where('name', '=', param('name'))
    .where('project_id', '=', param('projectId')),
)

export async function findRepositoryId(
  reader: Reader,
  { projectId, name }: RepositoryKey,
): Promise<number | undefined> {
  return (await findId.first(reader, { projectId, name }))?.id
}

/**
 * Runs a transaction that writes into a repository. Its rows may go at the same moment, with their project; what then
 * refers to them is refused as for a repository that is not there.
 * @throws DomainError REPOSITORY_UNKNOWN, and what `write` throws
 */
export async function unlessRepositoryGone<Result>(
  name: RepositoryName,
  write: () => Promise<Result>,
): Promise<Result> {
  try {
    return await write()
  } catch (error) {
    if (!isForeignKeyViolation(error)) throw error
    throw new DomainError('REPOSITORY_UNKNOWN', `repository ${name} was deleted at the same moment; push again`, {
      detail: { name },
      cause: error,
    })
  }
}

export function repositoryUnknown(name: string): DomainError {
  return new DomainError('REPOSITORY_UNKNOWN', `repository ${name} not found`, { detail: { name } })
}

function projectGone(name: RepositoryName, cause?: unknown): DomainError {
  const project = projectOf(name)
  return new DomainError('PROJECT_UNKNOWN', `project ${project} was deleted meanwhile; push again`, {
    detail: { name },
    cause,
  })
}

const touchQuery = preparedQuery<{ id: number; now: number }, unknown>((db, param) =>
  db
    .updateTable('repository')
    .set({ updated_at: param('now') })
    .where('id', '=', param('id')),
)

/** Something was pushed to it. */
export async function touchRepository(tx: Writer, id: number, now: number): Promise<void> {
  await touchQuery.run(tx, { id, now })
}

/** Counts pulls. Returns the project; undefined when the repository is gone. */
export async function addPullsTo(tx: Writer, id: number, pulls: number): Promise<number | undefined> {
  const row = await tx
    .updateTable('repository')
    .set((eb) => ({ pull_count: eb('pull_count', '+', pulls) }))
    .where('id', '=', id)
    .returning('project_id')
    .executeTakeFirst()
  return row?.project_id
}

/** False when there is no such repository. */
export async function setDescription(
  tx: Writer,
  { projectId, name }: RepositoryKey,
  description: string,
  now: number,
): Promise<boolean> {
  const changed = await tx
    .updateTable('repository')
    .set({ description, updated_at: now })
    .where('name', '=', name)
    .where('project_id', '=', projectId)
    .executeTakeFirst()
  return changed.numUpdatedRows > 0n
}

/** Empty when it has none. */
export async function findDescription(reader: Reader, id: number): Promise<string> {
  const row = await reader.selectFrom('repository').select('description').where('id', '=', id).executeTakeFirst()
  return row?.description ?? ''
}

/** For a repository that comes back; one that was written meanwhile stays. */
export async function giveDescriptionBack(tx: Writer, id: number, description: string): Promise<void> {
  await tx.updateTable('repository').set({ description }).where('id', '=', id).where('description', '=', '').execute()
}

/** Ends a repository that has nothing any more. `isReferred`: its row has to stay for what refers to it, shown to nobody. */
export async function endRepository(tx: Writer, id: number, isReferred: boolean): Promise<void> {
  if (!isReferred) await tx.deleteFrom('repository').where('id', '=', id).execute()
  else await tx.updateTable('repository').set({ description: '', pull_count: 0 }).where('id', '=', id).execute()
}

import type { RepositoryName } from '#contract/repository-name.ts'
import type { Reader, Writer } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'

/** The repository's id; creates the repository when this is the first push to it. */
export async function ensureRepository(
  tx: Writer,
  repository: { projectId: number; name: RepositoryName },
  now: number,
): Promise<number> {
  const existing = await findRepositoryId(tx, repository.name)
  if (existing !== undefined) return existing
  await tx
    .insertInto('repository')
    .values({
      project_id: repository.projectId,
      name: repository.name,
      description: '',
      created_at: now,
      updated_at: now,
    })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
  const created = await findRepositoryId(tx, repository.name)
  if (created === undefined) throw new Error(`repository ${repository.name} is not there after it was created`)
  return created
}

const findId = preparedQuery<{ name: string }, { id: number }>((db, param) =>
  db.selectFrom('repository').select('id').where('name', '=', param('name')),
)

export async function findRepositoryId(reader: Reader, name: RepositoryName): Promise<number | undefined> {
  return (await findId.first(reader, { name }))?.id
}

import type { Digest } from '#contract/digest.ts'
import type { Reader } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'

const findId = preparedQuery<{ repositoryId: number; digest: string }, { id: number }>((db, param) =>
  db
    .selectFrom('artifact')
    .select('id')
    .where('repository_id', '=', param('repositoryId'))
    .where('digest', '=', param('digest')),
)

/** The artifact of that digest; undefined when the repository does not have it. */
export async function findArtifactId(
  reader: Reader,
  repositoryId: number,
  digest: Digest,
): Promise<number | undefined> {
  return (await findId.first(reader, { repositoryId, digest }))?.id
}

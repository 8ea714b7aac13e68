import type { Reader } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import { DomainError } from '../errors.ts'

/**
 * One transaction deletes an artifact with all its tags, and one restores it. Without a limit, somebody who may push
 * makes such a transaction as long as they like.
 */
export const maxTagsPerArtifact = 20_000

const findTagBeyond = preparedQuery<{ artifactId: number; offset: number }, { id: number }>((db, param) =>
  db
    .selectFrom('tag')
    .select('id')
    .where('artifact_id', '=', param('artifactId'))
    .orderBy('artifact_id')
    .limit(1)
    .offset(param('offset')),
)

/**
 * Asked after the tags were written, in their transaction.
 * @throws DomainError PRECONDITION when the artifact has more than `maxTagsPerArtifact` of them
 */
export async function assertTagsWithinLimit(reader: Reader, artifactId: number): Promise<void> {
  if ((await findTagBeyond.first(reader, { artifactId, offset: maxTagsPerArtifact })) === undefined) return
  throw new DomainError(
    'PRECONDITION',
    `an artifact has ${maxTagsPerArtifact} tags at the most; delete some of them, or let a retention policy do it`,
  )
}

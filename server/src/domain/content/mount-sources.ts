import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Database } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import { visibleTo } from '../projects/project-visibility.ts'

/** Enough to find one that the gates admit; a base layer can be in thousands of repositories. */
const candidates = 10

/**
 * Repositories that link the digest and that the actor might read, for a mount that names no source
 * (distribution-spec v1.1 §end-11). The gates still decide about each. Repositories the actor has nothing
 * to do with are not even looked at, so neither the answer nor its time tells about them.
 */
export async function listMountSources(
  database: Database,
  actor: Actor,
  digest: Digest,
): Promise<readonly RepositoryName[]> {
  const query = database.read
    .selectFrom('repository_blob')
    .innerJoin('repository', 'repository.id', 'repository_blob.repository_id')
    .innerJoin('project', 'project.id', 'repository.project_id')
    .select('repository.name')
    .where('repository_blob.digest', '=', digest)
    .where(visibleTo(actor, 'repository:pull'))
    .limit(candidates)
  const rows = await query.execute()
  return rows.map((row) => row.name as RepositoryName)
}

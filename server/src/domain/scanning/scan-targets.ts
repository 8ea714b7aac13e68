import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Reader } from '../../database/database.ts'
import { isListed } from '../artifacts/artifact-list.ts'
import type { ScanTarget } from './enqueue-scan.ts'

const targets = (reader: Reader) =>
  reader
    .selectFrom('artifact')
    .innerJoin('repository', 'repository.id', 'artifact.repository_id')
    .select(['artifact.id', 'artifact.digest', 'artifact.media_type', 'repository.name', 'repository.project_id'])

type TargetRow = Awaited<ReturnType<ReturnType<typeof targets>['executeTakeFirstOrThrow']>>

const targetOf = (row: TargetRow): ScanTarget => ({
  projectId: row.project_id,
  repository: row.name as RepositoryName,
  artifactId: row.id,
  digest: row.digest as Digest,
  mediaType: row.media_type,
})

/** The artifact of a repository with that digest. */
export async function findScanTarget(
  reader: Reader,
  repository: RepositoryName,
  digest: Digest,
): Promise<ScanTarget | undefined> {
  const row = await targets(reader)
    .where('repository.name', '=', repository)
    .where('artifact.digest', '=', digest)
    .executeTakeFirst()
  return row === undefined ? undefined : targetOf(row)
}

/** Artifacts behind that id as lists show them: neither accessories nor the untagged images of an index. */
export async function listScanTargets(reader: Reader, after: number, limit: number): Promise<readonly ScanTarget[]> {
  const rows = await targets(reader)
    .where('artifact.id', '>', after)
    .where(isListed)
    .orderBy('artifact.id')
    .limit(limit)
    .execute()
  return rows.map(targetOf)
}

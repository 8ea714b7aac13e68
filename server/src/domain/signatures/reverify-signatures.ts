import type { Digest } from '#contract/digest.ts'
import type { Reader } from '../../database/database.ts'

/** An artifact that has signatures, in the order in which they are all looked at. */
export interface SignedPlace {
  readonly repositoryId: number
  readonly subject: Digest
}

/** The next ones behind `after`: of a project, or of all. */
export async function listSigned(
  reader: Reader,
  {
    projectId,
    after,
    limit,
  }: { readonly projectId: number | undefined; readonly after: SignedPlace; readonly limit: number },
): Promise<readonly SignedPlace[]> {
  let query = reader
    .selectFrom('artifact_signature as signature')
    .select(['signature.repository_id', 'signature.subject_digest'])
    .distinct()
    .where((eb) =>
      eb.or([
        eb('signature.repository_id', '>', after.repositoryId),
        eb.and([
          eb('signature.repository_id', '=', after.repositoryId),
          eb('signature.subject_digest', '>', after.subject),
        ]),
      ]),
    )
  if (projectId !== undefined) {
    query = query
      .innerJoin('repository', 'repository.id', 'signature.repository_id')
      .where('repository.project_id', '=', projectId)
  }
  const rows = await query.orderBy('signature.repository_id').orderBy('signature.subject_digest').limit(limit).execute()
  return rows.map((row) => ({ repositoryId: row.repository_id, subject: row.subject_digest as Digest }))
}

/** Artifacts with a signature of their own whose time is over; what an index covers follows it. */
export async function listEnded(reader: Reader, now: number, limit: number): Promise<readonly SignedPlace[]> {
  const rows = await reader
    .selectFrom('signature_verdict')
    .select(['repository_id', 'digest'])
    .where('ends_at', '<=', now)
    .where((eb) =>
      eb.or([
        eb.and([eb('cosign_until', '<=', now), eb('cosign_index', 'is', null)]),
        eb.and([eb('notation_until', '<=', now), eb('notation_index', 'is', null)]),
      ]),
    )
    .orderBy('ends_at')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ repositoryId: row.repository_id, subject: row.digest as Digest }))
}

import type { Reader } from '../../database/database.ts'

/** Of one artifact; more signatures than anybody makes. */
const maxSignatures = 1_000

/**
 * Names of those who are trusted at this moment and whose signatures over one of these digests were verified, and until when
 * each counts (ms). Attestations say something and sign nothing.
 */
export async function signersOf(
  reader: Reader,
  repositoryId: number,
  subjects: readonly string[],
  now: number,
): Promise<ReadonlyMap<string, number | undefined>> {
  const rows = await reader
    .selectFrom('artifact_signature')
    .innerJoin('trusted_signer', 'trusted_signer.id', 'artifact_signature.signer_id')
    .select(['trusted_signer.name', 'artifact_signature.valid_until as until'])
    .where('artifact_signature.repository_id', '=', repositoryId)
    .where('artifact_signature.subject_digest', 'in', subjects)
    .where('artifact_signature.state', '=', 'verified')
    .where('artifact_signature.predicate_type', 'is', null)
    .where((eb) =>
      eb.or([eb('artifact_signature.valid_until', 'is', null), eb('artifact_signature.valid_until', '>', now)]),
    )
    .orderBy('trusted_signer.name')
    .limit(maxSignatures)
    .execute()
  const ends = Map.groupBy(rows, ({ name }) => name)
  return new Map(
    [...ends].map(([name, of]) => {
      const untils = of.map(({ until }) => until ?? Number.POSITIVE_INFINITY)
      const last = Math.max(...untils)
      return [name, last === Number.POSITIVE_INFINITY ? undefined : last]
    }),
  )
}

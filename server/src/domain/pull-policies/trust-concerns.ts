import type { Reader } from '../../database/database.ts'
import type { Concern } from '../activity/attention.ts'

const maxCounted = 1_000

/**
 * For whoever looks after the whole registry: projects with Harbor's content trust where nobody was named whose signatures count, so
 * that everybody's do.
 */
export async function findTrustConcerns(reader: Reader): Promise<readonly Concern[]> {
  const trusting = await reader
    .selectFrom('project_metadata')
    .select('project_id')
    .distinct()
    .where('name', 'in', ['enable_content_trust', 'enable_content_trust_cosign'])
    .where('value', '=', 'true')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('trusted_signer')
            .select('trusted_signer.id')
            .where((eb) =>
              eb.or([
                eb('trusted_signer.project_id', 'is', null),
                eb('trusted_signer.project_id', '=', eb.ref('project_metadata.project_id')),
              ]),
            ),
        ),
      ),
    )
    .limit(maxCounted)
    .execute()
  return trusting.length === 0 ? [] : [{ kind: 'signers-unnamed', severity: 'warning', count: trusting.length }]
}

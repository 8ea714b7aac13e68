import type { Digest } from '#contract/digest.ts'
import type { Writer } from '../../database/database.ts'
import type { Admission } from '../access/admission.ts'
import { deleteManifestWithin, type DeleteServices } from '../artifacts/delete.ts'
import { lockArtifacts } from '../artifacts/remove-artifacts.ts'
import { DomainError } from '../errors.ts'
import { writeAdmitted } from '../policies/write-admitted.ts'
import { lockHeld } from './review-quarantine.ts'

/**
 * Deletes an artifact out of quarantine, into the trash if there is one, with its tags, and says why. What was released a
 * moment before stays: both look at the row under its lock.
 * @throws DomainError MANIFEST_UNKNOWN (it is not held here), REFERENCED, PRECONDITION (a tag of it is immutable), those of the door
 */
export async function rejectHeld(
  services: DeleteServices,
  admission: Admission<'delete'>,
  { artifactId, reason }: { readonly artifactId: number; readonly reason: string },
): Promise<void> {
  await writeAdmitted(services.database, admission, async (tx) => {
    const digest = await lockRejected(services, tx, admission, artifactId)
    if (digest === undefined) throw notHeld(artifactId)
    const { projectId, repositoryName: repository, actor } = admission
    const tags = await tx
      .selectFrom('tag')
      .select('name')
      .where('artifact_id', '=', artifactId)
      .orderBy('name')
      .execute()
    await services.events.record(tx, actor, {
      ...{ type: 'reject_artifact', projectId, repository, digest, reason },
      tags: tags.map(({ name }) => name),
    })
    await deleteManifestWithin(services, tx, admission, digest)
  })
}

/** Locks in the order of a deletion: the artifact, then what hangs on it. Undefined: it is not held any more. */
async function lockRejected(
  { database }: DeleteServices,
  tx: Writer,
  { repositoryId }: Admission,
  artifactId: number,
): Promise<Digest | undefined> {
  if (repositoryId === undefined) return undefined
  const [artifact] = await lockArtifacts(database, tx, repositoryId, [artifactId])
  if (artifact === undefined || (await lockHeld(database, tx, artifactId)) === undefined) return undefined
  return artifact.digest
}

export const notHeld = (artifactId: number): DomainError =>
  new DomainError('MANIFEST_UNKNOWN', `artifact ${artifactId} is not in quarantine in this project`)

import type { Writer } from '../../database/database.ts'
import { currentActor } from '../access/current-actor.ts'
import type { Actor } from '../access/actor.ts'
import { DomainError } from '../errors.ts'
import { getProjectByIdFor } from '../projects/project-access.ts'
import { lockPolicies, type PolicyAdministration } from '../pull-policies/policy-admin.ts'
import { findPushed, judgeHeld, quarantineName, type Awaited, type PushedArtifact } from './judge-held.ts'
import { notHeld } from './reject-held.ts'
import { lockHeld, release, type ReviewServices } from './review-quarantine.ts'

export interface ReleaseServices extends ReviewServices {
  readonly policies: Pick<PolicyAdministration, 'createExemptionWithin'>
}

/**
 * Releases an artifact by hand: exempts it, until a day, from each policy that holds it, and takes it out of quarantine. So
 * it needs the right to exempt from each of them; policies of the registry are its administrators'. All of it is one
 * transaction: a release that comes too late leaves no exemption behind.
 * @throws DomainError MANIFEST_UNKNOWN (it is not held), PRECONDITION (an index, while its images are held), FORBIDDEN, BAD_REQUEST
 */
export async function releaseHeld(
  services: ReleaseServices,
  actor: Actor,
  { projectId, artifactId }: { readonly projectId: number; readonly artifactId: number },
  { reason, expiresAt }: { readonly reason: string; readonly expiresAt: number },
): Promise<void> {
  const { database, clock, policies } = services
  await database.write(async (tx) => {
    const now = clock.now()
    await getProjectByIdFor(tx, await currentActor(tx, actor, now), 'configuration:update', projectId)
    // Before the row: what changes policies locks them, and then has all that is held judged again.
    await lockPolicies(database, tx, undefined)
    await lockPolicies(database, tx, projectId)
    const artifact = await lockArtifact(services, tx, { projectId, artifactId })
    const { awaits } = await judgeHeld(tx, artifact, now)
    const ofImages = awaits.find(({ policy }) => policy === quarantineName)
    if (ofImages !== undefined) throw new DomainError('PRECONDITION', `${ofImages.message}; release them first`)
    for (const { policy, projectId: owner } of awaits) {
      await policies.createExemptionWithin(tx, actor, owner, {
        ...{ policy, repositories: selectorOf(artifact, owner), digest: artifact.digest, reason, expiresAt },
      })
    }
    await release(services, tx, artifact, { by: actor, reason })
  })
}

async function lockArtifact(
  { database }: ReleaseServices,
  tx: Writer,
  { projectId, artifactId }: { readonly projectId: number; readonly artifactId: number },
): Promise<PushedArtifact> {
  const entry = await lockHeld(database, tx, artifactId)
  const artifact = entry?.project_id === projectId ? await findPushed(tx, { artifactId }) : undefined
  if (artifact === undefined) throw notHeld(artifactId)
  return artifact
}

/** Policies of a project name repositories without it. */
const selectorOf = ({ repository }: PushedArtifact, owner: Awaited['projectId']): string =>
  owner === undefined ? repository : repository.slice(repository.indexOf('/') + 1)

import { expireUploadsOf } from '../content/upload-rows.ts'
import { endRepository, findDescription } from '../projects/repositories.ts'
import type { Digest } from '#contract/digest.ts'
import type { TagName } from '#contract/reference.ts'
import type { Writer } from '../../database/database.ts'
import { actorName, runOf } from '../access/actor.ts'
import type { Admission } from '../access/admission.ts'
import { DomainError } from '../errors.ts'
import { gates, pass } from '../policies/gates.ts'
import { writeAdmitted } from '../policies/write-admitted.ts'
import { repositoryUnknown } from '../projects/repositories.ts'
import { reviewLinksOf } from '../projects/review-links.ts'
import { putTagInTrash } from '../trash/put-in-trash.ts'
import { putDescriptionInTrash } from '../trash/trashed-repository.ts'
import { findArtifactId } from './find-artifact.ts'
import { followDeletions, reviewArtifact } from './orphans.ts'
import { lockArtifacts, removeArtifacts, type DeleteServices, type Removal } from './remove-artifacts.ts'
import { recordTagMove } from './tag-history.ts'

export type { DeleteServices } from './remove-artifacts.ts'

/** What belonged to a deleted artifact and follows it at once; the rest is left to garbage collection. */
const followedAtOnce = 1_000

/**
 * Removes the artifact and every tag that names it, into the trash, if there is one. What only belonged to it follows:
 * children without a name, signatures. Rows only: the bytes of its blobs are looked at by garbage collection (invariant 2).
 * @throws DomainError MANIFEST_UNKNOWN, REFERENCED while an index of the repository contains it, PRECONDITION while a
 *   tag of it is immutable
 */
export async function deleteManifest(
  services: DeleteServices,
  admission: Admission<'delete'>,
  digest: Digest,
): Promise<void> {
  await services.database.write(async (tx) => await deleteManifestWithin(services, tx, admission, digest))
  const { repositoryId, actor } = admission
  if (repositoryId === undefined) return
  await followDeletions(services, { max: followedAtOnce, repositoryId, actor })
}

/** The same as a part of a larger transaction; what belonged to the artifact is left to garbage collection. */
export async function deleteManifestWithin(
  services: DeleteServices,
  tx: Writer,
  admission: Admission<'delete'>,
  digest: Digest,
): Promise<void> {
  const { database, clock, events } = services
  await admission.confirm(tx)
  const { projectId, repositoryId, repositoryName: repository, actor } = admission
  if (repositoryId === undefined) throw manifestUnknown(admission, digest)
  const known = await findArtifactId(tx, repositoryId, digest)
  if (known === undefined) throw manifestUnknown(admission, digest)
  const [artifact] = await lockArtifacts(database, tx, repositoryId, [known])
  if (artifact === undefined) throw manifestUnknown(admission, digest)
  const parent = await tx
    .selectFrom('artifact_child')
    .innerJoin('artifact', 'artifact.id', 'artifact_child.parent_id')
    .select('artifact.digest')
    .where('child_id', '=', artifact.id)
    .executeTakeFirst()
  if (parent !== undefined) {
    throw new DomainError('REFERENCED', `${digest} belongs to the index ${parent.digest}; delete the index first`, {
      detail: { digest, parent: parent.digest },
    })
  }
  const rows = await tx
    .selectFrom('tag')
    .select('name')
    .where('artifact_id', '=', artifact.id)
    .orderBy('name')
    .execute()
  const tags = rows.map((tag) => tag.name)
  const leaving = { tags, departure: 'delete', actor, now: clock.now() } as const
  await pass(gates.tag, { reader: tx, projectId, repositoryName: repository, ...leaving })
  await removeArtifacts(services, tx, { projectId, repositoryId, repository, actor }, [artifact])
  const moved = { repositoryId, digest: undefined, movedAt: clock.now() }
  for (const tag of tags) await recordTagMove(tx, actor, { ...moved, tag })
  await events.record(tx, actor, { type: 'delete_artifact', projectId, repository, digest, tags })
}

/**
 * Removes the name; the artifact stays and is reachable by its digest.
 * @throws DomainError MANIFEST_UNKNOWN, PRECONDITION (the tag is immutable)
 */
export async function untag(
  services: DeleteServices,
  admission: Admission<'delete' | 'untag'>,
  tag: TagName,
): Promise<void> {
  await services.database.write(async (tx) => await untagWithin(services, tx, admission, tag))
}

/** The same as a part of a larger transaction. */
export async function untagWithin(
  services: DeleteServices,
  tx: Writer,
  admission: Admission<'delete' | 'untag'>,
  tag: string,
): Promise<void> {
  await admission.confirm(tx)
  const { clock, events, trashWindowMs } = services
  const { projectId, repositoryId, repositoryName: repository, actor } = admission
  if (repositoryId === undefined) throw manifestUnknown(admission, tag)
  const removed = await tx
    .deleteFrom('tag')
    .where('repository_id', '=', repositoryId)
    .where('name', '=', tag)
    .returning(['artifact_id', 'pushed_at', 'pulled_at'])
    .executeTakeFirst()
  if (removed === undefined) throw manifestUnknown(admission, tag)
  const now = clock.now()
  const leaving = { tags: [tag], departure: 'delete', actor, now } as const
  await pass(gates.tag, { reader: tx, projectId, repositoryName: repository, ...leaving })
  await recordTagMove(tx, actor, { repositoryId, digest: undefined, movedAt: now, tag })
  const artifact = await tx
    .selectFrom('artifact')
    .select(['digest', 'media_type', 'artifact_type'])
    .where('id', '=', removed.artifact_id)
    .executeTakeFirstOrThrow()
  await reviewArtifact(tx, removed.artifact_id, now)
  if (trashWindowMs > 0) {
    const { digest, media_type: mediaType, artifact_type: artifactType } = artifact
    const taken = { name: tag, pushedAt: removed.pushed_at, pulledAt: removed.pulled_at }
    const deletion = { projectId, repository, deletedBy: actorName(actor), runId: runOf(actor), partOf: undefined, now }
    await putTagInTrash(tx, { digest, mediaType, artifactType }, taken, deletion)
  }
  await events.record(tx, actor, { type: 'delete_tag', projectId, repository, digest: artifact.digest, tag })
}

/**
 * Removes the repository with everything in it, into the trash, if there is one. Rows only, as for one artifact; a
 * repository of many goes in several transactions, so that others get their turn in between.
 * @throws DomainError REPOSITORY_UNKNOWN, PRECONDITION while a tag in it is immutable
 */
export async function deleteRepository(
  services: DeleteServices,
  admission: Admission<'delete-repository'>,
): Promise<void> {
  const { database, clock, events, trashWindowMs } = services
  const { repositoryId, repositoryName: repository, projectId, actor } = admission
  if (repositoryId === undefined) throw repositoryUnknown(repository)
  await assertAllTagsMutable(services, admission, repositoryId)
  const removal = { projectId, repositoryId, repository, actor, everything: true }
  while (!(await writeAdmitted(database, admission, (tx) => deleteSome(services, tx, removal))));
  await writeAdmitted(database, admission, async (tx) => {
    const left = await tx
      .selectFrom('artifact')
      .select('id')
      .where('repository_id', '=', repositoryId)
      .limit(1)
      .executeTakeFirst()
    if (left !== undefined)
      throw new DomainError('CONFLICT', `${repository} was pushed to meanwhile; delete it again`, {
        reason: 'PUSHED_MEANWHILE',
      })
    const now = clock.now()
    await reviewLinksOf(tx, [repositoryId], now)
    if (trashWindowMs > 0) {
      const description = await findDescription(tx, repositoryId)
      await putDescriptionInTrash(tx, { projectId, repository }, description, now)
    }
    // Rows of uploads know which bytes to forget.
    await endRepository(tx, repositoryId, await expireUploadsOf(tx, repositoryId, now))
    await tx.deleteFrom('subject_review').where('repository_id', '=', repositoryId).execute()
    await events.record(tx, actor, { type: 'delete_repository', projectId, repository })
  })
}

const artifactsPerStep = 200

/** True when nothing is left to delete. */
async function deleteSome(services: DeleteServices, tx: Writer, removal: Removal): Promise<boolean> {
  const rows = await tx
    .selectFrom('artifact')
    .select('id')
    .where('repository_id', '=', removal.repositoryId)
    .orderBy('id', 'desc') // indexes come after their children
    .limit(artifactsPerStep)
    .execute()
  if (rows.length === 0) return true
  const ids = rows.map(({ id }) => id)
  const artifacts = await lockArtifacts(services.database, tx, removal.repositoryId, ids)
  await removeArtifacts(services, tx, removal, artifacts)
  return rows.length < artifactsPerStep
}

const tagsPerLook = 1_000

/** Page by page: a repository may have more tags than fit into memory at once. */
async function assertAllTagsMutable(
  { database, clock }: Pick<DeleteServices, 'database' | 'clock'>,
  admission: Admission<'delete-repository'>,
  repositoryId: number,
): Promise<void> {
  for (let last = ''; ;) {
    const rows = await database.read
      .selectFrom('tag')
      .select('name')
      .where('repository_id', '=', repositoryId)
      .where('name', '>', last)
      .orderBy('name')
      .limit(tagsPerLook)
      .execute()
    const tags = rows.map((row) => row.name)
    const { projectId, repositoryName, actor } = admission
    const leaving = { tags, departure: 'delete', actor, now: clock.now() } as const
    await pass(gates.tag, { reader: database.read, projectId, repositoryName, ...leaving })
    if (rows.length < tagsPerLook) return
    last = tags.at(-1)!
  }
}

function manifestUnknown(admission: Admission, reference: string): DomainError {
  return new DomainError('MANIFEST_UNKNOWN', `${admission.repositoryName} has no manifest ${reference}`, {
    detail: { name: admission.repositoryName, reference },
  })
}

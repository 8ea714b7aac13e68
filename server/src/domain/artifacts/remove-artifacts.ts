import type { Digest } from '#contract/digest.ts'
import { sql } from 'kysely'
import type { Database, Writer } from '../../database/database.ts'
import { lockRows, lockRowsShared } from '../../database/locking.ts'
import { faultPoint } from '../../runtime/fault-points.ts'
import { actorName, runOf, type Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import { noteGoneArtifacts } from '../content/gone-manifests.ts'
import { unlinkUnused } from '../content/links.ts'
import type { Events } from '../events/events.ts'
import { contentOf, releaseContent } from '../quotas/project-usage.ts'
import { putArtifactsInTrash } from '../trash/put-in-trash.ts'
import { accessoryTagsOf } from './accessories.ts'
import { reviewScansOf } from './scan-review.ts'

export interface DeleteServices {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  /** How long what was deleted can be restored; 0: it is gone at once. */
  readonly trashWindowMs: number
}

/** Whose artifacts go, and because of whom. */
export interface Removal {
  readonly projectId: number
  readonly repositoryId: number
  readonly repository: string
  readonly actor: Actor
  /** The entry of the trash that they go with; undefined for what was asked to go. */
  readonly partOf?: number | undefined
  /** The whole repository goes: nothing of it needs to follow. */
  readonly everything?: boolean
}

export interface LockedArtifact {
  readonly id: number
  readonly digest: Digest
  readonly subject_digest: string | null
  readonly pushed_at: number
}

/**
 * Locks artifacts and what they hold, in the order in which everybody does: blobs, links, artifacts. Until the end of
 * the transaction nothing about them changes. Those that are gone are not in the answer.
 */
export async function lockArtifacts(
  database: Pick<Database, 'dialect'>,
  tx: Writer,
  repositoryId: number,
  ids: readonly number[],
): Promise<readonly LockedArtifact[]> {
  if (database.dialect === 'postgres') {
    const digests = tx.selectFrom('artifact_blob').select('digest').where('artifact_id', 'in', ids)
    const blobs = tx.selectFrom('blob').select('digest').where('digest', 'in', digests).orderBy('digest')
    await lockRowsShared(database, blobs).execute()
    const links = tx
      .selectFrom('repository_blob')
      .select('digest')
      .where('repository_id', '=', repositoryId)
      .where('digest', 'in', digests)
      .orderBy('digest')
    await lockRows(database, links).execute()
  }
  const artifacts = tx
    .selectFrom('artifact')
    .select(['id', 'digest', 'subject_digest', 'pushed_at'])
    .where('repository_id', '=', repositoryId)
    .where('id', 'in', ids)
    .orderBy('id')
  return (await lockRows(database, artifacts).execute()).map((row) => ({ ...row, digest: row.digest as Digest }))
}

/**
 * Deletes artifacts that the caller has locked, with their tags: into the trash, if there is one. What belonged to
 * them, children of an index and referrers, is noted down to follow (orphans.ts). Rows only: bytes are looked at by
 * garbage collection (invariant 2). Returns the entry of each in the trash.
 */
export async function removeArtifacts(
  services: DeleteServices,
  tx: Writer,
  removal: Removal,
  artifacts: readonly LockedArtifact[],
): Promise<ReadonlyMap<number, number>> {
  const { database, clock, trashWindowMs } = services
  const { projectId, repositoryId, repository, partOf } = removal
  if (artifacts.length === 0) return new Map()
  const now = clock.now()
  const ids = artifacts.map(({ id }) => id)
  const deletion = {
    projectId,
    repository,
    partOf,
    deletedBy: actorName(removal.actor),
    runId: runOf(removal.actor),
    now,
  }
  const entries = trashWindowMs > 0 ? await putArtifactsInTrash(tx, ids, deletion) : new Map<number, number>()
  if (trashWindowMs <= 0) await noteGoneArtifacts(tx, ids, now)
  if (removal.everything !== true) {
    for (const artifact of artifacts) {
      await letFollow(tx, removal, artifact, { partOf: partOf ?? entries.get(artifact.id), now })
    }
  }
  const content = await contentOf(tx, ids)
  const blobs = await tx
    .selectFrom('artifact_blob')
    .select('digest')
    .distinct()
    .where('artifact_id', 'in', ids)
    .orderBy('digest')
    .execute()
  await tx.deleteFrom('artifact_review').where('artifact_id', 'in', ids).execute()
  await reviewScansOf(tx, ids)
  await tx.deleteFrom('artifact').where('id', 'in', ids).execute()
  const digests = blobs.map(({ digest }) => digest)
  await unlinkUnused(tx, repositoryId, digests, now)
  await releaseContent(database, tx, projectId, content)
  return entries
}

/** The same, with an event for each. */
export async function removeAndTell(
  services: DeleteServices,
  tx: Writer,
  removal: Removal,
  artifacts: readonly LockedArtifact[],
): Promise<void> {
  const { projectId, repository } = removal
  await removeArtifacts(services, tx, removal, artifacts)
  for (const { digest } of artifacts) {
    const event = { type: 'delete_artifact', projectId, repository, digest, tags: [] } as const
    await services.events.record(tx, removal.actor, event)
  }
  if (artifacts.length > 0) faultPoint('gc-follow-before-commit')
}

async function letFollow(
  tx: Writer,
  { repositoryId }: Removal,
  { id, digest, pushed_at: pushedAt }: LockedArtifact,
  { partOf, now }: { partOf: number | undefined; now: number },
): Promise<void> {
  // A child that was pushed again after its index was pushed for another one, which may still be on its way.
  await tx
    .insertInto('artifact_review')
    .columns(['artifact_id', 'orphan', 'part_of', 'review_after'])
    .expression((eb) =>
      eb
        .selectFrom('artifact_child')
        .innerJoin('artifact', 'artifact.id', 'artifact_child.child_id')
        .select((select) => [
          'artifact_child.child_id',
          sql<0 | 1>`case when artifact.pushed_at <= ${sql.lit(pushedAt)} then 1 else 0 end`.as('orphan'),
          select.val(partOf ?? null).as('part_of'),
          select.val(now).as('review_after'),
        ])
        .where('artifact_child.parent_id', '=', id),
    )
    .onConflict((conflict) =>
      conflict.column('artifact_id').doUpdateSet((eb) => ({
        orphan: eb.ref('excluded.orphan'),
        part_of: eb.ref('excluded.part_of'),
        review_after: eb.ref('excluded.review_after'),
      })),
    )
    .execute()
  if (!(await hasReferrers(tx, repositoryId, digest))) return
  await tx
    .insertInto('subject_review')
    .values({ repository_id: repositoryId, digest, part_of: partOf ?? null, followed_to: '', deleted_at: now })
    .onConflict((conflict) =>
      conflict.columns(['repository_id', 'digest']).doUpdateSet((eb) => ({
        part_of: eb.ref('excluded.part_of'),
        followed_to: '',
        deleted_at: eb.ref('excluded.deleted_at'),
      })),
    )
    .execute()
}

async function hasReferrers(tx: Writer, repositoryId: number, digest: Digest): Promise<boolean> {
  const bySubject = await tx
    .selectFrom('artifact')
    .select('id')
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', digest)
    .limit(1)
    .executeTakeFirst()
  if (bySubject !== undefined) return true
  const names = accessoryTagsOf(digest)
  if (names.length === 0) return false
  const byTag = await tx
    .selectFrom('tag')
    .select('id')
    .where('repository_id', '=', repositoryId)
    .where('name', 'in', names)
    .limit(1)
    .executeTakeFirst()
  return byTag !== undefined
}

import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Selectable } from 'kysely'
import type { Reader, Writer } from '../../database/database.ts'
import type { SubjectReviewTable } from '../../database/schema/trash.ts'
import type { Actor } from '../access/actor.ts'
import { gates, passes } from '../policies/gates.ts'
import { accessoryTagsOf } from './accessories.ts'
import { findArtifactId } from './find-artifact.ts'
import { lockArtifacts, removeAndTell, type DeleteServices, type LockedArtifact } from './remove-artifacts.ts'

export interface FollowingOfSubject {
  /** Referrers of one page. */
  readonly max: number
  /** Of one repository alone. */
  readonly repositoryId?: number
  readonly actor: Actor
}

/** A subject that was deleted, in a repository that is there. */
interface Subject extends Selectable<SubjectReviewTable> {
  readonly projectId: number
  readonly repositoryName: RepositoryName
}

/**
 * Lets one page of the referrers of one deleted subject follow it, in one transaction. Returns how many were looked at;
 * 0 when no subject waits.
 */
export async function followSubject(
  services: DeleteServices,
  { repositoryId, actor, max }: FollowingOfSubject,
): Promise<{ readonly looked: number; readonly deleted: number }> {
  const { database } = services
  const row = await nextReview(database.read, repositoryId)
  if (row === undefined) return { looked: 0, deleted: 0 }
  return await database.write(async (tx) => {
    const subject = subjectOf(row)
    const page = subject === undefined ? [] : await referrersOf(tx, subject, max)
    const locked = page.length === 0 ? [] : await lockArtifacts(database, tx, row.repository_id, page)
    const going: LockedArtifact[] = []
    const by = { actor, now: services.clock.now() }
    for (const artifact of locked) if (await mayFollow(tx, subject!, artifact, by)) going.push(artifact)
    if (subject !== undefined) {
      const { projectId, repositoryName: repository } = subject
      const removal = {
        projectId,
        repositoryId: row.repository_id,
        repository,
        actor,
        partOf: row.part_of ?? undefined,
      }
      await removeAndTell(services, tx, removal, going)
    }
    await noteFollowed(tx, row, { isLastPage: page.length < max, locked })
    return { looked: Math.max(1, page.length), deleted: going.length }
  })
}

type ReviewRow = Selectable<SubjectReviewTable> & {
  readonly repository: string | null
  readonly project_id: number | null
}

async function nextReview(reader: Reader, repositoryId: number | undefined): Promise<ReviewRow | undefined> {
  const query = reader
    .selectFrom('subject_review')
    .leftJoin('repository', 'repository.id', 'subject_review.repository_id')
    .selectAll('subject_review')
    .select(['repository.name as repository', 'repository.project_id'])
    .limit(1)
  return await (repositoryId === undefined ? query : query.where('repository_id', '=', repositoryId)).executeTakeFirst()
}

/** Undefined when its repository is gone as well. */
function subjectOf({ repository, project_id: projectId, ...row }: ReviewRow): Subject | undefined {
  if (repository === null || projectId === null) return undefined
  return { ...row, projectId, repositoryName: repository as RepositoryName }
}

/** Goes on behind the page, or is done with the subject; unless it was deleted anew meanwhile. */
async function noteFollowed(
  tx: Writer,
  { repository_id, digest, deleted_at, followed_to: from }: ReviewRow,
  { isLastPage, locked }: { readonly isLastPage: boolean; readonly locked: readonly LockedArtifact[] },
): Promise<void> {
  const ofRow = { repository_id, digest, deleted_at }
  if (isLastPage) {
    await tx
      .deleteFrom('subject_review')
      .where((eb) => eb.and(ofRow))
      .execute()
    return
  }
  const to = locked.reduce((last, artifact) => (artifact.digest > last ? artifact.digest : last), from)
  await tx
    .updateTable('subject_review')
    .set({ followed_to: to })
    .where((eb) => eb.and(ofRow))
    .execute()
}

/**
 * Ids, in the order of digests behind the last page; on the last page also those that say by a tag whom they belong to.
 * None when the subject is there again.
 */
async function referrersOf(tx: Writer, subject: Subject, max: number): Promise<number[]> {
  const { repository_id: repositoryId, digest, followed_to: followedTo } = subject
  if ((await findArtifactId(tx, repositoryId, digest as Digest)) !== undefined) return []
  const rows = await tx
    .selectFrom('artifact')
    .select('id')
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', digest)
    .where('digest', '>', followedTo)
    .orderBy('digest')
    .limit(max)
    .execute()
  const ids = rows.map(({ id }) => id)
  const names = accessoryTagsOf(digest as Digest)
  if (ids.length >= max || names.length === 0) return ids
  const byTag = await tx
    .selectFrom('tag')
    .select('artifact_id')
    .where('repository_id', '=', repositoryId)
    .where('name', 'in', names)
    .execute()
  return [...new Set([...ids, ...byTag.map((row) => row.artifact_id)])]
}

/** It was not pushed again since, nothing names it but tags that say whom it belongs to, and no index holds it. */
async function mayFollow(
  tx: Writer,
  { digest, deleted_at: deletedAt, projectId, repositoryName }: Subject,
  { id, pushed_at: pushedAt }: LockedArtifact,
  by: { readonly actor: Actor; readonly now: number },
): Promise<boolean> {
  if (pushedAt > deletedAt) return false
  const rows = await tx.selectFrom('tag').select('name').where('artifact_id', '=', id).limit(4).execute()
  const names = accessoryTagsOf(digest as Digest)
  if (!rows.every(({ name }) => names.includes(name))) return false
  const parent = await tx
    .selectFrom('artifact_child')
    .select('parent_id')
    .where('child_id', '=', id)
    .limit(1)
    .executeTakeFirst()
  if (parent !== undefined) return false
  const tags = rows.map(({ name }) => name)
  return await passes(gates.tag, { reader: tx, projectId, repositoryName, tags, departure: 'delete', ...by })
}

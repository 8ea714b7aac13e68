import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Selectable } from 'kysely'
import type { Reader, Writer } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import type { SubjectReviewTable } from '../../database/schema/trash.ts'
import { rested } from '../../runtime/rested.ts'
import { faultPoint } from '../../runtime/fault-points.ts'
import type { Actor } from '../access/actor.ts'
import { gates, passes } from '../policies/gates.ts'
import { accessoryTagsOf } from './accessories.ts'
import {
  lockArtifacts,
  removeArtifacts,
  type DeleteServices,
  type LockedArtifact,
  type Removal,
} from './remove-artifacts.ts'

/** Manifests looked at in one transaction: few, so that pushes get their turn. */
const perTransaction = 20

const upsertReview = preparedQuery<{ artifactId: number; reviewAfter: number }, unknown>((db, param) =>
  db
    .insertInto('artifact_review')
    .values({ artifact_id: param('artifactId'), orphan: 0, part_of: null, review_after: param('reviewAfter') })
    .onConflict((conflict) => conflict.column('artifact_id').doNothing()),
)

/** Notes down that the artifact has no tag, or may have lost its last one: deleting what is untagged begins here. */
export async function reviewArtifact(tx: Writer, artifactId: number, reviewAfter: number): Promise<void> {
  await upsertReview.run(tx, { artifactId, reviewAfter })
}

export interface Following {
  /** Artifacts and subjects looked at, at the most. */
  readonly most: number
  /** Of one repository alone. */
  readonly repositoryId?: number
  readonly actor: Actor
  readonly signal?: AbortSignal | undefined
}

export interface Followed {
  /** How much was looked at; less than `most` means that nothing is left. */
  readonly looked: number
  readonly deleted: number
}

/**
 * Lets what belonged to deleted artifacts follow them: children of an index that have no tag and are in no other, and
 * referrers of a subject that is gone. What they leave behind follows in turn, however deep: the queue is in the
 * database, and each transaction takes a bounded part of it.
 */
export async function followDeletions(services: DeleteServices, following: Following): Promise<Followed> {
  let looked = 0
  let deleted = 0
  while (looked < following.most && following.signal?.aborted !== true) {
    const most = Math.min(perTransaction, following.most - looked)
    const orphans = await rested(() =>
      deleteReviewed(services, { ...following, most, orphan: 1, youngerThan: Infinity }),
    )
    const referrers = await rested(() => followSubject(services, { ...following, most }))
    looked += orphans.looked + referrers.looked
    deleted += orphans.deleted + referrers.deleted
    if (orphans.looked + referrers.looked === 0) break
  }
  return { looked, deleted }
}

/**
 * Deletes manifests without a tag that no index and no subject of the repository holds, `most` at the most. What was
 * pushed within `spareMs` may belong to a push under way and waits.
 */
export async function deleteUntagged(
  services: DeleteServices,
  { spareMs, ...following }: Following & { readonly spareMs: number },
): Promise<Followed> {
  let looked = 0
  let deleted = 0
  while (looked < following.most && following.signal?.aborted !== true) {
    const most = Math.min(perTransaction, following.most - looked)
    const youngerThan = services.clock.now() - spareMs
    const reviewing = { ...following, most, orphan: 0, youngerThan, spareMs } as const
    const step = await rested(() => deleteReviewed(services, reviewing))
    looked += step.looked
    deleted += step.deleted
    if (step.looked === 0) break
  }
  return { looked, deleted }
}

interface ReviewRow {
  readonly artifact_id: number
  readonly part_of: number | null
  readonly review_after: number
  readonly repository_id: number | null
  readonly repository: string | null
  readonly project_id: number | null
}

interface Reviewing extends Following {
  readonly orphan: 0 | 1
  /** Untagged manifests pushed later than that wait. */
  readonly youngerThan: number
  readonly spareMs?: number
}

function dueReviews(reader: Reader, { orphan, repositoryId, most }: Reviewing, now: number): Promise<ReviewRow[]> {
  let query = reader
    .selectFrom('artifact_review')
    .leftJoin('artifact', 'artifact.id', 'artifact_review.artifact_id')
    .leftJoin('repository', 'repository.id', 'artifact.repository_id')
    .select(['artifact_id', 'part_of', 'review_after', 'artifact.repository_id', 'repository.project_id'])
    .select('repository.name as repository')
    .where('orphan', '=', orphan)
    .where('review_after', '<=', now)
    .orderBy('review_after')
    .limit(most)
  if (repositoryId !== undefined) query = query.where('artifact.repository_id', '=', repositoryId)
  return query.execute()
}

async function deleteReviewed(services: DeleteServices, reviewing: Reviewing): Promise<Followed> {
  const { database, clock } = services
  const due = await dueReviews(database.read, reviewing, clock.now())
  const byRepository = Map.groupBy(due, (row) => row.repository_id)
  let deleted = 0
  for (const [repositoryId, rows] of byRepository) {
    deleted += await database.write(async (tx) => {
      const ids = rows.map((row) => row.artifact_id)
      await tx.deleteFrom('artifact_review').where('artifact_id', 'in', ids).execute()
      if (repositoryId === null) return 0
      const { project_id: projectId, repository } = rows[0]!
      const removal = { projectId: projectId!, repositoryId, repository: repository!, actor: reviewing.actor }
      const locked = await lockArtifacts(database, tx, repositoryId, ids)
      const free = await withoutUse(tx, repositoryId, locked)
      const rowOf = new Map(rows.map((row) => [row.artifact_id, row]))
      let gone = 0
      for (const [partOf, group] of Map.groupBy(free, ({ id }) => rowOf.get(id)!.part_of)) {
        // What was pushed again since what it belonged to was deleted belongs to somebody else.
        const since = (artifact: LockedArtifact) =>
          reviewing.orphan === 1 ? rowOf.get(artifact.id)!.review_after : reviewing.youngerThan
        const [young, old] = [
          group.filter((artifact) => artifact.pushed_at > since(artifact)),
          group.filter((artifact) => artifact.pushed_at <= since(artifact)),
        ]
        for (const { id, pushed_at: pushedAt } of young) {
          await reviewArtifact(tx, id, pushedAt + (reviewing.spareMs ?? 0))
        }
        await removeAndTell(services, tx, { ...removal, partOf: partOf ?? undefined }, old)
        gone += old.length
      }
      return gone
    })
  }
  return { looked: due.length, deleted }
}

/** Those that have no tag, are in no index, and refer to nothing that is there. */
async function withoutUse(
  tx: Writer,
  repositoryId: number,
  artifacts: readonly LockedArtifact[],
): Promise<readonly LockedArtifact[]> {
  if (artifacts.length === 0) return []
  const ids = artifacts.map(({ id }) => id)
  const tagged = await tx.selectFrom('tag').select('artifact_id as id').where('artifact_id', 'in', ids).execute()
  const contained = await tx
    .selectFrom('artifact_child')
    .select('child_id as id')
    .where('child_id', 'in', ids)
    .execute()
  const subjects = artifacts.map((artifact) => artifact.subject_digest).filter((digest) => digest !== null)
  const living =
    subjects.length === 0
      ? []
      : await tx
          .selectFrom('artifact')
          .select('digest')
          .where('repository_id', '=', repositoryId)
          .where('digest', 'in', subjects)
          .execute()
  const used = new Set([...tagged, ...contained].map(({ id }) => id))
  const there = new Set(living.map(({ digest }) => digest))
  return artifacts.filter(
    ({ id, subject_digest: subject }) => !used.has(id) && !(subject !== null && there.has(subject)),
  )
}

async function removeAndTell(
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

/** One page of the referrers of one deleted subject. */
async function followSubject(services: DeleteServices, { repositoryId, actor, most }: Following): Promise<Followed> {
  const { database } = services
  let query = database.read
    .selectFrom('subject_review')
    .leftJoin('repository', 'repository.id', 'subject_review.repository_id')
    .selectAll('subject_review')
    .select(['repository.name as repository', 'repository.project_id'])
    .limit(1)
  if (repositoryId !== undefined) query = query.where('repository_id', '=', repositoryId)
  const row = await query.executeTakeFirst()
  if (row === undefined) return { looked: 0, deleted: 0 }
  const { repository, project_id: projectId } = row
  return await database.write(async (tx) => {
    const page = repository === null || (await isThere(tx, row)) ? [] : await referrersOf(tx, row, most)
    const locked = page.length === 0 ? [] : await lockArtifacts(database, tx, row.repository_id, page)
    const going: LockedArtifact[] = []
    if (repository !== null && projectId !== null) {
      const where = { projectId, repositoryName: repository as RepositoryName }
      for (const artifact of locked) {
        if (artifact.pushed_at <= row.deleted_at && (await mayFollow(tx, where, row.digest as Digest, artifact)))
          going.push(artifact)
      }
      const removal = {
        projectId,
        repositoryId: row.repository_id,
        repository,
        actor,
        partOf: row.part_of ?? undefined,
      }
      await removeAndTell(services, tx, removal, going)
    }
    const ofRow = { repository_id: row.repository_id, digest: row.digest, deleted_at: row.deleted_at }
    if (page.length < most) {
      await tx
        .deleteFrom('subject_review')
        .where((eb) => eb.and(ofRow))
        .execute()
    } else {
      await tx
        .updateTable('subject_review')
        .set({ followed_to: locked.reduce((last, { digest }) => (digest > last ? digest : last), row.followed_to) })
        .where((eb) => eb.and(ofRow))
        .execute()
    }
    return { looked: Math.max(1, page.length), deleted: going.length }
  })
}

type Subject = Selectable<SubjectReviewTable>

async function isThere(tx: Writer, { repository_id: repositoryId, digest }: Subject): Promise<boolean> {
  const row = await tx
    .selectFrom('artifact')
    .select('id')
    .where('repository_id', '=', repositoryId)
    .where('digest', '=', digest)
    .executeTakeFirst()
  return row !== undefined
}

/** Ids, in the order of digests behind the last page; on the last page also those that say by a tag whom they belong to. */
async function referrersOf(tx: Writer, subject: Subject, most: number): Promise<number[]> {
  const { repository_id: repositoryId, digest, followed_to: followedTo } = subject
  const rows = await tx
    .selectFrom('artifact')
    .select('id')
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', digest)
    .where('digest', '>', followedTo)
    .orderBy('digest')
    .limit(most)
    .execute()
  const ids = rows.map(({ id }) => id)
  const names = accessoryTagsOf(digest as Digest)
  if (ids.length >= most || names.length === 0) return ids
  const byTag = await tx
    .selectFrom('tag')
    .select('artifact_id')
    .where('repository_id', '=', repositoryId)
    .where('name', 'in', names)
    .execute()
  return [...new Set([...ids, ...byTag.map((row) => row.artifact_id)])]
}

/** Nothing names it but tags that say whom it belongs to, and no index holds it. */
async function mayFollow(
  tx: Writer,
  where: { readonly projectId: number; readonly repositoryName: RepositoryName },
  subject: Digest,
  { id }: LockedArtifact,
): Promise<boolean> {
  const rows = await tx.selectFrom('tag').select('name').where('artifact_id', '=', id).limit(4).execute()
  const names = accessoryTagsOf(subject)
  if (!rows.every(({ name }) => names.includes(name))) return false
  const parent = await tx
    .selectFrom('artifact_child')
    .select('parent_id')
    .where('child_id', '=', id)
    .limit(1)
    .executeTakeFirst()
  if (parent !== undefined) return false
  return await passes(gates.tag, { reader: tx, ...where, tags: rows.map(({ name }) => name) })
}

import type { Reader, Writer } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import { thenRest } from '../../runtime/then-rest.ts'
import type { Actor } from '../access/actor.ts'
import { followSubject } from './follow-subject.ts'
import { lockArtifacts, removeAndTell, type DeleteServices, type LockedArtifact } from './remove-artifacts.ts'

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
  readonly max: number
  /** Of one repository alone. */
  readonly repositoryId?: number
  readonly actor: Actor
  readonly signal?: AbortSignal | undefined
}

export interface Followed {
  /** How much was looked at; less than `max` means that nothing is left. */
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
  while (looked < following.max && following.signal?.aborted !== true) {
    const max = Math.min(perTransaction, following.max - looked)
    const orphans = await thenRest(() =>
      deleteReviewed(services, { ...following, max, orphan: 1, youngerThan: Infinity }),
    )
    const referrers = await thenRest(() => followSubject(services, { ...following, max }))
    looked += orphans.looked + referrers.looked
    deleted += orphans.deleted + referrers.deleted
    if (orphans.looked + referrers.looked === 0) break
  }
  return { looked, deleted }
}

/**
 * Deletes manifests without a tag that no index and no subject of the repository holds, `max` at the most. What was
 * pushed within `spareMs` may belong to a push under way and waits.
 */
export async function deleteUntagged(
  services: DeleteServices,
  { spareMs, ...following }: Following & { readonly spareMs: number },
): Promise<Followed> {
  let looked = 0
  let deleted = 0
  while (looked < following.max && following.signal?.aborted !== true) {
    const max = Math.min(perTransaction, following.max - looked)
    const youngerThan = services.clock.now() - spareMs
    const reviewing = { ...following, max, orphan: 0, youngerThan, spareMs } as const
    const step = await thenRest(() => deleteReviewed(services, reviewing))
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

function dueReviews(reader: Reader, { orphan, repositoryId, max }: Reviewing, now: number): Promise<ReviewRow[]> {
  let query = reader
    .selectFrom('artifact_review')
    .leftJoin('artifact', 'artifact.id', 'artifact_review.artifact_id')
    .leftJoin('repository', 'repository.id', 'artifact.repository_id')
    .select(['artifact_id', 'part_of', 'review_after', 'artifact.repository_id', 'repository.project_id'])
    .select('repository.name as repository')
    .where('orphan', '=', orphan)
    .where('review_after', '<=', now)
    .orderBy('review_after')
    .limit(max)
  if (repositoryId !== undefined) query = query.where('artifact.repository_id', '=', repositoryId)
  return query.execute()
}

async function deleteReviewed(services: DeleteServices, reviewing: Reviewing): Promise<Followed> {
  const { database, clock } = services
  const due = await dueReviews(database.read, reviewing, clock.now())
  let deleted = 0
  for (const [repositoryId, rows] of Map.groupBy(due, (row) => row.repository_id)) {
    deleted += await database.write((tx) => deleteReviewedOf(services, tx, reviewing, { repositoryId, rows }))
  }
  return { looked: due.length, deleted }
}

/** Those of one repository, in one transaction; `repositoryId` is null when it is gone. Returns how many went. */
async function deleteReviewedOf(
  services: DeleteServices,
  tx: Writer,
  reviewing: Reviewing,
  { repositoryId, rows }: { readonly repositoryId: number | null; readonly rows: readonly ReviewRow[] },
): Promise<number> {
  const rowOf = new Map(rows.map((row) => [row.artifact_id, row]))
  const ids = [...rowOf.keys()]
  await tx.deleteFrom('artifact_review').where('artifact_id', 'in', ids).execute()
  if (repositoryId === null) return 0
  const { project_id: projectId, repository } = rows[0]!
  const removal = { projectId: projectId!, repositoryId, repository: repository!, actor: reviewing.actor }
  const free = await withoutUse(tx, repositoryId, await lockArtifacts(services.database, tx, repositoryId, ids))
  const isYoung = ({ id, pushed_at: pushedAt }: LockedArtifact) => pushedAt > sparedSince(rowOf.get(id)!, reviewing)
  for (const { id, pushed_at: pushedAt } of free.filter(isYoung)) {
    await reviewArtifact(tx, id, pushedAt + (reviewing.spareMs ?? 0))
  }
  const going = free.filter((artifact) => !isYoung(artifact))
  for (const [partOf, group] of Map.groupBy(going, ({ id }) => rowOf.get(id)!.part_of)) {
    await removeAndTell(services, tx, { ...removal, partOf: partOf ?? undefined }, group)
  }
  return going.length
}

/** What was pushed later stays: an orphan that was pushed again belongs to somebody else by now. */
function sparedSince({ review_after: deletedAt }: ReviewRow, { orphan, youngerThan }: Reviewing): number {
  return orphan === 1 ? deletedAt : youngerThan
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

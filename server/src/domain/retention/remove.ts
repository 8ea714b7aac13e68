import type { Database, Writer } from '../../database/database.ts'
import { lockRows } from '../../database/locking.ts'
import type { Admission } from '../access/admission.ts'
import { deleteManifestWithin, untagWithin, type DeleteServices } from '../artifacts/delete.ts'
import { followDeletions } from '../artifacts/orphans.ts'
import { DomainError } from '../errors.ts'
import type { Candidate, CandidateTag } from './evaluation.ts'

/** Runs one transaction. */
export type Transact = <T>(work: (tx: Writer) => Promise<T>) => Promise<T>

/**
 * Deletes an artifact unless it was pushed, pulled or tagged since the decision.
 * @throws DomainError CONFLICT when it changed, MANIFEST_UNKNOWN when it is gone, PRECONDITION (immutable), REFERENCED
 */
export async function removeArtifact(
  services: DeleteServices,
  admission: Admission<'delete'>,
  candidate: Candidate,
  transact: Transact,
): Promise<void> {
  await transact(async (tx) => {
    await assertUnchanged(services.database, tx, candidate)
    await deleteManifestWithin(services, tx, admission, candidate.digest)
  })
}

/** The limit of followers of one call. The next call and garbage collection do the rest. */
const followedAtOnce = 1_000

/**
 * Deletes the followers of removed artifacts: the manifests of an index that no other index and no tag names,
 * signatures and attestations.
 */
export async function removeOrphans(services: DeleteServices, admission: Admission<'delete'>): Promise<void> {
  const { repositoryId, actor } = admission
  if (repositoryId === undefined) return
  await followDeletions(services, { max: followedAtOnce, repositoryId, actor })
}

/** @throws DomainError CONFLICT when it was moved meanwhile, MANIFEST_UNKNOWN when it is gone, PRECONDITION (immutable) */
export async function removeTag(
  services: DeleteServices,
  admission: Admission<'delete'>,
  { candidate: { artifactId }, tag }: { readonly candidate: Candidate; readonly tag: CandidateTag },
  transact: Transact,
): Promise<void> {
  await transact(async (tx) => {
    const query = tx.selectFrom('tag').select(['artifact_id', 'pushed_at', 'pulled_at']).where('id', '=', tag.id)
    const row = await lockRows(services.database, query).executeTakeFirst()
    if (row !== undefined && (row.artifact_id !== artifactId || !isOfTime(row, tag))) throw changedMeanwhile()
    await untagWithin(services, tx, admission, tag.name)
  })
}

interface Times {
  readonly pushed_at: number
  readonly pulled_at: number | null
}

const isOfTime = (row: Times, { pushedAt, pulledAt }: { pushedAt: number; pulledAt: number | undefined }): boolean =>
  row.pushed_at === pushedAt && (row.pulled_at ?? undefined) === pulledAt

async function assertUnchanged(database: Database, tx: Writer, candidate: Candidate): Promise<void> {
  const query = tx.selectFrom('artifact').select(['pushed_at', 'pulled_at']).where('id', '=', candidate.artifactId)
  const artifact = await lockRows(database, query).executeTakeFirst()
  if (artifact === undefined) return
  const { count, latest } = await tx
    .selectFrom('tag')
    .select((eb) => [
      eb.fn.countAll<number | string>().as('count'),
      eb.fn.max<number | string | null>('pushed_at').as('latest'),
    ])
    .where('artifact_id', '=', candidate.artifactId)
    .executeTakeFirstOrThrow()
  const latestSeen = candidate.tags.reduce((time, tag) => Math.max(time, tag.pushedAt), 0)
  const sameTags = Number(count) === candidate.tags.length && Number(latest ?? 0) === latestSeen
  if (!sameTags || !isOfTime(artifact, candidate)) throw changedMeanwhile()
}

function changedMeanwhile(): DomainError {
  return new DomainError('CONFLICT', 'it was pushed, pulled or tagged meanwhile; the next run decides about it')
}

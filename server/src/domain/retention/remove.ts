import type { Digest } from '#contract/digest.ts'
import { sql, type SqlBool } from 'kysely'
import type { Database, Reader, Writer } from '../../database/database.ts'
import { lockRows } from '../../database/locking.ts'
import type { Admission } from '../access/admission.ts'
import { derivedTagsOf } from '../artifacts/accessories.ts'
import { deleteManifestWithin, untagWithin, type DeleteServices } from '../artifacts/delete.ts'
import { DomainError } from '../errors.ts'
import type { Candidate, CandidateTag } from './evaluation.ts'

/** Parts that go in the transaction of the whole; an artifact with more loses the rest behind it. */
const partsPerStep = 100

/**
 * Deletes an artifact that nobody has pushed, pulled or tagged since it was decided upon, and with it what was only
 * there for its sake: the manifests of an index that no other index and no tag names, signatures and attestations.
 * @throws DomainError CONFLICT when it changed, MANIFEST_UNKNOWN when it is gone, PRECONDITION (immutable), REFERENCED
 */
export async function removeArtifact(
  services: DeleteServices,
  admission: Admission<'delete'>,
  candidate: Candidate,
): Promise<void> {
  const { database } = services
  let left = await database.write(async (tx) => {
    await assertUnchanged(database, tx, candidate)
    const parts: Parts = { children: await childrenOf(tx, [candidate.artifactId]), subjects: [candidate.digest] }
    await deleteManifestWithin(services, tx, admission, candidate.digest)
    return await deleteParts(services, tx, admission, parts)
  })
  while (left !== undefined) {
    const parts = left
    left = await database.write(async (tx) => await deleteParts(services, tx, admission, parts))
  }
}

/** @throws DomainError CONFLICT when it was moved meanwhile, MANIFEST_UNKNOWN when it is gone, PRECONDITION (immutable) */
export async function removeTag(
  services: DeleteServices,
  admission: Admission<'delete'>,
  { artifactId }: Candidate,
  tag: CandidateTag,
): Promise<void> {
  const { database } = services
  await database.write(async (tx) => {
    const query = tx.selectFrom('tag').select(['artifact_id', 'pushed_at', 'pulled_at']).where('id', '=', tag.id)
    const row = await lockRows(database, query).executeTakeFirst()
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

/** What may have nobody left that needs it. */
interface Parts {
  /** Manifests of indexes that are gone. */
  readonly children: readonly Part[]
  /** Digests that are gone, to which others may belong. */
  readonly subjects: readonly Digest[]
}

interface Part {
  readonly id: number
  readonly digest: Digest
}

/** Undefined when nothing is left. */
async function deleteParts(
  services: DeleteServices,
  tx: Writer,
  admission: Admission<'delete'>,
  parts: Parts,
): Promise<Parts | undefined> {
  const children = [...parts.children]
  const subjects = [...parts.subjects]
  let deleted = 0
  while (subjects.length > 0 || children.length > 0) {
    if (deleted >= partsPerStep) return { children, subjects }
    const [subject] = subjects
    const unneeded =
      subject === undefined
        ? await unneededOf(tx, children.splice(0, partsPerStep))
        : await belongingsOf(tx, admission.repositoryId ?? -1, subject)
    if (unneeded.length === 0) {
      subjects.shift()
      continue
    }
    children.push(...(await childrenOf(tx, idsOf(unneeded))))
    for (const { digest } of unneeded) {
      await deleteManifestWithin(services, tx, admission, digest)
      subjects.push(digest)
    }
    deleted += unneeded.length
  }
  return undefined
}

async function childrenOf(reader: Reader, ids: readonly number[]): Promise<Part[]> {
  if (ids.length === 0) return []
  const rows = await reader
    .selectFrom('artifact_child')
    .innerJoin('artifact', 'artifact.id', 'artifact_child.child_id')
    .select(['artifact.id', 'artifact.digest'])
    .where('artifact_child.parent_id', 'in', ids)
    .execute()
  return rows.map(partOf)
}

const isInNoIndex = sql<SqlBool>`not exists (select 1 from artifact_child where artifact_child.child_id = artifact.id)`

/** Those of the children that neither a tag nor another index names. */
async function unneededOf(reader: Reader, children: readonly Part[]): Promise<Part[]> {
  if (children.length === 0) return []
  const rows = await reader
    .selectFrom('artifact')
    .select(['id', 'digest'])
    .where('id', 'in', idsOf(children))
    .where(sql<SqlBool>`not exists (select 1 from tag where tag.artifact_id = artifact.id)`)
    .where(isInNoIndex)
    .execute()
  return rows.map(partOf)
}

/** Some of what belongs to the subject and has no other name than those that tools derive from the subject's. */
async function belongingsOf(reader: Reader, repositoryId: number, subject: Digest): Promise<Part[]> {
  const derived = derivedTagsOf(subject).map(({ tag }) => tag)
  const ownNames = derived.length === 0 ? sql`select null where 1 = 0` : sql.join(derived.map((tag) => sql.val(tag)))
  const hasNoOtherName = sql<SqlBool>`not exists (
    select 1 from tag where tag.artifact_id = artifact.id and tag.name not in (${ownNames}))`
  const bySubject = await reader
    .selectFrom('artifact')
    .select(['id', 'digest'])
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', subject)
    .where(hasNoOtherName)
    .where(isInNoIndex)
    .limit(partsPerStep)
    .execute()
  if (bySubject.length > 0 || derived.length === 0) return bySubject.map(partOf)
  const byTag = await reader
    .selectFrom('tag')
    .innerJoin('artifact', 'artifact.id', 'tag.artifact_id')
    .select(['artifact.id', 'artifact.digest'])
    .distinct()
    .where('tag.repository_id', '=', repositoryId)
    .where('tag.name', 'in', derived)
    .where(hasNoOtherName)
    .where(isInNoIndex)
    .execute()
  return byTag.map(partOf)
}

const partOf = ({ id, digest }: { id: number; digest: string }): Part => ({ id, digest: digest as Digest })
const idsOf = (parts: readonly Part[]): number[] => parts.map(({ id }) => id)

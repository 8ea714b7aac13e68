import type { Digest } from '#contract/digest.ts'
import type { TagName } from '#contract/reference.ts'
import type { Database, Writer } from '../../database/database.ts'
import type { Admission } from '../access/admission.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import { recordEvent } from '../events.ts'
import { assertTagsMutable } from '../policies/immutability.ts'
import { contentOf, releaseContent } from '../quotas/project-usage.ts'
import { repositoryUnknown } from './repository-list.ts'
import { recordTagMove } from './tag-history.ts'

export interface DeleteServices {
  readonly database: Database
  readonly clock: Clock
}

/**
 * Removes the artifact and every tag that names it. Rows only: the bytes of its blobs are looked at by
 * garbage collection (invariant 2).
 * @throws DomainError MANIFEST_UNKNOWN, REFERENCED while an index of the repository contains it, PRECONDITION while a
 *   tag of it is immutable
 */
export async function deleteManifest(
  services: DeleteServices,
  admission: Admission<'delete'>,
  digest: Digest,
): Promise<void> {
  await services.database.write(async (tx) => await deleteManifestWithin(services, tx, admission, digest))
}

/** The same as a part of a larger change. */
export async function deleteManifestWithin(
  { database, clock }: DeleteServices,
  tx: Writer,
  admission: Admission<'delete'>,
  digest: Digest,
): Promise<void> {
  const artifact = await tx
    .selectFrom('artifact')
    .select('id')
    .where('repository_id', '=', admission.repositoryId ?? -1)
    .where('digest', '=', digest)
    .executeTakeFirst()
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
  const tags = await tx
    .selectFrom('tag')
    .select('name')
    .where('artifact_id', '=', artifact.id)
    .orderBy('name')
    .execute()
  await assertTagsMutable(
    tx,
    admission,
    tags.map((tag) => tag.name),
  )
  await reviewBlobsOf(tx, artifact.id, clock.now())
  await deleteArtifacts(database, tx, admission.projectId, [artifact.id])
  const moved = { repositoryId: admission.repositoryId ?? -1, digest: undefined, movedAt: clock.now() }
  for (const { name } of tags) await recordTagMove(tx, admission.actor, { ...moved, tag: name })
  await recordEvent(tx, clock, admission.actor, {
    type: 'delete_artifact',
    projectId: admission.projectId,
    repository: admission.repositoryName,
    digest,
    tags: tags.map((tag) => tag.name),
  })
}

/**
 * Removes the name; the artifact stays and is reachable by its digest.
 * @throws DomainError MANIFEST_UNKNOWN, PRECONDITION (the tag is immutable)
 */
export async function untag(services: DeleteServices, admission: Admission<'delete'>, tag: TagName): Promise<void> {
  await services.database.write(async (tx) => await untagWithin(services, tx, admission, tag))
}

/** The same as a part of a larger change. */
export async function untagWithin(
  { clock }: DeleteServices,
  tx: Writer,
  admission: Admission<'delete'>,
  tag: string,
): Promise<void> {
  const removed = await tx
    .deleteFrom('tag')
    .where('repository_id', '=', admission.repositoryId ?? -1)
    .where('name', '=', tag)
    .returning('artifact_id')
    .executeTakeFirst()
  if (removed === undefined) throw manifestUnknown(admission, tag)
  await assertTagsMutable(tx, admission, [tag])
  const moved = { repositoryId: admission.repositoryId ?? -1, digest: undefined, movedAt: clock.now() }
  await recordTagMove(tx, admission.actor, { ...moved, tag })
  const artifact = await tx
    .selectFrom('artifact')
    .select('digest')
    .where('id', '=', removed.artifact_id)
    .executeTakeFirstOrThrow()
  await recordEvent(tx, clock, admission.actor, {
    type: 'delete_tag',
    projectId: admission.projectId,
    repository: admission.repositoryName,
    digest: artifact.digest,
    tag,
  })
}

/**
 * Removes the repository with everything in it. Rows only, as for one artifact; a repository of many goes in several
 * transactions, so that others get their turn in between.
 * @throws DomainError REPOSITORY_UNKNOWN, PRECONDITION while a tag in it is immutable
 */
export async function deleteRepository(services: DeleteServices, admission: Admission<'delete'>): Promise<void> {
  const { database, clock } = services
  const { repositoryId, repositoryName: repository, projectId } = admission
  if (repositoryId === undefined) throw repositoryUnknown(repository)
  await assertAllTagsMutable(database, admission, repositoryId)
  while (!(await database.write((tx) => deleteSome(database, tx, { projectId, repositoryId, now: clock.now() }))));
  await database.write(async (tx) => {
    const left = await tx
      .selectFrom('artifact')
      .select('id')
      .where('repository_id', '=', repositoryId)
      .limit(1)
      .executeTakeFirst()
    if (left !== undefined) throw new DomainError('CONFLICT', `${repository} was pushed to meanwhile; delete it again`)
    const now = clock.now()
    await reviewLinksOf(tx, repositoryId, now)
    const uploads = await tx
      .updateTable('upload')
      .set({ expires_at: now })
      .where('repository_id', '=', repositoryId)
      .executeTakeFirst()
    // Their row knows which bytes to forget: the repository stays for them, empty and shown to nobody.
    if (uploads.numUpdatedRows === 0n) await tx.deleteFrom('repository').where('id', '=', repositoryId).execute()
    else
      await tx
        .updateTable('repository')
        .set({ description: '', pull_count: 0 })
        .where('id', '=', repositoryId)
        .execute()
    await recordEvent(tx, clock, admission.actor, { type: 'delete_repository', projectId, repository })
  })
}

const artifactsPerStep = 200

/** True when nothing is left to delete. */
async function deleteSome(
  database: Database,
  tx: Writer,
  { projectId, repositoryId, now }: { projectId: number; repositoryId: number; now: number },
): Promise<boolean> {
  const rows = await tx
    .selectFrom('artifact')
    .select('id')
    .where('repository_id', '=', repositoryId)
    .orderBy('id', 'desc') // indexes come after their children
    .limit(artifactsPerStep)
    .execute()
  for (const { id } of rows) await reviewBlobsOf(tx, id, now)
  if (rows.length > 0) {
    const ids = rows.map(({ id }) => id)
    await deleteArtifacts(database, tx, projectId, ids)
  }
  return rows.length < artifactsPerStep
}

async function deleteArtifacts(
  database: Database,
  tx: Writer,
  projectId: number,
  ids: readonly number[],
): Promise<void> {
  const content = await contentOf(tx, ids)
  await tx.deleteFrom('artifact').where('id', 'in', ids).execute()
  await releaseContent(database, tx, projectId, content)
}

const tagsPerLook = 1_000

/** Page by page: a repository may have more tags than fit into memory at once. */
async function assertAllTagsMutable(
  database: Database,
  admission: Admission<'delete'>,
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
    await assertTagsMutable(database.read, admission, tags)
    if (rows.length < tagsPerLook) return
    last = tags.at(-1)!
  }
}

/** Queues a second look at every link of the repository: nothing holds them any more. */
async function reviewLinksOf(tx: Writer, repositoryId: number, now: number): Promise<void> {
  await tx
    .insertInto('link_review')
    .columns(['repository_id', 'digest', 'review_after'])
    .expression((eb) =>
      eb
        .selectFrom('repository_blob')
        .select((select) => ['repository_id', 'digest', select.val(now).as('review_after')])
        .where('repository_id', '=', repositoryId),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['repository_id', 'digest'])
        .doUpdateSet((eb) => ({ review_after: eb.ref('excluded.review_after') })),
    )
    .execute()
}

/** Queues a second look at every blob that the artifact held, in one statement however many there are. */
async function reviewBlobsOf(tx: Writer, artifactId: number, now: number): Promise<void> {
  await tx
    .insertInto('link_review')
    .columns(['repository_id', 'digest', 'review_after'])
    .expression((eb) =>
      eb
        .selectFrom('artifact_blob')
        .select((select) => ['repository_id', 'digest', select.val(now).as('review_after')])
        .where('artifact_id', '=', artifactId),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['repository_id', 'digest'])
        .doUpdateSet((eb) => ({ review_after: eb.ref('excluded.review_after') })),
    )
    .execute()
}

function manifestUnknown(admission: Admission, reference: string): DomainError {
  return new DomainError('MANIFEST_UNKNOWN', `${admission.repositoryName} has no manifest ${reference}`, {
    detail: { name: admission.repositoryName, reference },
  })
}

import type { Digest } from '#contract/digest.ts'
import type { Database, Writer } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import { batches } from '../lists/batches.ts'

/** The upload that brings a blob, and its actor. */
export interface BringingUpload {
  readonly uploadId: string
  readonly uploadedBy: string
}

interface NewLink {
  repositoryId: number
  digest: string
  protectedUntil: number
  now: number
  uploadId: string | null
  uploadedBy: string | null
}

const upsertLink = preparedQuery<NewLink, unknown>((db, param) =>
  db
    .insertInto('repository_blob')
    .values({
      repository_id: param('repositoryId'),
      digest: param('digest'),
      protected_until: param('protectedUntil'),
      created_at: param('now'),
      upload_id: param('uploadId'),
      uploaded_by: param('uploadedBy'),
    })
    .onConflict((conflict) =>
      conflict.columns(['repository_id', 'digest']).doUpdateSet((eb) => ({
        protected_until: eb.ref('excluded.protected_until'),
        upload_id: eb.fn.coalesce('excluded.upload_id', 'repository_blob.upload_id'),
        uploaded_by: eb.fn.coalesce('excluded.uploaded_by', 'repository_blob.uploaded_by'),
      })),
    ),
)

const upsertReview = preparedQuery<{ repositoryId: number; digest: string; reviewAfter: number }, unknown>(
  (db, param) =>
    db
      .insertInto('link_review')
      .values({ repository_id: param('repositoryId'), digest: param('digest'), review_after: param('reviewAfter') })
      .onConflict((conflict) =>
        conflict
          .columns(['repository_id', 'digest'])
          .doUpdateSet((eb) => ({ review_after: eb.ref('excluded.review_after') })),
      ),
)

/**
 * Makes `digest` readable through the repository, or renews the lease of the link that does. Until
 * `protectedUntil` (ms) garbage collection leaves the link alone, so that a client has the time to push
 * the manifest that will hold it. The link keeps `upload`, for a client that asks again for its answer.
 */
export async function linkBlob(
  tx: Writer,
  link: { repositoryId: number; digest: Digest; protectedUntil: number; now: number },
  upload?: BringingUpload,
): Promise<void> {
  const { uploadId = null, uploadedBy = null } = upload ?? {}
  await upsertLink.run(tx, { ...link, uploadId, uploadedBy })
  await reviewLink(tx, link.repositoryId, link.digest, link.protectedUntil)
}

/** Asks garbage collection to look at the link once `reviewAfter` (ms) has passed; a later date wins over an earlier one. */
export async function reviewLink(tx: Writer, repositoryId: number, digest: string, reviewAfter: number): Promise<void> {
  await upsertReview.run(tx, { repositoryId, digest, reviewAfter })
}

/**
 * Keeps the link of a blob that a client has just been told about from being collected before its manifest
 * arrives. Returns false when the link is gone.
 */
export async function renewLease(
  database: Database,
  link: { repositoryId: number; digest: Digest },
  now: number,
  leaseMs: number,
): Promise<boolean> {
  return await database.write(async (tx) => {
    const until = now + leaseMs
    const renewed = await tx
      .updateTable('repository_blob')
      .set({ protected_until: until })
      .where('repository_id', '=', link.repositoryId)
      .where('digest', '=', link.digest)
      .executeTakeFirst()
    if (renewed.numUpdatedRows === 0n) return false
    await reviewLink(tx, link.repositoryId, link.digest, until)
    return true
  }, 'relaxed')
}

/**
 * Takes links out of the repository that no manifest holds and nobody has a lease on, and asks garbage collection to
 * look at all of them. The caller has locked blobs and links, in the order of their digests.
 */
export async function unlinkUnused(
  tx: Writer,
  repositoryId: number,
  digests: readonly string[],
  now: number,
): Promise<void> {
  for (const batch of batches(digests)) {
    await tx
      .deleteFrom('repository_blob')
      .where('repository_id', '=', repositoryId)
      .where('digest', 'in', batch)
      .where('protected_until', '<=', now)
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom('artifact_blob')
              .select('artifact_id')
              .whereRef('artifact_blob.repository_id', '=', 'repository_blob.repository_id')
              .whereRef('artifact_blob.digest', '=', 'repository_blob.digest'),
          ),
        ),
      )
      .execute()
    await reviewLinks(tx, repositoryId, batch, now)
  }
}

/** Of digests that no repository is asked about: only whether anything still needs the blob. */
export const noRepository = 0

/** As `reviewLink`, of many at once: 500 at the most. */
export async function reviewLinks(
  tx: Writer,
  repositoryId: number,
  digests: readonly string[],
  reviewAfter: number,
): Promise<void> {
  if (digests.length === 0) return
  await tx
    .insertInto('link_review')
    .values(digests.map((digest) => ({ repository_id: repositoryId, digest, review_after: reviewAfter })))
    .onConflict((conflict) =>
      conflict
        .columns(['repository_id', 'digest'])
        .doUpdateSet((eb) => ({ review_after: eb.ref('excluded.review_after') })),
    )
    .execute()
}

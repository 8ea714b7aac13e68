import type { Digest } from '#contract/digest.ts'
import type { Database, Writer } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'

const upsertLink = preparedQuery<
  { repositoryId: number; digest: string; protectedUntil: number; now: number },
  unknown
>((db, param) =>
  db
    .insertInto('repository_blob')
    .values({
      repository_id: param('repositoryId'),
      digest: param('digest'),
      protected_until: param('protectedUntil'),
      created_at: param('now'),
    })
    .onConflict((conflict) =>
      conflict
        .columns(['repository_id', 'digest'])
        .doUpdateSet((eb) => ({ protected_until: eb.ref('excluded.protected_until') })),
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
 * the manifest that will hold it.
 */
export async function linkBlob(
  tx: Writer,
  link: { repositoryId: number; digest: Digest; protectedUntil: number; now: number },
): Promise<void> {
  await upsertLink.run(tx, { ...link })
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

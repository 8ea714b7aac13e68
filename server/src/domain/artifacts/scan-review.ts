import type { Writer } from '../../database/database.ts'

/**
 * Notes artifacts that are about to go: whoever keeps scans looks whether another repository has them. Images that were never
 * scanned need no look.
 */
export async function reviewScansOf(tx: Writer, artifactIds: readonly number[]): Promise<void> {
  await tx
    .insertInto('scan_review')
    .columns(['digest'])
    .expression((eb) =>
      eb
        .selectFrom('artifact')
        .select('artifact.digest')
        .distinct()
        .where('artifact.id', 'in', artifactIds)
        .where((where) =>
          where.exists(where.selectFrom('scan').select('scan.digest').whereRef('scan.digest', '=', 'artifact.digest')),
        )
        .orderBy('artifact.digest'),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** The same for an image whose artifact may have gone while it was looked at. */
export async function reviewScans(tx: Writer, digest: string): Promise<void> {
  await tx
    .insertInto('scan_review')
    .values({ digest })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

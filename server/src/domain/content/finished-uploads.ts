import type { Digest } from '#contract/digest.ts'
import type { Database, Writer } from '../../database/database.ts'
import { isQuarantined } from '../../storage/layout.ts'
import type { Admission, Bringing } from '../access/admission.ts'
import { actorKey } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import { writeAdmitted } from '../policies/write-admitted.ts'
import { reviewLink } from './links.ts'

export interface FinishedUploadServices {
  readonly database: Database
  readonly clock: Clock
  readonly leaseMs: number
}

/**
 * The blob of an upload that this actor has finished in this repository, with its lease renewed: the answer may have been
 * lost, and the client asks again. Undefined when another upload, actor or digest is meant, or the blob is not readable.
 */
export async function acknowledgeAgain(
  { database, clock, leaseMs }: FinishedUploadServices,
  admission: Admission<Bringing>,
  upload: { readonly id: string; readonly digest: Digest },
): Promise<{ digest: Digest; size: number } | undefined> {
  const { repositoryId } = admission
  if (repositoryId === undefined) return undefined
  return await writeAdmitted(database, admission, async (tx) => {
    const size = await findReadableSize(tx, upload.digest)
    if (size === undefined) return undefined
    const protectedUntil = clock.now() + leaseMs
    const { numUpdatedRows } = await tx
      .updateTable('repository_blob')
      .set({ protected_until: protectedUntil })
      .where('repository_id', '=', repositoryId)
      .where('digest', '=', upload.digest)
      .where('upload_id', '=', upload.id)
      .where('uploaded_by', '=', actorKey(admission.actor))
      .executeTakeFirst()
    if (numUpdatedRows === 0n) return undefined
    await reviewLink(tx, repositoryId, upload.digest, protectedUntil)
    return { digest: upload.digest, size }
  })
}

async function findReadableSize(tx: Writer, digest: Digest): Promise<number | undefined> {
  const blob = await tx.selectFrom('blob').select(['size', 'location']).where('digest', '=', digest).executeTakeFirst()
  return blob === undefined || isQuarantined(blob.location) ? undefined : blob.size
}

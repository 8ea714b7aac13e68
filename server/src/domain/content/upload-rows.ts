import type { Writer } from '../../database/database.ts'
import type { DigestAlgorithm } from '#contract/digest.ts'
import { preparedQuery } from '../../database/prepared.ts'

/** What the table knows of an upload session. */
export interface UploadRow {
  id: string
  repository_id: number
  actor: string
  offset: number
  algorithm: DigestAlgorithm
  /** The digest of the bytes before `offset`, as the process that took them left it (`upload-digest.ts`). */
  digest_state: string | null
}

interface NewUpload extends Omit<UploadRow, 'digest_state'> {
  created_at: number
  expires_at: number
}

export const insertUpload = preparedQuery<NewUpload, unknown>((db, param) =>
  db.insertInto('upload').values({
    id: param('id'),
    repository_id: param('repository_id'),
    actor: param('actor'),
    offset: param('offset'),
    algorithm: param('algorithm'),
    created_at: param('created_at'),
    expires_at: param('expires_at'),
  }),
)

export const findUpload = preparedQuery<{ id: string }, UploadRow>((db, param) =>
  db
    .selectFrom('upload')
    .select(['id', 'repository_id', 'actor', 'offset', 'algorithm', 'digest_state'])
    .where('id', '=', param('id')),
)

/** At most `limit` of the actor's open sessions, so that a flood cannot make the check itself expensive. */
export const listOpenUploads = preparedQuery<{ actor: string; limit: number }, { id: string }>((db, param) =>
  db.selectFrom('upload').select('id').where('actor', '=', param('actor')).limit(param('limit')),
)

/** Moves the offset, unless another request moved it first. */
export const moveOffset = preparedQuery<
  { id: string; from: number; to: number; expiresAt: number; digestState: string | null },
  unknown
>((db, param) =>
  db
    .updateTable('upload')
    .set({ offset: param('to'), expires_at: param('expiresAt'), digest_state: param('digestState') })
    .where('id', '=', param('id'))
    .where('offset', '=', param('from')),
)

export const deleteUpload = preparedQuery<{ id: string }, unknown>((db, param) =>
  db.deleteFrom('upload').where('id', '=', param('id')),
)

/** Ends every upload of a repository by the next round of expiry. False when there is none. */
export async function expireUploadsOf(tx: Writer, repositoryId: number, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('upload')
    .set({ expires_at: now })
    .where('repository_id', '=', repositoryId)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

import type { Reader } from '../../database/database.ts'
import type { BlobLocation, BlobReader } from '../../storage/blob-store.ts'

/** The bytes of a small blob that the repository links (invariant 4); undefined where there is none, or a larger one. */
export async function readLinkedBytes(
  { reader, store }: { readonly reader: Reader; readonly store: Pick<BlobReader, 'open'> },
  {
    repositoryId,
    digest,
    maxBytes,
  }: { readonly repositoryId: number; readonly digest: string; readonly maxBytes: number },
): Promise<Buffer | undefined> {
  const row = await reader
    .selectFrom('repository_blob')
    .innerJoin('blob', 'blob.digest', 'repository_blob.digest')
    .select(['blob.location', 'blob.size'])
    .where('repository_blob.repository_id', '=', repositoryId)
    .where('repository_blob.digest', '=', digest)
    .executeTakeFirst()
  if (row === undefined || row.size > maxBytes) return undefined
  const body = await store.open(row.location as BlobLocation)
  return body === undefined ? undefined : Buffer.from(await new Response(body).arrayBuffer())
}

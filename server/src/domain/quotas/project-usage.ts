import { batches } from '../lists/batches.ts'
import { sql } from 'kysely'
import type { Database, Reader, Writer } from '../../database/database.ts'
import { lockRowsShared, lockRows } from '../../database/locking.ts'
import { preparedQuery } from '../../database/prepared.ts'

/** A project whose usage is in more rows than this is folded. */
const foldFrom = 16

const addUsage = preparedQuery<{ projectId: number; bytes: number; logicalBytes: number }, unknown>((db, param) =>
  db
    .insertInto('project_usage')
    .values({ project_id: param('projectId'), bytes: param('bytes'), logical_bytes: param('logicalBytes') }),
)

/** The contents of an artifact that count in its project. */
export interface ArtifactContent {
  readonly projectId: number
  readonly manifest: { readonly digest: string; readonly size: number }
  /** Digests of its blobs, linked and locked. */
  readonly blobs: readonly string[]
}

/**
 * Counts the content that the project did not have, and returns its bytes. It runs in the transaction that stores the
 * artifact, so an aborted push leaves nothing behind. Pushes that bring the same blobs wait for each other only when
 * the blobs are new to the project.
 */
export async function countContent(
  database: Pick<Database, 'dialect'>,
  tx: Writer,
  { projectId, manifest, blobs }: ArtifactContent,
): Promise<number> {
  const own = await tx
    .insertInto('project_blob')
    .values({ project_id: projectId, ...manifest })
    .onConflict((conflict) => conflict.columns(['project_id', 'digest']).doNothing())
    .executeTakeFirst()
  let added = own.numInsertedOrUpdatedRows === 0n ? 0 : manifest.size
  for (const batch of batches(blobs.toSorted())) added += await countBlobs(database, tx, projectId, batch)
  return added
}

/**
 * Adds the bytes that `countContent` found to the usage of the project, in its transaction. `logicalBytes` is the size
 * of the artifact, shared content included.
 */
export async function growUsage(
  tx: Writer,
  projectId: number,
  { bytes, logicalBytes }: { readonly bytes: number; readonly logicalBytes: number },
): Promise<void> {
  await addUsage.run(tx, { projectId, bytes, logicalBytes })
}

async function countBlobs(
  database: Pick<Database, 'dialect'>,
  tx: Writer,
  projectId: number,
  digests: readonly string[],
): Promise<number> {
  let added = 0
  for (;;) {
    const inserted = await tx
      .insertInto('project_blob')
      .columns(['project_id', 'digest', 'size'])
      .expression((eb) =>
        eb
          .selectFrom('blob')
          .select((select) => [
            sql<number>`cast(${projectId} as integer)`.as('project_id'),
            'digest',
            select.ref('size').as('size'),
          ])
          .where('digest', 'in', digests)
          .orderBy('digest'),
      )
      .onConflict((conflict) => conflict.columns(['project_id', 'digest']).doNothing())
      .returning('size')
      .execute()
    for (const { size } of inserted) added += size
    if (database.dialect === 'sqlite') return added
    // A delete of the last artifact that had one of them may have been under way. Locked, it stays.
    const held = await lockRowsShared(
      database,
      tx
        .selectFrom('project_blob')
        .select('digest')
        .where('project_id', '=', projectId)
        .where('digest', 'in', digests)
        .orderBy('digest'),
    ).execute()
    if (held.length === digests.length) return added
  }
}

/** The contents of artifacts, looked up before they are deleted. */
export interface BroughtContent {
  readonly digests: readonly string[]
  readonly logicalBytes: number
}

export async function contentOf(reader: Reader, artifactIds: readonly number[]): Promise<BroughtContent> {
  if (artifactIds.length === 0) return { digests: [], logicalBytes: 0 }
  const blobs = reader.selectFrom('artifact_blob').select('digest').where('artifact_id', 'in', artifactIds)
  const manifests = reader.selectFrom('artifact').select('digest').where('id', 'in', artifactIds)
  const rows = await blobs.union(manifests).execute()
  const { bytes } = await reader
    .selectFrom('artifact')
    .select((eb) => eb.fn.sum<number | string | null>('size').as('bytes'))
    .where('id', 'in', artifactIds)
    .executeTakeFirstOrThrow()
  return { digests: rows.map((row) => row.digest), logicalBytes: Number(bytes ?? 0) }
}

/**
 * Takes off the digests that no artifact of the project names any more. Called in the transaction that deleted the
 * artifacts.
 */
export async function releaseContent(
  database: Pick<Database, 'dialect'>,
  tx: Writer,
  projectId: number,
  { digests, logicalBytes }: BroughtContent,
): Promise<void> {
  let freed = 0
  for (const batch of batches(digests.toSorted())) {
    const ofProject = tx
      .selectFrom('project_blob')
      .select('digest')
      .where('project_id', '=', projectId)
      .where('digest', 'in', batch)
      .orderBy('digest')
    if (database.dialect === 'postgres') await lockRows(database, ofProject).execute()
    const released = await tx
      .deleteFrom('project_blob')
      .where('project_id', '=', projectId)
      .where('digest', 'in', batch)
      .where(
        sql<boolean>`not exists (
          select 1 from repository join artifact_blob on artifact_blob.repository_id = repository.id
          where repository.project_id = project_blob.project_id and artifact_blob.digest = project_blob.digest)`,
      )
      .where(
        sql<boolean>`not exists (
          select 1 from repository join artifact on artifact.repository_id = repository.id
          where repository.project_id = project_blob.project_id and artifact.digest = project_blob.digest)`,
      )
      .returning('size')
      .execute()
    for (const { size } of released) freed += size
  }
  if (freed > 0 || logicalBytes > 0) await addUsage.run(tx, { projectId, bytes: -freed, logicalBytes: -logicalBytes })
}

/** Bytes that the artifacts of a project name, each digest once. */
export async function usageOf(reader: Reader, projectId: number): Promise<number> {
  const row = await reader
    .selectFrom('project_usage')
    .select((eb) => eb.fn.sum<number | string | null>('bytes').as('bytes'))
    .where('project_id', '=', projectId)
    .executeTakeFirstOrThrow()
  return Number(row.bytes ?? 0)
}

/** Sizes of the artifacts of all projects, whatever they share. */
export async function totalLogicalBytes(reader: Reader): Promise<number> {
  const { bytes } = await reader
    .selectFrom('project_usage')
    .select((eb) => eb.fn.sum<number | string | null>('logical_bytes').as('bytes'))
    .executeTakeFirstOrThrow()
  return Number(bytes ?? 0)
}

/**
 * Folds the changes of projects that have many of them; `limit` projects at the most. Returns the number of projects.
 */
export async function foldUsage(database: Database, limit: number): Promise<number> {
  const many = await database.read
    .selectFrom('project_usage')
    .select('project_id')
    .groupBy('project_id')
    .having((eb) => eb.fn.countAll(), '>', foldFrom)
    .limit(limit)
    .execute()
  for (const { project_id: projectId } of many) {
    await database.write(async (tx) => {
      // A change that is added meanwhile is a row of its own and stays.
      const folded = await tx
        .deleteFrom('project_usage')
        .where('project_id', '=', projectId)
        .returning(['bytes', 'logical_bytes'])
        .execute()
      const bytes = folded.reduce((sum, row) => sum + row.bytes, 0)
      const logicalBytes = folded.reduce((sum, row) => sum + row.logical_bytes, 0)
      await addUsage.run(tx, { projectId, bytes, logicalBytes })
    })
  }
  return many.length
}

/** Counts the usage again from the artifacts themselves, when `assertMay` lets it. Returns the bytes. */
export async function recountUsage(
  database: Database,
  projectId: number,
  assertMay: (tx: Writer) => Promise<void> = async () => undefined,
): Promise<number> {
  return await database.write(async (tx) => {
    await assertMay(tx)
    const project = tx.selectFrom('project').select('id').where('id', '=', projectId)
    await lockRows(database, project).executeTakeFirst()
    await tx.deleteFrom('project_blob').where('project_id', '=', projectId).execute()
    await sql`insert into project_blob (project_id, digest, size)
      select repository.project_id, blob.digest, min(blob.size) from artifact_blob
      join repository on repository.id = artifact_blob.repository_id
      join blob on blob.digest = artifact_blob.digest
      where repository.project_id = ${projectId} group by repository.project_id, blob.digest`.execute(tx)
    await sql`insert into project_blob (project_id, digest, size)
      select repository.project_id, artifact.digest, min(artifact.manifest_size) from artifact
      join repository on repository.id = artifact.repository_id
      where repository.project_id = ${projectId} group by repository.project_id, artifact.digest
      on conflict (project_id, digest) do nothing`.execute(tx)
    const { bytes } = await tx
      .selectFrom('project_blob')
      .select((eb) => eb.fn.sum<number | string | null>('size').as('bytes'))
      .where('project_id', '=', projectId)
      .executeTakeFirstOrThrow()
    await tx.deleteFrom('project_usage').where('project_id', '=', projectId).execute()
    const { logical } = await tx
      .selectFrom('artifact')
      .innerJoin('repository', 'repository.id', 'artifact.repository_id')
      .select((eb) => eb.fn.sum<number | string | null>('artifact.size').as('logical'))
      .where('repository.project_id', '=', projectId)
      .executeTakeFirstOrThrow()
    await addUsage.run(tx, { projectId, bytes: Number(bytes ?? 0), logicalBytes: Number(logical ?? 0) })
    return Number(bytes ?? 0)
  })
}

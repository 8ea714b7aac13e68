import type { Writer } from '../../database/database.ts'

/** A name that an artifact had, as it was. */
export interface TrashedTag {
  readonly name: string
  readonly pushedAt: number
  readonly pulledAt: number | null
}

/** The facts that all entries of one deletion share. */
export interface Deletion {
  readonly projectId: number
  readonly repository: string
  /** The name of the person or robot that deleted it. */
  readonly deletedBy: string
  /** The entry that it goes with; undefined for the entry of the deletion itself. */
  readonly partOf: number | undefined
  /** The run of a policy that deleted it. */
  readonly runId: number | undefined
  readonly now: number
}

/**
 * Copies artifacts that are about to be deleted, with their tags and labels, and keeps hold of their blobs. Their rows
 * are locked (lockArtifacts). Returns the id of each artifact's entry.
 */
export async function putArtifactsInTrash(
  tx: Writer,
  artifactIds: readonly number[],
  deletion: Deletion,
): Promise<ReadonlyMap<number, number>> {
  const tags = await tagsOf(tx, artifactIds)
  const labels = await labelIdsOf(tx, artifactIds)
  const entries = new Map<number, number>()
  for (const artifactId of artifactIds) {
    const { id } = await tx
      .insertInto('trash_entry')
      .columns([...copied, ...given])
      .expression((eb) =>
        eb
          .selectFrom('artifact')
          .innerJoin('artifact_payload', 'artifact_payload.artifact_id', 'artifact.id')
          .select(['digest', 'media_type', 'artifact_type', 'size', 'bytes', 'pushed_at', 'pulled_at'])
          .select((select) => [
            select.val(deletion.projectId).as('project_id'),
            select.val(deletion.repository).as('repository'),
            select.val('artifact' as const).as('kind'),
            select.val(JSON.stringify(tags.get(artifactId) ?? [])).as('tags'),
            select.val(JSON.stringify(labels.get(artifactId) ?? [])).as('labels'),
            select.val(deletion.partOf ?? null).as('part_of'),
            select.val(deletion.deletedBy).as('deleted_by'),
            select.val(deletion.now).as('deleted_at'),
            select.val(deletion.runId ?? null).as('run_id'),
          ])
          .where('artifact.id', '=', artifactId),
      )
      .returning('id')
      .executeTakeFirstOrThrow()
    await tx
      .insertInto('trash_blob')
      .columns(['entry_id', 'digest'])
      .expression((eb) =>
        eb
          .selectFrom('artifact_blob')
          .select((select) => [select.val(id).as('entry_id'), 'digest'])
          .where('artifact_id', '=', artifactId),
      )
      .execute()
    entries.set(artifactId, id)
  }
  return entries
}

const copied = ['digest', 'media_type', 'artifact_type', 'size', 'bytes', 'pushed_at', 'pulled_at'] as const
const given = [
  'project_id',
  'repository',
  'kind',
  'tags',
  'labels',
  'part_of',
  'deleted_by',
  'deleted_at',
  'run_id',
] as const

/** A name that was taken away; the artifact that it named stays. */
export async function putTagInTrash(
  tx: Writer,
  artifact: { readonly digest: string; readonly mediaType: string; readonly artifactType: string },
  tag: TrashedTag,
  deletion: Deletion,
): Promise<void> {
  await tx
    .insertInto('trash_entry')
    .values({
      project_id: deletion.projectId,
      repository: deletion.repository,
      kind: 'tag',
      digest: artifact.digest,
      media_type: artifact.mediaType,
      artifact_type: artifact.artifactType,
      size: 0,
      bytes: null,
      tags: JSON.stringify([tag]),
      labels: '[]',
      pushed_at: tag.pushedAt,
      pulled_at: tag.pulledAt,
      part_of: null,
      deleted_by: deletion.deletedBy,
      deleted_at: deletion.now,
      run_id: deletion.runId ?? null,
    })
    .execute()
}

async function tagsOf(tx: Writer, artifactIds: readonly number[]): Promise<Map<number, TrashedTag[]>> {
  const rows = await tx
    .selectFrom('tag')
    .select(['artifact_id', 'name', 'pushed_at', 'pulled_at'])
    .where('artifact_id', 'in', artifactIds)
    .orderBy('name')
    .execute()
  const tags = new Map<number, TrashedTag[]>()
  for (const row of rows) {
    const tag = { name: row.name, pushedAt: row.pushed_at, pulledAt: row.pulled_at }
    const known = tags.get(row.artifact_id)
    if (known === undefined) tags.set(row.artifact_id, [tag])
    else known.push(tag)
  }
  return tags
}

async function labelIdsOf(tx: Writer, artifactIds: readonly number[]): Promise<Map<number, number[]>> {
  const rows = await tx
    .selectFrom('artifact_label')
    .select(['artifact_id', 'label_id'])
    .where('artifact_id', 'in', artifactIds)
    .execute()
  const labels = new Map<number, number[]>()
  for (const row of rows) labels.set(row.artifact_id, [...(labels.get(row.artifact_id) ?? []), row.label_id])
  return labels
}

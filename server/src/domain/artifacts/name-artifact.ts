import type { Digest } from '#contract/digest.ts'
import type { TagName } from '#contract/reference.ts'
import type { Writer } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import type { Admission, Bringing } from '../access/admission.ts'
import { gates, pass } from '../policies/gates.ts'
import { reviewArtifact } from './orphans.ts'
import { recordTagMove } from './tag-history.ts'
import { assertTagsWithinLimit } from './tag-limit.ts'
import { moveTag } from './tags.ts'

const findTag = preparedQuery<{ repositoryId: number; name: string }, { artifact_id: number }>((db, param) =>
  db
    .selectFrom('tag')
    .select('artifact_id')
    .where('repository_id', '=', param('repositoryId'))
    .where('name', '=', param('name')),
)

/** Points the tags to the artifact. @throws DomainError PRECONDITION (a tag is immutable and names another one, too many tags) */
export async function nameArtifact(
  tx: Writer,
  admission: Admission<Bringing>,
  artifact: { readonly repositoryId: number; readonly id: number; readonly digest: Digest; readonly now: number },
  tags: readonly TagName[],
): Promise<void> {
  const { repositoryId, id, digest, now } = artifact
  const moves = await movesOf(tx, repositoryId, id, tags)
  const leaving = moves.fromOthers.map(({ tag }) => tag)
  const { projectId, repositoryName, operation, actor } = admission
  const departure = operation === 'copy' ? 'copy' : 'push'
  const moved = { tags: leaving, arriving: moves.all, departure, actor, now } as const
  await pass(gates.tag, { reader: tx, projectId, repositoryName, ...moved })
  for (const tag of tags) await moveTag(tx, { repositoryId, artifactId: id, tag, now })
  if (moves.all.length > 0) await assertTagsWithinLimit(tx, id)
  for (const tag of moves.all) await recordTagMove(tx, actor, { repositoryId, tag, digest, movedAt: now })
  for (const { from } of moves.fromOthers) await reviewArtifact(tx, from, now)
}

/** Those of the tags that do not name the artifact yet, and among them those that name another one. */
async function movesOf(
  tx: Writer,
  repositoryId: number,
  artifactId: number,
  tags: readonly TagName[],
): Promise<{
  readonly all: readonly TagName[]
  readonly fromOthers: readonly { readonly tag: TagName; readonly from: number }[]
}> {
  const all: TagName[] = []
  const fromOthers: { tag: TagName; from: number }[] = []
  for (const name of tags) {
    const row = await findTag.first(tx, { repositoryId, name })
    if (row?.artifact_id === artifactId) continue
    all.push(name)
    if (row !== undefined) fromOthers.push({ tag: name, from: row.artifact_id })
  }
  return { all, fromOthers }
}

import type { Digest } from '#contract/digest.ts'
import type { Reader } from '../../database/database.ts'
import { listAccessories, type Accessory } from './accessories.ts'

/** A signature of an index, which covers the manifests in it: tools that sign do not go down into an index. */
export interface InheritedAccessory extends Accessory {
  /** The index that it belongs to. */
  readonly subjectId: number
}

/** Anybody who may push decides how many indexes have a manifest, and how many signatures an index has. */
const maxIndexes = 10
const maxSignatures = 10

interface Child {
  readonly id: number
  readonly digest: string
  readonly repository_id: number
}

/**
 * Signatures of the indexes that the artifacts are in, by the artifact's id. An artifact that has a signature of its own
 * inherits none, as in Harbor. Three queries, however many artifacts there are.
 */
export async function listInherited(
  reader: Reader,
  children: readonly Child[],
): Promise<ReadonlyMap<number, readonly InheritedAccessory[]>> {
  const indexes = await indexesOf(reader, children)
  if (indexes.length === 0) return new Map()
  const within = new Set(indexes.map(({ childId }) => childId))
  const candidates = children.filter(({ id }) => within.has(id))
  const signatures = await listAccessories(
    reader,
    [...new Set(candidates.map((child) => child.repository_id))],
    [...new Set([...indexes, ...candidates].map(({ digest }) => digest as Digest))],
    { newest: maxSignatures, signaturesOnly: true },
  )
  const ofSubject = Map.groupBy(signatures, ({ repositoryId, subject }) => `${repositoryId} ${subject}`)
  const unsigned = candidates.filter((child) => !ofSubject.has(`${child.repository_id} ${child.digest}`))
  return new Map(
    unsigned.map((child) => [
      child.id,
      indexes
        .filter(({ childId }) => childId === child.id)
        .flatMap(({ id: subjectId, digest }) =>
          (ofSubject.get(`${child.repository_id} ${digest}`) ?? []).map((signature) => ({ ...signature, subjectId })),
        ),
    ]),
  )
}

/** The newest indexes that have the artifacts among their manifests. */
async function indexesOf(
  reader: Reader,
  children: readonly Child[],
): Promise<{ readonly id: number; readonly childId: number; readonly digest: string }[]> {
  if (children.length === 0) return []
  return await reader
    .selectFrom((eb) =>
      eb
        .selectFrom('artifact_child')
        .select((select) => [
          'parent_id',
          'child_id',
          select.fn
            .agg<number>('row_number')
            .over((over) => over.partitionBy('child_id').orderBy('parent_id', 'desc'))
            .as('place'),
        ])
        .where(
          'child_id',
          'in',
          children.map(({ id }) => id),
        )
        .as('placed'),
    )
    .innerJoin('artifact', 'artifact.id', 'placed.parent_id')
    .select(['artifact.id', 'artifact.digest', 'placed.child_id as childId'])
    .where('placed.place', '<=', maxIndexes)
    .orderBy('artifact.id')
    .execute()
}

import { sql } from 'kysely'
import type { Digest } from '#contract/digest.ts'
import { isImageConfigMediaType } from '#contract/media-types.ts'
import { parseManifest, type Descriptor } from '#contract/manifest.ts'
import type { Reader } from '../../database/database.ts'
import { labelsOf, type Label } from '../labels/labels.ts'
import { accessoryTypeOf, listAccessories, type Accessory } from './accessories.ts'
import { listInherited, type InheritedAccessory } from './inherited-accessories.ts'

export interface ListedTag {
  readonly id: number
  readonly artifactId: number
  readonly name: string
  readonly pushedAt: number
  readonly pulledAt: number | undefined
}

/** A child of an index, with what the index says about it. */
export interface ChildReference {
  readonly parentId: number
  readonly childId: number
  readonly descriptor: Descriptor
}

export interface ArtifactDetails {
  readonly id: number
  readonly repositoryId: number
  readonly digest: Digest
  readonly mediaType: string
  /** artifactType, or the config's media type; '' when there is neither. */
  readonly artifactType: string
  /** Of an index with its children. */
  readonly size: number
  readonly annotations: Readonly<Record<string, string>> | undefined
  readonly pushedAt: number
  readonly pulledAt: number | undefined
  readonly tags: readonly ListedTag[]
  readonly references: readonly ChildReference[]
  readonly accessories: readonly Accessory[]
  readonly inheritedAccessories: readonly InheritedAccessory[]
  readonly labels: readonly Label[]
  /** Something is left out here that the artifact by itself has. */
  readonly isCut: boolean
}

export interface ArtifactParts {
  readonly tags: boolean
  readonly accessories: boolean
  readonly inheritedAccessories?: boolean
  readonly labels: boolean
}

/** How much of each artifact is read. Tags and accessories have lists of their own, in which all of them are. */
export interface ShownOfEach {
  readonly tags: number
  readonly accessories: number
  /** Of a manifest with more bytes, annotations and children are left out. */
  readonly manifestBytes: number
}

export const shownOfOne: ShownOfEach = { tags: 1_000, accessories: 100, manifestBytes: Infinity }

/** Artifacts of a list that are read at once, however many are asked for. */
export const maxRowsAtOnce = 100
/** Of a page, shared by its artifacts: anybody who may push decides how large they are. */
export function shownOfPage(limit: number): ShownOfEach {
  const rows = Math.min(Math.max(limit, 1), maxRowsAtOnce)
  return {
    tags: Math.min(shownOfOne.tags, Math.floor(10_000 / rows)),
    accessories: shownOfOne.accessories,
    manifestBytes: Math.floor((2 << 20) / rows),
  }
}

/**
 * As Harbor counts: an image with its config and layers; an index with its children, each as often as it is in it. What two
 * of them share counts twice: it is what pulling all of them brings, not what they take up here.
 */
export const sizeWithChildren = sql<number | string>`coalesce(
  artifact.manifest_size + (
    select sum(child.size) from artifact_child
    inner join artifact as child on child.id = artifact_child.child_id
    where artifact_child.parent_id = artifact.id),
  artifact.size)`

/** Annotations are a part of the manifest: its size, which costs nothing to read, says how large they may be. */
export function columnsOf({ manifestBytes }: ShownOfEach) {
  const annotations = Number.isFinite(manifestBytes)
    ? sql<string | null>`case when artifact.manifest_size <= ${manifestBytes} then artifact.annotations end`
    : sql<string | null>`artifact.annotations`
  return [
    'artifact.id',
    'artifact.repository_id',
    'artifact.digest',
    'artifact.media_type',
    'artifact.artifact_type',
    sizeWithChildren.as('size'),
    'artifact.manifest_size',
    annotations.as('annotations'),
    'artifact.pushed_at',
    'artifact.pulled_at',
  ] as const
}

interface TagRow {
  readonly id: number
  readonly artifact_id: number
  readonly name: string
  readonly pushed_at: number
  readonly pulled_at: number | null
}

export function tagOf({
  id,
  artifact_id: artifactId,
  name,
  pushed_at: pushedAt,
  pulled_at: pulledAt,
}: TagRow): ListedTag {
  return { id, artifactId, name, pushedAt, pulledAt: pulledAt ?? undefined }
}

interface ArtifactRow {
  readonly id: number
  readonly repository_id: number
  readonly digest: string
  readonly media_type: string
  readonly artifact_type: string
  readonly size: number | string
  readonly manifest_size: number
  readonly annotations: string | null
  readonly pushed_at: number
  readonly pulled_at: number | null
}

export async function withParts(
  reader: Reader,
  rows: readonly ArtifactRow[],
  parts: ArtifactParts,
  shown: ShownOfEach,
): Promise<ArtifactDetails[]> {
  const ids = rows.map(({ id }) => id)
  // One more than is shown tells that there are more.
  const tags = parts.tags ? await tagsOf(reader, ids, shown.tags + 1) : new Map<number, ListedTag[]>()
  const small = rows.filter((row) => row.manifest_size <= shown.manifestBytes)
  const references = await referencesOf(
    reader,
    small.map(({ id }) => id),
  )
  const subjects = rows.map(({ digest }) => digest as Digest)
  const labels = parts.labels ? await labelsOf(reader, ids) : new Map<number, Label[]>()
  const repositoryIds = [...new Set(rows.map((row) => row.repository_id))]
  const accessories = parts.accessories
    ? await listAccessories(reader, repositoryIds, subjects, { newest: shown.accessories })
    : []
  const inherited = parts.inheritedAccessories === true ? await listInherited(reader, rows) : undefined
  return rows.map((row) => ({
    id: row.id,
    repositoryId: row.repository_id,
    digest: row.digest as Digest,
    mediaType: row.media_type,
    artifactType: row.artifact_type,
    size: Number(row.size),
    annotations: row.annotations === null ? undefined : (JSON.parse(row.annotations) as Record<string, string>),
    pushedAt: row.pushed_at,
    pulledAt: row.pulled_at ?? undefined,
    tags: (tags.get(row.id) ?? []).slice(0, shown.tags),
    references: references.get(row.id) ?? [],
    labels: labels.get(row.id) ?? [],
    accessories: accessories.filter(
      ({ subject, repositoryId }) => subject === row.digest && repositoryId === row.repository_id,
    ),
    inheritedAccessories: inherited?.get(row.id) ?? [],
    isCut: row.manifest_size > shown.manifestBytes || (tags.get(row.id)?.length ?? 0) > shown.tags,
  }))
}

async function tagsOf(reader: Reader, artifactIds: readonly number[], max: number): Promise<Map<number, ListedTag[]>> {
  const found = new Map<number, ListedTag[]>()
  if (artifactIds.length === 0) return found
  const rows = await reader
    .selectFrom((eb) =>
      eb
        .selectFrom('tag')
        .select((select) => [
          'id',
          'artifact_id',
          'name',
          'pushed_at',
          'pulled_at',
          select.fn
            .agg<number>('row_number')
            .over((over) => over.partitionBy('artifact_id').orderBy('pushed_at', 'desc').orderBy('id', 'desc'))
            .as('place'),
        ])
        .where('artifact_id', 'in', artifactIds)
        .as('placed'),
    )
    .selectAll()
    .where('place', '<=', max)
    .orderBy('place')
    .execute()
  for (const row of rows) {
    const tags = found.get(row.artifact_id) ?? []
    tags.push(tagOf(row))
    found.set(row.artifact_id, tags)
  }
  return found
}

/** The children of those that are indexes, in the order of their manifests. */
async function referencesOf(reader: Reader, artifactIds: readonly number[]): Promise<Map<number, ChildReference[]>> {
  const found = new Map<number, ChildReference[]>()
  if (artifactIds.length === 0) return found
  const children = await reader
    .selectFrom('artifact_child')
    .innerJoin('artifact', 'artifact.id', 'artifact_child.child_id')
    .select(['artifact_child.parent_id', 'artifact_child.child_id', 'artifact.digest'])
    .where('artifact_child.parent_id', 'in', artifactIds)
    .execute()
  if (children.length === 0) return found
  const parents = await reader
    .selectFrom('artifact_payload')
    .innerJoin('artifact', 'artifact.id', 'artifact_payload.artifact_id')
    .select(['artifact.id', 'artifact.media_type', 'artifact_payload.bytes'])
    .where('artifact.id', 'in', [...new Set(children.map((child) => child.parent_id))])
    .execute()
  const idOf = new Map(children.map((child) => [`${child.parent_id} ${child.digest}`, child.child_id]))
  for (const { id: parentId, media_type: mediaType, bytes } of parents) {
    const { manifests } = parseManifest(bytes, mediaType)
    found.set(
      parentId,
      manifests.flatMap((descriptor) => {
        const childId = idOf.get(`${parentId} ${descriptor.digest}`)
        return childId === undefined ? [] : [{ parentId, childId, descriptor }]
      }),
    )
  }
  return found
}

/** What people call it, from what it says it is: IMAGE, CHART, or the name within its media type. */
export function kindOf(artifact: Pick<ArtifactDetails, 'mediaType' | 'artifactType' | 'references'>): string {
  const { mediaType, artifactType, references } = artifact
  if (isImageConfigMediaType(artifactType)) return 'IMAGE'
  if (artifactType === '' && (references.length > 0 || /index|list/.test(mediaType))) return 'IMAGE'
  const accessory = accessoryTypeOf(artifactType)
  // Harbor's word for the artifact is shorter than that for the accessory.
  if (accessory !== undefined) return accessory === 'sbom.harbor' ? 'SBOM' : accessory.toUpperCase()
  const [, name] = /^application\/vnd\.(?:[\w-]+\.)*?([\w-]+)\.config\.v\d[\w.]*\+json$/.exec(artifactType) ?? []
  if (artifactType === 'application/vnd.cncf.helm.config.v1+json') return 'CHART'
  return name?.toUpperCase() ?? 'UNKNOWN'
}

import type { Digest } from '#contract/digest.ts'
import { parseManifest, type Descriptor } from '#contract/manifest.ts'
import type { Reference } from '#contract/reference.ts'
import { sql, type RawBuilder, type SqlBool } from 'kysely'
import type { Database, Reader } from '../../database/database.ts'
import { DomainError } from '../errors.ts'
import {
  containing,
  matching,
  ordering,
  type Condition,
  type Listed,
  type Listing,
  type ListColumns,
} from '../lists/listing.ts'
import { labelsOf, type Label } from '../labels/labels.ts'
import type { ListServices } from '../lists/totals.ts'
import { accessoryTypeOf, listAccessories, type Accessory } from './accessories.ts'

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
  readonly size: number
  readonly annotations: Readonly<Record<string, string>> | undefined
  readonly pushedAt: number
  readonly pulledAt: number | undefined
  readonly tags: readonly ListedTag[]
  readonly references: readonly ChildReference[]
  readonly accessories: readonly Accessory[]
  readonly labels: readonly Label[]
}

export interface ArtifactParts {
  readonly tags: boolean
  readonly accessories: boolean
  readonly labels: boolean
}

const columns: ListColumns = {
  id: { ref: 'artifact.id', type: 'number' },
  digest: { ref: 'artifact.digest', type: 'text' },
  media_type: { ref: 'artifact.artifact_type', type: 'text' },
  artifact_type: { ref: 'artifact.artifact_type', type: 'text' },
  manifest_media_type: { ref: 'artifact.media_type', type: 'text' },
  size: { ref: 'artifact.size', type: 'number' },
  push_time: { ref: 'artifact.pushed_at', type: 'time' },
  pull_time: { ref: 'artifact.pulled_at', type: 'time' },
}

const newestFirst = [
  { key: 'push_time', descending: true },
  { key: 'id', descending: true },
]

/** Tags shown with one artifact of a list; all of them are in the list of its tags. */
const mostTagsShown = 1_000

/** Accessories shown with one; all of them are in the list of its accessories. Anybody who may push can add more. */
const shownOfEach = { newest: 100 }

/** Which artifacts a list is about. */
export interface ArtifactScope {
  readonly repositoryId?: number
  /** Of every repository of the project. */
  readonly projectId?: number
  /** Of each repository only the one that was pushed last. */
  readonly latestOnly?: boolean
}

function scopeCondition({ repositoryId, projectId }: ArtifactScope): RawBuilder<SqlBool> {
  if (repositoryId !== undefined) return sql<SqlBool>`artifact.repository_id = ${repositoryId}`
  return sql<SqlBool>`artifact.repository_id in (select id from repository where project_id = ${projectId ?? -1})`
}

const isLatest = sql<SqlBool>`artifact.id = (
  select latest.id from artifact as latest
  where latest.repository_id = artifact.repository_id and latest.subject_digest is null
    and not exists (select 1 from artifact_child where artifact_child.child_id = latest.id)
  order by latest.pushed_at desc, latest.id desc limit 1)`

/** The names of repositories, by id. */
export async function namesOfRepositories(
  reader: Reader,
  ids: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  if (ids.length === 0) return new Map()
  const rows = await reader.selectFrom('repository').select(['id', 'name']).where('id', 'in', ids).execute()
  return new Map(rows.map((row) => [row.id, row.name]))
}

/**
 * Artifacts of a repository or a project as people think of them: without those that only belong to an index or to another artifact,
 * unless `base=*` asks for all. `tags=*`, `tags=nil`, `tags=x` and `tags=~x` are Harbor's. However many there are on the
 * page, it takes the same number of queries.
 * @throws DomainError BAD_REQUEST for a condition that cannot be
 */
export async function pageArtifacts(
  { database, totals }: ListServices,
  within: ArtifactScope,
  { conditions = [], sort, limit, offset }: Listing,
  parts: ArtifactParts,
): Promise<Listed<ArtifactDetails>> {
  const everything = conditions.some(({ kind, key }) => kind === 'exact' && key === 'base')
  const own = [
    ...conditions.filter(({ key }) => key === 'tags').map(tagCondition),
    ...conditions.filter(({ key }) => key === 'labels').flatMap(labelConditions),
  ]
  const known = matching(columns, conditions)
  let matched = database.read.selectFrom('artifact').where(scopeCondition(within))
  if (within.latestOnly === true) matched = matched.where(isLatest)
  if (!everything) matched = matched.where(standsAlone).where(isNoAccessory)
  for (const condition of [...own, ...known]) matched = matched.where(condition)
  let page = matched.select(artifactColumns).limit(limit).offset(offset)
  for (const { ref, direction } of ordering(columns, sort, newestFirst)) page = page.orderBy(ref, direction)
  const rows = await withParts(database.read, await page.execute(), parts)
  const total = await totals.totalOf(database.read, matched, { rows: rows.length, limit, offset })
  return { rows, total }
}

/** @throws DomainError MANIFEST_UNKNOWN */
export async function getArtifact(
  database: Pick<Database, 'read'>,
  repositoryId: number,
  reference: Reference,
  parts: ArtifactParts,
): Promise<ArtifactDetails> {
  const named = database.read
    .selectFrom('artifact')
    .select(artifactColumns)
    .where('artifact.repository_id', '=', repositoryId)
  const row = await (
    reference.kind === 'digest'
      ? named.where('artifact.digest', '=', reference.digest)
      : named
          .innerJoin('tag', 'tag.artifact_id', 'artifact.id')
          .where('tag.repository_id', '=', repositoryId)
          .where('tag.name', '=', reference.tag)
  ).executeTakeFirst()
  if (row === undefined) {
    const name = reference.kind === 'tag' ? reference.tag : reference.digest
    throw new DomainError('MANIFEST_UNKNOWN', `artifact ${name} not found`)
  }
  return (await withParts(database.read, [row], parts))[0]!
}

/** Those of the ids that are there. */
export async function readArtifacts(
  reader: Reader,
  ids: readonly number[],
  parts: ArtifactParts,
): Promise<ArtifactDetails[]> {
  return await withParts(
    reader,
    await reader.selectFrom('artifact').select(artifactColumns).where('id', 'in', ids).execute(),
    parts,
  )
}

const tagColumns: ListColumns = {
  id: { ref: 'tag.id', type: 'number' },
  name: { ref: 'tag.name', type: 'text' },
  push_time: { ref: 'tag.pushed_at', type: 'time' },
  pull_time: { ref: 'tag.pulled_at', type: 'time' },
}

/** Tags of one artifact, the newest first. */
export async function pageTags(
  database: Pick<Database, 'read'>,
  artifactId: number,
  { conditions, sort, limit, offset }: Listing,
): Promise<Listed<ListedTag>> {
  let matched = database.read.selectFrom('tag').where('tag.artifact_id', '=', artifactId)
  for (const condition of matching(tagColumns, conditions)) matched = matched.where(condition)
  const { total } = await matched
    .select((eb) => eb.fn.countAll<number | string>().as('total'))
    .executeTakeFirstOrThrow()
  let page = matched.select(['id', 'artifact_id', 'name', 'pushed_at', 'pulled_at']).limit(limit).offset(offset)
  for (const { ref, direction } of ordering(tagColumns, sort, newestFirst)) page = page.orderBy(ref, direction)
  return { rows: (await page.execute()).map(tagOf), total: Number(total) }
}

interface TagRow {
  readonly id: number
  readonly artifact_id: number
  readonly name: string
  readonly pushed_at: number
  readonly pulled_at: number | null
}

function tagOf({ id, artifact_id: artifactId, name, pushed_at: pushedAt, pulled_at: pulledAt }: TagRow): ListedTag {
  return { id, artifactId, name, pushedAt, pulledAt: pulledAt ?? undefined }
}

const artifactColumns = [
  'artifact.id',
  'artifact.repository_id',
  'artifact.digest',
  'artifact.media_type',
  'artifact.artifact_type',
  'artifact.size',
  'artifact.annotations',
  'artifact.pushed_at',
  'artifact.pulled_at',
] as const

/** Tagged, or in no index. */
export const standsAlone = sql<SqlBool>`(
  exists (select 1 from tag where tag.artifact_id = artifact.id)
  or not exists (select 1 from artifact_child where artifact_child.child_id = artifact.id))`

/** Neither says whom it belongs to, nor is its only name the one that tools derive from the digest it belongs to. */
export const isNoAccessory = sql<SqlBool>`(
  artifact.subject_digest is null and not exists (
    select 1 from tag where tag.artifact_id = artifact.id and tag.name like 'sha256-%.sig'
      or tag.artifact_id = artifact.id and tag.name like 'sha256-%.att'
      or tag.artifact_id = artifact.id and tag.name like 'sha256-%.sbom'))`

function tagCondition(condition: Condition): RawBuilder<SqlBool> {
  const named = (matches: RawBuilder<SqlBool>) =>
    sql<SqlBool>`exists (select 1 from tag where tag.artifact_id = artifact.id and ${matches})`
  if (condition.kind === 'fuzzy') return named(containing('tag.name', condition.value))
  if (condition.kind !== 'exact')
    throw new DomainError('BAD_REQUEST', 'tags can be asked for as =*, =nil, =name, =~part')
  if (condition.value === '*') return named(sql<SqlBool>`1 = 1`)
  if (condition.value === 'nil') return sql<SqlBool>`not ${named(sql<SqlBool>`1 = 1`)}`
  return named(sql<SqlBool>`tag.name = ${condition.value}`)
}

/** Every one of the labels, by their ids. */
function labelConditions(condition: Condition): RawBuilder<SqlBool>[] {
  const ids = condition.kind === 'all' ? condition.values : condition.kind === 'exact' ? [condition.value] : []
  if (ids.length === 0 || !ids.every((id) => /^\d{1,15}$/.test(id))) {
    throw new DomainError('BAD_REQUEST', 'labels can be asked for by their ids: labels=(1 2)')
  }
  return ids.map(
    (id) =>
      sql<SqlBool>`exists (select 1 from artifact_label where artifact_id = artifact.id and label_id = ${Number(id)})`,
  )
}

interface ArtifactRow {
  readonly id: number
  readonly repository_id: number
  readonly digest: string
  readonly media_type: string
  readonly artifact_type: string
  readonly size: number
  readonly annotations: string | null
  readonly pushed_at: number
  readonly pulled_at: number | null
}

async function withParts(
  reader: Reader,
  rows: readonly ArtifactRow[],
  parts: ArtifactParts,
): Promise<ArtifactDetails[]> {
  const ids = rows.map(({ id }) => id)
  const tags = parts.tags ? await tagsOf(reader, ids) : new Map<number, ListedTag[]>()
  const references = await referencesOf(reader, ids)
  const subjects = rows.map(({ digest }) => digest as Digest)
  const labels = parts.labels ? await labelsOf(reader, ids) : new Map<number, Label[]>()
  const repositoryIds = [...new Set(rows.map((row) => row.repository_id))]
  const accessories = parts.accessories ? await listAccessories(reader, repositoryIds, subjects, shownOfEach) : []
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
    tags: tags.get(row.id) ?? [],
    references: references.get(row.id) ?? [],
    labels: labels.get(row.id) ?? [],
    accessories: accessories.filter(
      ({ subject, repositoryId }) => subject === row.digest && repositoryId === row.repository_id,
    ),
  }))
}

async function tagsOf(reader: Reader, artifactIds: readonly number[]): Promise<Map<number, ListedTag[]>> {
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
    .where('place', '<=', mostTagsShown)
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
  if (imageConfigs.has(artifactType)) return 'IMAGE'
  if (artifactType === '' && (references.length > 0 || /index|list/.test(mediaType))) return 'IMAGE'
  if (accessoryTypeOf(artifactType) !== undefined) return accessoryTypeOf(artifactType)!.toUpperCase()
  const [, name] = /^application\/vnd\.(?:[\w-]+\.)*?([\w-]+)\.config\.v\d[\w.]*\+json$/.exec(artifactType) ?? []
  if (artifactType === 'application/vnd.cncf.helm.config.v1+json') return 'CHART'
  return name?.toUpperCase() ?? 'UNKNOWN'
}

const imageConfigs = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
])

import type { Reference } from '#contract/reference.ts'
import { sql, type RawBuilder, type Selectable, type SqlBool } from 'kysely'
import type { Database, Reader } from '../../database/database.ts'
import type { ArtifactTable } from '../../database/schema/artifacts.ts'
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
import type { ListServices } from '../lists/totals.ts'
import {
  columnsOf,
  kindOf,
  maxRowsAtOnce,
  shownOfOne,
  shownOfPage,
  sizeWithChildren,
  tagOf,
  withParts,
  type ArtifactDetails,
  type ArtifactParts,
  type ListedTag,
} from './artifact-details.ts'

const columns: ListColumns = {
  id: { ref: 'artifact.id', type: 'number' },
  digest: { ref: 'artifact.digest', type: 'text' },
  media_type: { ref: 'artifact.artifact_type', type: 'text' },
  artifact_type: { ref: 'artifact.artifact_type', type: 'text' },
  manifest_media_type: { ref: 'artifact.media_type', type: 'text' },
  size: { ref: sizeWithChildren, type: 'number' },
  push_time: { ref: 'artifact.pushed_at', type: 'time' },
  pull_time: { ref: 'artifact.pulled_at', type: 'time' },
}

const newestFirst = [
  { key: 'push_time', descending: true },
  { key: 'id', descending: true },
]

/** Orders in which `listed_artifact` is. */
const placeKeys = ['push_time', 'id']

/** "All" ends behind about so many bytes; the client goes on behind them page by page. */
const maxBytesOfAll = 4 << 20

/** Which artifacts a list is about. */
export interface ArtifactScope {
  readonly repositoryId?: number
  /** Of every repository of the project. */
  readonly projectId?: number
  /** Of each repository only the one that was pushed last. */
  readonly latestOnly?: boolean
  /** Of these only those that have it, by what others know of them. */
  readonly having?: readonly RawBuilder<SqlBool>[]
}

function scopeCondition({ repositoryId, projectId }: ArtifactScope): RawBuilder<SqlBool> {
  if (repositoryId !== undefined) return sql<SqlBool>`artifact.repository_id = ${repositoryId}`
  if (projectId === undefined) return sql<SqlBool>`1 = 0`
  return sql<SqlBool>`artifact.repository_id in (select id from repository where project_id = ${projectId})`
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
  { conditions = [], sort = [], limit, offset }: Listing,
  parts: ArtifactParts,
): Promise<Listed<ArtifactDetails>> {
  const everything = conditions.some(({ kind, key }) => kind === 'exact' && key === 'base')
  const own = [
    ...(within.having ?? []),
    ...conditions.filter(({ key }) => key === 'tags').map(tagCondition),
    ...conditions.filter(({ key }) => key === 'labels').flatMap(labelConditions),
  ]
  const types = conditions.filter(({ key }) => key === 'type')
  if (types.length > 0) own.push(...(await typeConditions(database.read, within, types)))
  const known = matching(columns, conditions)
  const filters = [...(within.latestOnly === true ? [isLatest] : []), ...own, ...known]
  // Their places have all that a list without filters asks for.
  const byPlace = !everything && filters.length === 0 && sort.every(({ key }) => placeKeys.includes(key))
  const source = sql<Selectable<ArtifactTable>>`${sql.table(byPlace ? 'listed_artifact' : 'artifact')}`.as('artifact')
  let matched = database.read.selectFrom(source).where(scopeCondition(within))
  if (!everything && !byPlace) matched = matched.where(isListed)
  for (const condition of filters) matched = matched.where(condition)
  const shown = shownOfPage(limit)
  const order = ordering(columns, sort, newestFirst)
  const rows: ArtifactDetails[] = []
  for (let bytes = 0; rows.length < limit && bytes < maxBytesOfAll;) {
    const wanted = Math.min(limit - rows.length, maxRowsAtOnce)
    // Only what is shown is read: rows before the page cost no more than their entry in an index.
    let ids = matched
      .select('artifact.id')
      .limit(wanted)
      .offset(offset + rows.length)
    for (const { ref, direction } of order) ids = ids.orderBy(ref, direction)
    let page = database.read.selectFrom('artifact').select(columnsOf(shown)).where('artifact.id', 'in', ids)
    for (const { ref, direction } of order) page = page.orderBy(ref, direction)
    const found = await withParts(database.read, await page.execute(), parts, shown)
    rows.push(...found)
    bytes += JSON.stringify(found).length
    if (found.length < wanted) break
  }
  const total = await totals.totalOf(database.read, matched, { rows: rows.length, limit, offset })
  return { rows, total }
}

export async function findArtifactBy(
  database: Pick<Database, 'read'>,
  repositoryId: number,
  reference: Reference,
  parts: ArtifactParts,
): Promise<ArtifactDetails | undefined> {
  const named = database.read
    .selectFrom('artifact')
    .select(columnsOf(shownOfOne))
    .where('artifact.repository_id', '=', repositoryId)
  const row = await (
    reference.kind === 'digest'
      ? named.where('artifact.digest', '=', reference.digest)
      : named
          .innerJoin('tag', 'tag.artifact_id', 'artifact.id')
          .where('tag.repository_id', '=', repositoryId)
          .where('tag.name', '=', reference.tag)
  ).executeTakeFirst()
  if (row === undefined) return undefined
  return (await withParts(database.read, [row], parts, shownOfOne))[0]
}

/** @throws DomainError MANIFEST_UNKNOWN */
export async function getArtifact(
  database: Pick<Database, 'read'>,
  repositoryId: number,
  reference: Reference,
  parts: ArtifactParts,
): Promise<ArtifactDetails> {
  const found = await findArtifactBy(database, repositoryId, reference, parts)
  if (found !== undefined) return found
  const name = reference.kind === 'tag' ? reference.tag : reference.digest
  throw new DomainError('MANIFEST_UNKNOWN', `artifact ${name} not found`)
}

/** Those of the ids that are there. */
export async function readArtifacts(
  reader: Reader,
  ids: readonly number[],
  parts: ArtifactParts,
): Promise<ArtifactDetails[]> {
  const shown = shownOfPage(ids.length)
  const rows = await reader.selectFrom('artifact').select(columnsOf(shown)).where('id', 'in', ids).execute()
  return await withParts(reader, rows, parts, shown)
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

/** Tagged, or in no index; and neither says whom it belongs to, nor has a name that tools derive from the digest it belongs to. */
export const isListed = sql<SqlBool>`exists (
  select 1 from listed_artifact where listed_artifact.id = artifact.id)`

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

/** Kinds of artifacts are told from their media types; as many of these are looked at. */
const maxMediaTypes = 1_000

/**
 * `type=IMAGE`, `type={IMAGE CHART}`, `type=~art`, as Harbor has it. A type is computed from what an artifact says it is, so the
 * media types that there are in the scope are read first, and those that mean the type are asked for.
 */
async function typeConditions(
  reader: Reader,
  within: ArtifactScope,
  conditions: readonly Condition[],
): Promise<RawBuilder<SqlBool>[]> {
  const found = await reader
    .selectFrom('artifact')
    .select(['artifact_type', 'media_type'])
    .distinct()
    .where(scopeCondition(within))
    .limit(maxMediaTypes)
    .execute()
  const kinds = found.map((row) => ({
    ...row,
    kind: kindOf({ artifactType: row.artifact_type, mediaType: row.media_type, references: [] }),
  }))
  return conditions.map((condition) => {
    const meant = kinds.filter(({ kind }) => isMeant(condition, kind))
    if (meant.length === 0) return sql<SqlBool>`1 = 0`
    const each = meant.map(
      (row) =>
        sql<SqlBool>`(artifact.artifact_type = ${row.artifact_type} and artifact.media_type = ${row.media_type})`,
    )
    return sql<SqlBool>`(${sql.join(each, sql` or `)})`
  })
}

function isMeant(condition: Condition, kind: string): boolean {
  if (condition.kind === 'exact') return kind === condition.value.toUpperCase()
  if (condition.kind === 'fuzzy') return kind.includes(condition.value.toUpperCase())
  if (condition.kind === 'any') return condition.values.some((value) => kind === value.toUpperCase())
  throw new DomainError('BAD_REQUEST', 'type can be asked for as =IMAGE, =~part, ={IMAGE CHART}')
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

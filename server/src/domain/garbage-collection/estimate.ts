import { sql, type RawBuilder, type SelectQueryBuilder, type SqlBool } from 'kysely'
import type { Reader } from '../../database/database.ts'
import type { Schema } from '../../database/schema/schema.ts'
import type { CollectorOptions } from './collect.ts'
import { countEligible } from './eligible.ts'

/** The yield of a run, if it began now and nothing changed meanwhile. */
export interface Estimate {
  /** Entries whose time in the trash is over. */
  readonly expired: number
  /** Those that would be deleted, and those that went already and were not counted. */
  readonly manifests: number
  readonly blobs: number
  /** Bytes of the blobs, and bytes that wait to be deleted already. */
  readonly bytes: number
}

const digestsPerPage = 500
/** Beyond this many blobs, the estimate is a lower bound: memory is bounded. */
const maxSeen = 1_000_000

/** Counts along the queues of garbage collection, changing nothing; never along the store. */
export async function estimateGarbage(options: CollectorOptions): Promise<Estimate> {
  const { database, clock, signal } = options
  const { read } = database
  const facts = factsOf(options)
  const { expired } = await read
    .selectFrom('trash_entry')
    .select((eb) => eb.fn.countAll<number | string>().as('expired'))
    .where('deleted_at', '<=', facts.trashedBefore)
    .executeTakeFirstOrThrow()
  const orphans = await countManifests(read, sql<SqlBool>`artifact_review.orphan = 1`)
  const untagged = options.deleteUntagged === true ? await countManifests(read, isUntagged(facts)) : 0
  const eligible = await countEligible(database, clock.now())
  const waiting = await sumOf(read.selectFrom('blob_trash'))
  let { blobs } = eligible
  let bytes = eligible.bytes + waiting.bytes
  const seen = new Set<string>()
  for await (const page of dueDigests(read, options, clock.now())) {
    if (signal?.aborted === true || seen.size > maxSeen) break
    const fresh = [...new Set(page)].filter((digest) => !seen.has(digest))
    if (fresh.length === 0) continue
    for (const digest of fresh) seen.add(digest)
    const going = read
      .selectFrom('blob')
      .where('digest', 'in', fresh)
      .where('state', '=', 'live')
      .where(sql<SqlBool>`not ${isNeeded(options, facts)}`)
    const found = await sumOf(going)
    blobs += found.count
    bytes += found.bytes
  }
  return { expired: Number(expired), manifests: orphans + untagged + eligible.manifests, blobs, bytes }
}

interface Facts {
  readonly now: number
  readonly trashedBefore: number
  readonly pushedBefore: number
}

const factsOf = ({ clock, trashWindowMs, leaseMs }: CollectorOptions): Facts => {
  const now = clock.now()
  return { now, trashedBefore: now - trashWindowMs, pushedBefore: now - leaseMs }
}

async function sumOf(
  query: SelectQueryBuilder<Schema, 'blob', unknown> | SelectQueryBuilder<Schema, 'blob_trash', unknown>,
): Promise<{ readonly count: number; readonly bytes: number }> {
  const row = await (query as SelectQueryBuilder<Schema, 'blob', unknown>)
    .select((eb) => [
      eb.fn.countAll<number | string>().as('count'),
      eb.fn.sum<number | string | null>('size').as('bytes'),
    ])
    .executeTakeFirstOrThrow()
  return { count: Number(row.count), bytes: Number(row.bytes ?? 0) }
}

async function countManifests(read: Reader, condition: RawBuilder<SqlBool>): Promise<number> {
  const { count } = await read
    .selectFrom('artifact_review')
    .innerJoin('artifact', 'artifact.id', 'artifact_review.artifact_id')
    .select((eb) => eb.fn.countAll<number | string>().as('count'))
    .where(condition)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** A condition on a row of `artifact`: no tag names it, no index has it, and its subject is not there. */
const isUntagged = ({ pushedBefore }: Facts) => sql<SqlBool>`(
  artifact.pushed_at <= ${pushedBefore}
  and not exists (select 1 from tag where tag.artifact_id = artifact.id)
  and not exists (select 1 from artifact_child where artifact_child.child_id = artifact.id)
  and not exists (select 1 from artifact as subject
    where subject.repository_id = artifact.repository_id and subject.digest = artifact.subject_digest))`

/**
 * A condition on a row of `blob`: something would still hold it after the run. Manifests that go into the trash hold
 * their blobs.
 */
function isNeeded({ deleteUntagged, trashWindowMs }: CollectorOptions, facts: Facts): RawBuilder<SqlBool> {
  const stays =
    deleteUntagged === true && trashWindowMs === 0
      ? sql<SqlBool>`not exists (select 1 from artifact_review join artifact on artifact.id = artifact_review.artifact_id
          where artifact_review.artifact_id = artifact_blob.artifact_id and ${isUntagged(facts)})`
      : sql<SqlBool>`1 = 1`
  return sql<SqlBool>`(
    exists (select 1 from repository_blob where repository_blob.digest = blob.digest
      and (repository_blob.protected_until > ${facts.now} or exists (
        select 1 from artifact_blob where artifact_blob.repository_id = repository_blob.repository_id
          and artifact_blob.digest = repository_blob.digest and ${stays})))
    or exists (select 1 from trash_blob join trash_entry on trash_entry.id = trash_blob.entry_id
      where trash_blob.digest = blob.digest and trash_entry.deleted_at > ${facts.trashedBefore}))`
}

/** Digests that something let go of, or would: pages of them, some more than once. */
async function* dueDigests(read: Reader, options: CollectorOptions, now: number): AsyncGenerator<string[]> {
  for (let last = { repository_id: -1, digest: '' }; ;) {
    const rows = await read
      .selectFrom('link_review')
      .select(['repository_id', 'digest'])
      .where((eb) => eb(eb.refTuple('repository_id', 'digest'), '>', eb.tuple(last.repository_id, last.digest)))
      .where('review_after', '<=', now)
      .orderBy('repository_id')
      .orderBy('digest')
      .limit(digestsPerPage)
      .execute()
    if (rows.length === 0) break
    yield rows.map(({ digest }) => digest)
    last = rows.at(-1)!
  }
  for (let last = { entry_id: -1, digest: '' }; ;) {
    const rows = await read
      .selectFrom('trash_blob')
      .innerJoin('trash_entry', 'trash_entry.id', 'trash_blob.entry_id')
      .select(['trash_blob.entry_id', 'trash_blob.digest'])
      .where((eb) =>
        eb(eb.refTuple('trash_blob.entry_id', 'trash_blob.digest'), '>', eb.tuple(last.entry_id, last.digest)),
      )
      .where('trash_entry.deleted_at', '<=', now - options.trashWindowMs)
      .orderBy('trash_blob.entry_id')
      .orderBy('trash_blob.digest')
      .limit(digestsPerPage)
      .execute()
    if (rows.length === 0) break
    yield rows.map(({ digest }) => digest)
    last = rows.at(-1)!
  }
  if (options.deleteUntagged !== true || options.trashWindowMs > 0) return
  for (let last = { artifact_id: -1, digest: '' }; ;) {
    const rows = await read
      .selectFrom('artifact_review')
      .innerJoin('artifact_blob', 'artifact_blob.artifact_id', 'artifact_review.artifact_id')
      .select(['artifact_blob.artifact_id', 'artifact_blob.digest'])
      .where((eb) =>
        eb(
          eb.refTuple('artifact_blob.artifact_id', 'artifact_blob.digest'),
          '>',
          eb.tuple(last.artifact_id, last.digest),
        ),
      )
      .orderBy('artifact_blob.artifact_id')
      .orderBy('artifact_blob.digest')
      .limit(digestsPerPage)
      .execute()
    if (rows.length === 0) break
    yield rows.map(({ digest }) => digest)
    last = rows.at(-1)!
  }
}

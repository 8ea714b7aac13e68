import type { Digest } from '#contract/digest.ts'
import { projectOf, type RepositoryName } from '#contract/repository-name.ts'
import type { Selectable } from 'kysely'
import type { Database, Reader, Writer } from '../../database/database.ts'
import { lockRowsShared } from '../../database/locking.ts'
import type { TrashEntryTable } from '../../database/schema/trash.ts'
import { thenRest } from '../../runtime/then-rest.ts'
import { faultPoint } from '../../runtime/fault-points.ts'
import type { Actor } from '../access/actor.ts'
import type { Admission } from '../access/admission.ts'
import type { Clock } from '../clock.ts'
import { noteForgottenEntries } from '../content/gone-manifests.ts'
import { noRepository, reviewLinks } from '../content/links.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { batches } from '../lists/batches.ts'
import { writeAdmitted } from '../policies/write-admitted.ts'
import type { TrashedTag } from './put-in-trash.ts'
import { emptyDescriptions, forgetDescriptions } from './trashed-repository.ts'

/** Something that was deleted and can be had back. */
export interface TrashEntry {
  readonly id: number
  readonly projectId: number
  readonly repository: RepositoryName
  readonly kind: 'artifact' | 'tag'
  readonly digest: Digest
  readonly mediaType: string
  readonly artifactType: string
  /** Bytes of the artifact; 0 for a tag. */
  readonly size: number
  readonly tags: readonly TrashedTag[]
  readonly pushedAt: number
  readonly deletedBy: string
  readonly deletedAt: number
  /** The run of a retention policy that deleted it. */
  readonly runId: number | undefined
  /** From then on it may be gone. */
  readonly expiresAt: number
}

export interface TrashServices {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly trashWindowMs: number
}

/** Which entries: all of those that are given. */
export interface TrashMatch {
  readonly repository?: string | undefined
  readonly deletedBy?: string | undefined
  readonly runId?: number | undefined
}

export interface TrashQuery extends TrashMatch {
  readonly size: number
  /** Entries older than this one; undefined: from the newest on. */
  readonly before: number | undefined
}

const shown = [
  'id',
  'project_id',
  'repository',
  'kind',
  'digest',
  'media_type',
  'artifact_type',
  'size',
  'tags',
  'pushed_at',
  'deleted_by',
  'deleted_at',
  'run_id',
] as const

/** An artifact may have had tags by the hundred thousand: a page ends by bytes, looked at after some rows. */
const maxPageBytes = 4 << 20
const rowsAtOnce = 10

/** Deletions of the project, the newest first, without entries that went along with another. */
export async function listTrash(
  { database, trashWindowMs }: TrashServices,
  projectId: number,
  { size, before, ...match }: TrashQuery,
): Promise<{ readonly entries: readonly TrashEntry[]; readonly next: number | undefined }> {
  const query = selectMatching(database.read, projectId, match).select(shown).orderBy('id', 'desc')
  const entries: TrashEntry[] = []
  let bytes = 0
  for (let from = before; entries.length < size && bytes < maxPageBytes;) {
    const wanted = Math.min(rowsAtOnce, size - entries.length)
    const behind = from === undefined ? query : query.where('id', '<', from)
    const rows = await behind.limit(wanted + 1).execute()
    const found = rows.slice(0, wanted)
    entries.push(...found.map((row) => entryOf(row, trashWindowMs)))
    bytes += found.reduce((sum, row) => sum + row.tags.length, 0)
    if (rows.length <= wanted) return { entries, next: undefined }
    from = found.at(-1)?.id
  }
  return { entries, next: entries.at(-1)?.id }
}

/** Entries that match, the first deleted first, from the one behind `after` on. */
export async function listMatchingEntries(
  { database }: Pick<TrashServices, 'database'>,
  projectId: number,
  { after, limit, ...match }: TrashMatch & { readonly after: number; readonly limit: number },
): Promise<readonly number[]> {
  const rows = await selectMatching(database.read, projectId, match)
    .select('id')
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(({ id }) => id)
}

/** Without entries that went along with another. */
function selectMatching(reader: Reader, projectId: number, { repository, deletedBy, runId }: TrashMatch) {
  let query = reader.selectFrom('trash_entry').where('project_id', '=', projectId).where('part_of', 'is', null)
  if (repository !== undefined) query = query.where('repository', '=', repository)
  if (deletedBy !== undefined) query = query.where('deleted_by', '=', deletedBy)
  if (runId !== undefined) query = query.where('run_id', '=', runId)
  return query
}

/** @throws DomainError TRASH_ENTRY_UNKNOWN also when it lies in another project */
export async function getTrashEntry(
  { database, trashWindowMs }: TrashServices,
  projectId: number,
  id: number,
): Promise<TrashEntry> {
  const row = await database.read
    .selectFrom('trash_entry')
    .select(shown)
    .where('project_id', '=', projectId)
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined) throw trashEntryUnknown(id)
  return entryOf(row, trashWindowMs)
}

/** Those of the ids that are in the trash of the project. */
export async function readTrashEntries(
  { database, trashWindowMs }: TrashServices,
  projectId: number,
  ids: readonly number[],
): Promise<TrashEntry[]> {
  if (ids.length === 0) return []
  const rows = await database.read
    .selectFrom('trash_entry')
    .select(shown)
    .where('project_id', '=', projectId)
    .where('id', 'in', ids)
    .execute()
  return rows.map((row) => entryOf(row, trashWindowMs))
}

/** Entries let go of in one transaction. */
const entriesPerStep = 20

/** The scope of an emptying: one entry with its followers, a project, or everything. */
type Emptying = { readonly projectId: number; readonly entryId: number | undefined } | 'everything'

/**
 * Empties the trash of a project, or one entry of it with its followers. From here on they cannot be restored, and
 * garbage collection takes their bytes. It goes on in several transactions; when it breaks off, the emptied part stays
 * so. Returns the number of entries.
 * @throws DomainError of the door gates when the actor may not delete any more
 */
export async function emptyTrash(
  services: TrashServices,
  admission: Admission<'delete'>,
  entryId?: number,
): Promise<number> {
  const { projectId, repositoryName, actor } = admission
  const entries = await empty(services, { projectId, entryId }, (work) =>
    writeAdmitted(services.database, admission, work),
  )
  const event = { type: 'empty_trash', projectId, project: projectOf(repositoryName), entries } as const
  await services.database.write(async (tx) => {
    if (entryId === undefined) await emptyDescriptions(tx, projectId)
    await services.events.record(tx, actor, event)
  })
  return entries
}

/** The same for all projects. The caller has asked the gates of removals. */
export async function emptyAllTrash(services: TrashServices, actor: Actor): Promise<number> {
  const { database, events } = services
  const entries = await empty(services, 'everything', (work) => database.write(work))
  await database.write(async (tx) => {
    await emptyDescriptions(tx, undefined)
    await events.record(tx, actor, { type: 'empty_trash', entries })
  })
  return entries
}

async function empty(
  { database, clock }: TrashServices,
  what: Emptying,
  transact: (work: (tx: Writer) => Promise<number>) => Promise<number>,
): Promise<number> {
  for (let entries = 0; ;) {
    const ids = await entriesOf(database.read, what)
    if (ids.length === 0) return entries
    entries += await transact(async (tx) => await forgetEntries(database, tx, ids, clock.now()))
  }
}

/** Followers go before their entry, which shows until the end that some are left. */
async function entriesOf(reader: Reader, what: Emptying): Promise<number[]> {
  const some = reader.selectFrom('trash_entry').select('id').limit(entriesPerStep)
  if (what === 'everything') return (await some.orderBy('id').execute()).map(({ id }) => id)
  const { projectId, entryId } = what
  const ofProject = some.where('project_id', '=', projectId)
  if (entryId === undefined) return (await ofProject.execute()).map(({ id }) => id)
  const parts = await ofProject.where('part_of', '=', entryId).orderBy('id').execute()
  const rows = parts.length > 0 ? parts : await ofProject.where('id', '=', entryId).execute()
  return rows.map(({ id }) => id)
}

/**
 * Forgets entries that have been there for the whole window, `max` at the most. Returns how many: fewer mean that
 * none is left.
 */
export async function expireTrash(
  { database, clock, trashWindowMs }: TrashServices,
  { max, signal }: { readonly max: number; readonly signal?: AbortSignal | undefined },
): Promise<number> {
  let expired = 0
  while (expired < max && signal?.aborted !== true) {
    const due = await database.read
      .selectFrom('trash_entry')
      .select('id')
      .where('deleted_at', '<=', clock.now() - trashWindowMs)
      .orderBy('deleted_at')
      .limit(Math.min(entriesPerStep, max - expired))
      .execute()
    if (due.length === 0) break
    const ids = due.map(({ id }) => id)
    await thenRest(() =>
      database.write(async (tx) => {
        await forgetEntries(database, tx, ids, clock.now())
        faultPoint('gc-expire-before-commit')
      }, 'relaxed'),
    )
    expired += ids.length
  }
  await expireDescriptions(database, clock.now() - trashWindowMs)
  return expired
}

async function expireDescriptions(database: Database, deletedBefore: number): Promise<void> {
  const due = await database.read
    .selectFrom('trash_repository')
    .select('repository')
    .where('deleted_at', '<=', deletedBefore)
    .limit(1)
    .executeTakeFirst()
  if (due === undefined) return
  await database.write((tx) => forgetDescriptions(tx, deletedBefore, descriptionsPerRound), 'relaxed')
}

const descriptionsPerRound = 500

/**
 * Deletes entries and asks garbage collection to look at their blobs. Blobs are locked first, as everybody does, so
 * that it does not look before they are let go of.
 */
async function forgetEntries(database: Database, tx: Writer, ids: readonly number[], now: number): Promise<number> {
  const held = tx.selectFrom('trash_blob').select('digest').where('entry_id', 'in', ids)
  const blobs = tx.selectFrom('blob').select('digest').where('digest', 'in', held).orderBy('digest')
  const digests = (await lockRowsShared(database, blobs).execute()).map(({ digest }) => digest)
  await noteForgottenEntries(tx, ids, now)
  const deleted = await tx.deleteFrom('trash_entry').where('id', 'in', ids).executeTakeFirst()
  for (const batch of batches(digests)) await reviewLinks(tx, noRepository, batch, now)
  return Number(deleted.numDeletedRows)
}

export function trashEntryUnknown(id: number): DomainError {
  return new DomainError('TRASH_ENTRY_UNKNOWN', `entry ${id} is not in the trash of this project`)
}

type ShownRow = Pick<Selectable<TrashEntryTable>, (typeof shown)[number]>

function entryOf(row: ShownRow, windowMs: number): TrashEntry {
  return {
    id: row.id,
    projectId: row.project_id,
    repository: row.repository as RepositoryName,
    kind: row.kind,
    digest: row.digest as Digest,
    mediaType: row.media_type,
    artifactType: row.artifact_type,
    size: Number(row.size),
    tags: JSON.parse(row.tags) as TrashedTag[],
    pushedAt: row.pushed_at,
    deletedBy: row.deleted_by,
    deletedAt: row.deleted_at,
    runId: row.run_id ?? undefined,
    expiresAt: row.deleted_at + windowMs,
  }
}

/** @throws DomainError TRASH_ENTRY_UNKNOWN when another call was faster */
export async function takeOutOfTrash(tx: Writer, id: number): Promise<void> {
  const taken = await tx.deleteFrom('trash_entry').where('id', '=', id).executeTakeFirst()
  if (taken.numDeletedRows === 0n) throw trashEntryUnknown(id)
}

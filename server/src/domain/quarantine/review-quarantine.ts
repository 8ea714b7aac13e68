import type { Selectable } from 'kysely'
import type { Database, Writer } from '../../database/database.ts'
import { lockRows } from '../../database/locking.ts'
import type { QuarantineEntryTable } from '../../database/schema/quarantine.ts'
import { actorName, type Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import type { Events } from '../events/events.ts'
import { makeAllDue, makeDue } from './follow-quarantine.ts'
import { findPushed, judgeHeld, type PushedArtifact } from './judge-held.ts'
import { readQuarantineSettings } from './quarantine-settings.ts'

export interface ReviewServices {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
}

/** Whatever told nobody that it changed something is found then. */
const againAfterMs = 30 * 60_000

/** In whose name the program releases and deletes. */
export const quarantineActor: Actor = { kind: 'system', name: 'quarantine' }

export async function isReviewDue({ read }: Pick<Database, 'read'>, now: number): Promise<boolean> {
  const row = await read
    .selectFrom('quarantine_entry')
    .select('artifact_id')
    .where('released_at', 'is', null)
    .where('review_at', '<=', now)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Judges what is due, each in a transaction of its own. Returns how many were. */
export async function reviewQuarantine(services: ReviewServices, limit: number): Promise<number> {
  const { database, clock } = services
  const due = await database.read
    .selectFrom('quarantine_entry')
    .select('artifact_id')
    .where('released_at', 'is', null)
    .where('review_at', '<=', clock.now())
    .orderBy('review_at')
    .orderBy('artifact_id')
    .limit(limit)
    .execute()
  for (const { artifact_id: id } of due) await database.write((tx) => reviewOne(services, tx, id))
  return due.length
}

async function reviewOne(services: ReviewServices, tx: Writer, artifactId: number): Promise<void> {
  const { clock, events } = services
  const entry = await lockHeld(services.database, tx, artifactId)
  const artifact = entry === undefined ? undefined : await findPushed(tx, { artifactId })
  // Deleted or released meanwhile.
  if (entry === undefined || artifact === undefined) return
  const now = clock.now()
  const { isOn } = await readQuarantineSettings(tx, artifact.projectId)
  const { awaits, until } = await judgeHeld(tx, artifact, now)
  if (!isOn || awaits.length === 0) return await release(services, tx, artifact, { by: quarantineActor })
  await tx
    .updateTable('quarantine_entry')
    .set({
      awaits: JSON.stringify(awaits),
      announced: 1,
      review_at: Math.min(now + againAfterMs, until ?? Number.POSITIVE_INFINITY),
    })
    .where('artifact_id', '=', artifactId)
    .execute()
  if (entry.announced === 1) return
  const { projectId, repository, digest } = artifact
  const tags = await tagsOf(tx, artifactId)
  const { username } = entry
  await events.record(tx, quarantineActor, {
    type: 'quarantine_artifact',
    projectId,
    repository,
    digest,
    tags,
    username,
  })
}

export async function lockHeld(
  database: Database,
  tx: Writer,
  artifactId: number,
): Promise<Selectable<QuarantineEntryTable> | undefined> {
  return await lockRows(
    database,
    tx
      .selectFrom('quarantine_entry')
      .selectAll()
      .where('artifact_id', '=', artifactId)
      .where('released_at', 'is', null),
  ).executeTakeFirst()
}

/** From this commit on it is given out, as far as policies let it. Indexes that wait for it are judged again. */
export async function release(
  { events, clock }: ReviewServices,
  tx: Writer,
  { artifactId, projectId, repository, digest }: PushedArtifact,
  { by, reason }: { readonly by: Actor; readonly reason?: string },
): Promise<void> {
  const now = clock.now()
  await tx
    .updateTable('quarantine_entry')
    .set({ released_at: now, released_by: actorName(by), reason: reason ?? null })
    .where('artifact_id', '=', artifactId)
    .execute()
  const parents = await tx
    .selectFrom('artifact_child')
    .innerJoin('quarantine_entry', 'quarantine_entry.artifact_id', 'artifact_child.parent_id')
    .select('quarantine_entry.digest')
    .where('artifact_child.child_id', '=', artifactId)
    .where('quarantine_entry.released_at', 'is', null)
    .execute()
  await makeDue(
    tx as never,
    parents.map((parent) => parent.digest),
    now,
  )
  const tags = await tagsOf(tx, artifactId)
  await events.record(tx, by, {
    ...{ type: 'release_artifact', projectId, repository, digest, tags },
    ...(reason === undefined ? {} : { reason }),
  })
}

/** More are not told of. */
const maxTags = 100

async function tagsOf(tx: Writer, artifactId: number): Promise<readonly string[]> {
  const rows = await tx
    .selectFrom('tag')
    .select('name')
    .where('artifact_id', '=', artifactId)
    .orderBy('name')
    .limit(maxTags)
    .execute()
  return rows.map(({ name }) => name)
}

/** A verdict on signatures came: it is awaited by what is signed and by what that holds. */
export async function reviewSigned(
  { database, clock }: Pick<ReviewServices, 'database' | 'clock'>,
  { repositoryId, subject }: { readonly repositoryId: number; readonly subject: string },
): Promise<void> {
  const children = await database.read
    .selectFrom('artifact as parent')
    .innerJoin('artifact_child', 'artifact_child.parent_id', 'parent.id')
    .innerJoin('quarantine_entry', 'quarantine_entry.artifact_id', 'artifact_child.child_id')
    .select('quarantine_entry.digest')
    .where('parent.repository_id', '=', repositoryId)
    .where('parent.digest', '=', subject)
    .where('quarantine_entry.released_at', 'is', null)
    .execute()
  const held = await database.read
    .selectFrom('quarantine_entry')
    .select('digest')
    .where('digest', '=', subject)
    .where('released_at', 'is', null)
    .limit(1)
    .execute()
  const digests = [...new Set([...held, ...children].map(({ digest }) => digest))]
  if (digests.length > 0)
    await database.write(async (tx) => await makeDue(tx as never, digests, clock.now()), 'relaxed')
}

/** Signatures were looked at again, of a project or of all. */
export async function reviewAll(
  { database, clock }: Pick<ReviewServices, 'database' | 'clock'>,
  projectId: number | undefined,
): Promise<void> {
  await database.write(async (tx) => await makeAllDue(tx as never, projectId, clock.now()), 'relaxed')
}

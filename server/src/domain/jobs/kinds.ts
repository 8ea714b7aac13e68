import type { Reader, Writer } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import type { Events } from '../events/events.ts'

/** The scheduler can be paused like a kind of job; no job is of it. */
export const schedulerKind = 'scheduler'

/** Puts a row there for each kind whose workers have to count under its lock. */
export async function ensureKinds(tx: Writer, kinds: readonly string[]): Promise<void> {
  if (kinds.length === 0) return
  await tx
    .insertInto('job_kind')
    .values(kinds.toSorted().map((kind) => ({ kind, paused: 0 as const })))
    .onConflict((conflict) => conflict.column('kind').doNothing())
    .execute()
}

/** Jobs of a paused kind wait; those that run go on. */
export async function setPaused(
  tx: Writer,
  events: Events,
  actor: Actor,
  kind: string,
  paused: boolean,
): Promise<void> {
  const value = paused ? 1 : 0
  const before = await tx.selectFrom('job_kind').select('paused').where('kind', '=', kind).executeTakeFirst()
  if ((before?.paused ?? 0) === value) return
  await tx
    .insertInto('job_kind')
    .values({ kind, paused: value })
    .onConflict((conflict) => conflict.column('kind').doUpdateSet({ paused: value }))
    .execute()
  await events.record(tx, actor, { type: paused ? 'pause_job_queue' : 'resume_job_queue', kind })
}

export async function pausedKinds(reader: Reader): Promise<ReadonlySet<string>> {
  const rows = await reader.selectFrom('job_kind').select('kind').where('paused', '=', 1).execute()
  return new Set(rows.map(({ kind }) => kind))
}

import type { Transaction } from 'kysely'
import type { Schema } from '../../database/schema/schema.ts'
import { actorKey, actorName } from '../access/actor.ts'
import { reaction } from '../events/reactions.ts'
import { findPushed, judgeHeld } from './judge-held.ts'
import { readQuarantineSettings } from './quarantine-settings.ts'

/** The transaction of a change, for the one table of this noun. */
export type QuarantineWriter = Transaction<Pick<Schema, 'quarantine_entry'>>

/**
 * What is pushed, copied or restored into a project with a quarantine is held in the transaction that brings it: no moment lies
 * between, in which it could be pulled. What passes at once is never held, and what was released does not enter again.
 */
export const quarantinePushed = reaction({
  types: ['push_artifact', 'restore_artifact'],
  tables: ['quarantine_entry'],
  react: async ({ tx, read }, { event, actor, occurredAt }) => {
    const { isOn, limitMs } = await readQuarantineSettings(read, event.projectId)
    if (!isOn) return
    const pushed = await findPushed(read, event)
    if (pushed === undefined) throw new Error(`${event.repository}@${event.digest} was pushed and is not there`)
    const { awaits } = await judgeHeld(read, pushed, occurredAt)
    if (awaits.length === 0) return
    await tx
      .insertInto('quarantine_entry')
      .values({
        ...{ artifact_id: pushed.artifactId, project_id: pushed.projectId, digest: pushed.digest },
        ...{ pushed_by: actorKey(actor), username: actorName(actor), entered_at: occurredAt },
        ...{ expires_at: limitMs === undefined ? null : occurredAt + limitMs, review_at: occurredAt, announced: 0 },
        ...{ awaits: JSON.stringify(awaits), released_at: null, released_by: null, reason: null },
      })
      .onConflict((conflict) => conflict.column('artifact_id').doNothing())
      .execute()
  },
})

/** A scan that ended is awaited by the image, and by the indexes that it is in. */
export const reviewScanned = reaction({
  types: ['finish_scan'],
  tables: ['quarantine_entry'],
  react: async ({ tx, read }, { event, occurredAt }) => {
    const parents = await read
      .selectFrom('artifact as child')
      .innerJoin('artifact_child', 'artifact_child.child_id', 'child.id')
      .innerJoin('quarantine_entry', 'quarantine_entry.artifact_id', 'artifact_child.parent_id')
      .select('quarantine_entry.digest')
      .where('child.digest', '=', event.digest)
      .where('quarantine_entry.released_at', 'is', null)
      .limit(maxParents)
      .execute()
    await makeDue(tx, [event.digest, ...parents.map(({ digest }) => digest)], occurredAt)
  },
})

/** More indexes of one image wait for the next look. */
const maxParents = 200

/** Whatever changes what policies say, in a project or in all of them. */
export const reviewChanged = reaction({
  types: [
    ...(['create_pull_policy', 'update_pull_policy', 'delete_pull_policy'] as const),
    ...(['create_policy_exemption', 'delete_policy_exemption', 'update_cve_allowlist'] as const),
    ...(['update_project', 'create_signer', 'delete_signer', 'add_vex_document', 'delete_vex_document'] as const),
  ],
  tables: ['quarantine_entry'],
  react: async ({ tx }, { event, occurredAt }) => {
    const projectId = 'projectId' in event ? event.projectId : undefined
    await makeAllDue(tx, projectId, occurredAt)
  },
})

/** Has everything that is held judged again, of a project or of all. */
export async function makeAllDue(tx: QuarantineWriter, projectId: number | undefined, now: number): Promise<void> {
  const held = tx.updateTable('quarantine_entry').set({ review_at: now }).where('released_at', 'is', null)
  await (projectId === undefined ? held : held.where('project_id', '=', projectId)).execute()
}

/** Has these judged again, in whatever repository they are held: reports and signatures are of a digest. */
export async function makeDue(tx: QuarantineWriter, digests: readonly string[], now: number): Promise<void> {
  if (digests.length === 0) return
  await tx
    .updateTable('quarantine_entry')
    .set({ review_at: now })
    .where('digest', 'in', digests)
    .where('released_at', 'is', null)
    .execute()
}

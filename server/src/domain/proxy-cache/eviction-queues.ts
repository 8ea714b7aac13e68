import type { Reader, Writer } from '../../database/database.ts'

/**
 * The queues of S3-FIFO (Yang et al., SOSP 2023) over the artifacts of a proxy project, in rows, so that they outlive the process.
 * What is new enters the small queue and leaves it soon, unless it is asked for again; what came back, or was asked for, stands in the
 * main one.
 */
export type QueueName = 'small' | 'main'

export interface Entry {
  readonly artifactId: number
  readonly digest: string
  readonly repository: string
  readonly queue: QueueName
  readonly hits: number
  readonly sizeBytes: number
}

/** More hits than that say nothing more. */
const maxHits = 3
/** Signatures, charts, indexes: they cost little and are wanted with what they belong to. */
const lightBytes = 1024 * 1024
/** The part of the room that light ones may have for themselves, and that the small queue has. */
const smallShare = 0.1
const maxGhosts = 10_000
/** Artifacts without an entry, of before there were any, in one round. */
const adoptedAtOnce = 500

/** Puts an artifact that has just been stored into its queue; one that has an entry keeps it. */
export async function enter(
  tx: Writer,
  projectId: number,
  { repository, digest }: { readonly repository: string; readonly digest: string },
): Promise<void> {
  const artifact = await tx
    .selectFrom('artifact')
    .innerJoin('repository', 'repository.id', 'artifact.repository_id')
    .select(['artifact.id', 'artifact.size'])
    .where('repository.name', '=', repository)
    .where('artifact.digest', '=', digest)
    .executeTakeFirst()
  if (artifact === undefined) return
  const ghost = await tx
    .deleteFrom('proxy_ghost')
    .where('project_id', '=', projectId)
    .where('digest', '=', digest)
    .returning('digest')
    .executeTakeFirst()
  await tx
    .insertInto('proxy_entry')
    .values({
      ...{ artifact_id: artifact.id, project_id: projectId, queue: ghost === undefined ? 'small' : 'main' },
      ...{ position: await nextPosition(tx, projectId), hits: 0, size: artifact.size },
    })
    .onConflict((conflict) => conflict.column('artifact_id').doNothing())
    .execute()
}

/** Counts pulls of artifacts, and of the indexes that they are a part of. */
export async function countHits(tx: Writer, hits: ReadonlyMap<number, number>): Promise<void> {
  for (const [artifactId, count] of [...hits].toSorted(([one], [other]) => one - other)) {
    await tx
      .updateTable('proxy_entry')
      .set((eb) => ({
        hits: eb
          .case()
          .when(eb('hits', '+', count), '>', maxHits)
          .then(maxHits)
          .else(eb('hits', '+', count))
          .end(),
      }))
      .where((eb) =>
        eb.or([
          eb('artifact_id', '=', artifactId),
          eb(
            'artifact_id',
            'in',
            eb.selectFrom('artifact_child').select('parent_id').where('child_id', '=', artifactId),
          ),
        ]),
      )
      .execute()
  }
}

/** Gives entries to artifacts that have none, those first that were pulled longest ago. */
export async function adopt(tx: Writer, projectId: number): Promise<void> {
  const rows = await tx
    .selectFrom('artifact')
    .innerJoin('repository', 'repository.id', 'artifact.repository_id')
    .select(['artifact.id', 'artifact.size'])
    .where('repository.project_id', '=', projectId)
    .where((eb) =>
      eb.not(
        eb.or([
          eb.exists(
            eb.selectFrom('proxy_entry').select('artifact_id').whereRef('proxy_entry.artifact_id', '=', 'artifact.id'),
          ),
          eb.exists(
            eb.selectFrom('artifact_child').select('child_id').whereRef('artifact_child.child_id', '=', 'artifact.id'),
          ),
        ]),
      ),
    )
    .orderBy((eb) => eb.fn.coalesce('artifact.pulled_at', 'artifact.pushed_at'))
    .limit(adoptedAtOnce)
    .execute()
  let position = await nextPosition(tx, projectId)
  for (const { id, size } of rows) {
    await tx
      .insertInto('proxy_entry')
      .values({ artifact_id: id, project_id: projectId, queue: 'small', position: position++, hits: 0, size })
      .onConflict((conflict) => conflict.column('artifact_id').doNothing())
      .execute()
  }
}

/** The entry at whose turn it is, in a room of so many bytes, but for those that may not go; undefined: there is none. */
export async function headOf(
  reader: Reader,
  projectId: number,
  { roomBytes, except }: { readonly roomBytes: number; readonly except: readonly number[] },
): Promise<Entry | undefined> {
  const { small, light, heavy } = await reader
    .selectFrom('proxy_entry')
    .select((eb) => [
      eb.fn.sum<number | string | null>('size').filterWhere('queue', '=', 'small').as('small'),
      eb.fn.sum<number | string | null>('size').filterWhere('size', '<=', lightBytes).as('light'),
      eb.fn.countAll<number | string>().filterWhere('size', '>', lightBytes).as('heavy'),
    ])
    .where('project_id', '=', projectId)
    .where('artifact_id', 'not in', except.length === 0 ? [0] : except)
    .executeTakeFirstOrThrow()
  const areLightSpared = Number(light ?? 0) <= roomBytes * smallShare && Number(heavy) > 0
  const isSmallFull = Number(small ?? 0) > roomBytes * smallShare
  const order = isSmallFull ? (['small', 'main'] as const) : (['main', 'small'] as const)
  for (const queue of order) {
    let query = reader
      .selectFrom('proxy_entry')
      .innerJoin('artifact', 'artifact.id', 'proxy_entry.artifact_id')
      .innerJoin('repository', 'repository.id', 'artifact.repository_id')
      .select(['artifact.id', 'artifact.digest', 'repository.name', 'proxy_entry.hits', 'proxy_entry.size'])
      .where('proxy_entry.project_id', '=', projectId)
      .where('proxy_entry.queue', '=', queue)
      .where('proxy_entry.artifact_id', 'not in', except.length === 0 ? [0] : except)
    if (areLightSpared) query = query.where('proxy_entry.size', '>', lightBytes)
    const row = await query.orderBy('proxy_entry.position').limit(1).executeTakeFirst()
    if (row === undefined) continue
    const { id: artifactId, digest, name: repository, hits, size: sizeBytes } = row
    return { artifactId, digest, repository, queue, hits, sizeBytes }
  }
  return undefined
}

/** To the end of the main queue. */
export async function requeue(tx: Writer, projectId: number, artifactId: number, hits: number): Promise<void> {
  await tx
    .updateTable('proxy_entry')
    .set({ queue: 'main', position: await nextPosition(tx, projectId), hits })
    .where('artifact_id', '=', artifactId)
    .execute()
}

/** It is a part of an index by now, and goes with it. */
export async function leave(tx: Writer, artifactId: number): Promise<void> {
  await tx.deleteFrom('proxy_entry').where('artifact_id', '=', artifactId).execute()
}

/** Remembers what was given up before anybody asked for it a second time. */
export async function haunt(tx: Writer, projectId: number, digest: string): Promise<void> {
  const position = await nextPosition(tx, projectId)
  await tx
    .insertInto('proxy_ghost')
    .values({ project_id: projectId, digest, position })
    .onConflict((conflict) => conflict.columns(['project_id', 'digest']).doUpdateSet({ position }))
    .execute()
  await tx
    .deleteFrom('proxy_ghost')
    .where('project_id', '=', projectId)
    .where('position', '<=', position - maxGhosts)
    .execute()
}

/** Behind everything of the project, also what was given up. */
async function nextPosition(tx: Writer, projectId: number): Promise<number> {
  const { entry, ghost } = await tx
    .selectNoFrom((eb) => [
      eb
        .selectFrom('proxy_entry')
        .select((of) => of.fn.max<number | string | null>('position').as('last'))
        .where('project_id', '=', projectId)
        .as('entry'),
      eb
        .selectFrom('proxy_ghost')
        .select((of) => of.fn.max<number | string | null>('position').as('last'))
        .where('project_id', '=', projectId)
        .as('ghost'),
    ])
    .executeTakeFirstOrThrow()
  return Math.max(Number(entry ?? 0), Number(ghost ?? 0)) + 1
}

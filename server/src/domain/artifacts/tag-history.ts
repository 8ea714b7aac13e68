import type { TagName } from '#contract/reference.ts'
import type { Database, Writer } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import { actorName, type Actor } from '../access/actor.ts'

/** A tag that began to name another artifact, or none. */
export interface TagMove {
  /** Undefined: the tag was taken away. */
  readonly digest: string | undefined
  readonly username: string
  readonly movedAt: number
}

interface NewMove {
  readonly repositoryId: number
  readonly tag: string
  readonly digest: string | null
  readonly username: string
  readonly movedAt: number
}

const insertMove = preparedQuery<NewMove, unknown>((db, param) =>
  db.insertInto('tag_move').values({
    repository_id: param('repositoryId'),
    tag: param('tag'),
    digest: param('digest'),
    username: param('username'),
    moved_at: param('movedAt'),
  }),
)

/** In the transaction that moves the tag. */
export async function recordTagMove(
  tx: Writer,
  actor: Actor,
  move: { repositoryId: number; tag: string; digest: string | undefined; movedAt: number },
): Promise<void> {
  await insertMove.run(tx, { ...move, digest: move.digest ?? null, username: actorName(actor) })
}

/** Where a tag has been, the latest first; also of a tag that is gone. */
export async function listTagMoves(
  database: Pick<Database, 'read'>,
  repositoryId: number,
  tag: TagName,
  { limit, offset }: { readonly limit: number; readonly offset: number },
): Promise<{ readonly rows: readonly TagMove[]; readonly total: number }> {
  const ofTag = database.read.selectFrom('tag_move').where('repository_id', '=', repositoryId).where('tag', '=', tag)
  const { total } = await ofTag.select((eb) => eb.fn.countAll<number | string>().as('total')).executeTakeFirstOrThrow()
  const rows = await ofTag
    .select(['digest', 'username', 'moved_at'])
    .orderBy('id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute()
  const moves = rows.map((row) => ({
    digest: row.digest ?? undefined,
    username: row.username,
    movedAt: row.moved_at,
  }))
  return { rows: moves, total: Number(total) }
}

/** Forgets moves from before `before` (ms), `limit` at the most; returns how many went. */
export async function pruneTagMoves(database: Database, before: number, limit: number): Promise<number> {
  return await database.write(async (tx) => {
    const oldest = tx
      .selectFrom('tag_move')
      .select('id')
      .where('moved_at', '<', before)
      .orderBy('moved_at')
      .limit(limit)
    const pruned = await tx.deleteFrom('tag_move').where('id', 'in', oldest).executeTakeFirst()
    return Number(pruned.numDeletedRows)
  }, 'relaxed')
}

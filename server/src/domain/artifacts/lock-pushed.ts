import type { Database, Writer } from '../../database/database.ts'
import { lockName, lockRows, lockRowsToChange } from '../../database/locking.ts'
import { batches } from '../lists/batches.ts'

export interface Pushed {
  readonly repositoryId: number
  readonly digest: string
  /** Digests of what it holds. */
  readonly children: readonly string[]
  readonly tags: readonly string[]
}

/**
 * Locks every tag and every artifact that a push changes, in one order: the tags, then the artifact itself, when it is there
 * already, its children, and those that the tags leave. Each would be locked later, one by one, by what is written: pushes that
 * take each other's tags, or whose indexes share images, would each hold what the other waits for. On SQLite there is one writer.
 */
export async function lockPushed(
  database: Pick<Database, 'dialect'>,
  tx: Writer,
  { repositoryId, digest, children, tags }: Pushed,
): Promise<void> {
  if (database.dialect !== 'postgres') return
  const left = tags.length === 0 ? [] : await lockTags(database, tx, repositoryId, tags)
  for (const batch of batches([...new Set([digest, ...children])])) {
    const concerned = tx
      .selectFrom('artifact')
      .select('id')
      .where((eb) =>
        eb.or([
          eb.and([eb('repository_id', '=', repositoryId), eb('digest', 'in', batch)]),
          ...(left.length === 0 ? [] : [eb('id', 'in', left)]),
        ]),
      )
      .orderBy('id')
    await lockRowsToChange(database, concerned).execute()
  }
}

/**
 * What they name stays the same from now on. One that is not there yet has no row to lock, so its name is locked instead: whoever
 * makes it first would otherwise give the others an artifact to lock that they did not know of.
 */
async function lockTags(
  database: Pick<Database, 'dialect'>,
  tx: Writer,
  repositoryId: number,
  tags: readonly string[],
): Promise<readonly number[]> {
  const left = new Set<number>()
  for (const name of [...new Set(tags)].sort()) {
    const lock = async () => {
      const named = tx.selectFrom('tag').select('artifact_id').where('repository_id', '=', repositoryId)
      return await lockRows(database, named.where('name', '=', name)).executeTakeFirst()
    }
    let row = await lock()
    if (row === undefined) {
      await lockName(database, tx, `tag ${repositoryId} ${name}`)
      row = await lock()
    }
    if (row !== undefined) left.add(row.artifact_id)
  }
  return [...left]
}

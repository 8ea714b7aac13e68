import type { Database, Writer } from '../../database/database.ts'
import { lockName } from '../../database/locking.ts'
import { DomainError } from '../errors.ts'
import { listOpenUploads } from './upload-rows.ts'

/** More than transactions can begin uploads at the same moment: closer to the limit they are counted one by one. */
const countedOneByOne = 200

/** @throws DomainError TOO_MANY_REQUESTS when the actor has `maxPerActor` open sessions; 0: no limit */
export async function assertUploadsLeft(
  database: Database,
  tx: Writer,
  actor: string,
  maxPerActor: number,
): Promise<void> {
  if (maxPerActor <= 0) return
  const countOpen = async () => (await listOpenUploads.all(tx, { actor, limit: maxPerActor })).length
  const open = await countOpen()
  if (open < maxPerActor - countedOneByOne) return
  // A flood that is over the limit already does not queue for the lock, where it would hold connections.
  if (open < maxPerActor) {
    await lockName(database, tx, `uploads of ${actor}`)
    if ((await countOpen()) < maxPerActor) return
  }
  throw new DomainError(
    'TOO_MANY_REQUESTS',
    `there are already ${maxPerActor} unfinished uploads; finish or cancel some first`,
    { retryAfterSeconds: 60 },
  )
}

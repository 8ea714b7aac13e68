import { sql } from 'kysely'
import type { Database, Reader } from '../../database/database.ts'
import { lockFreeRows } from '../../database/locking.ts'
import { isSurelyGone } from '../../runtime/process-mark.ts'
import { endedAs, waiting } from './job-ends.ts'
import { appendLog } from './job-log.ts'
import type { QueuedKind } from './queue.ts'

const recoverBatch = 100
/** A literal, as the partial index has it. */
const running = sql.lit('running') as never

/** Workers with running jobs whose processes have ended for certain. */
export async function findDeadHolders(reader: Reader): Promise<string[]> {
  const rows = await reader
    .selectFrom('job')
    .select('lease_holder')
    .distinct()
    .where('status', '=', running)
    .where('lease_holder', 'is not', null)
    .execute()
  return rows.flatMap(({ lease_holder: holder }) => (holder !== null && isSurelyGone(holder) ? [holder] : []))
}

/** Puts jobs whose lease has ended, and jobs of the `dead`, back into the queue, or ends them after their last attempt. */
export async function recoverJobs(
  database: Database,
  now: number,
  kinds: ReadonlyMap<string, QueuedKind>,
  dead: readonly string[],
): Promise<number> {
  return await database.write(async (tx) => {
    const expired = await lockFreeRows(
      database,
      tx
        .selectFrom('job')
        .select(['id', 'kind', 'attempts', 'max_attempts', 'stop_requested', 'lease_holder', 'log_lines'])
        .where('status', '=', running)
        .where('kind', 'in', [...kinds.keys()])
        .where((eb) =>
          eb.or([
            eb('lease_expires_at', '<=', now),
            ...(dead.length === 0 ? [] : [eb('lease_holder', 'in', [...dead])]),
          ]),
        )
        .limit(recoverBatch),
    ).execute()
    for (const job of expired) {
      const kind = kinds.get(job.kind)!
      const reason = `its worker ${job.lease_holder ?? ''} stopped in the middle of attempt ${job.attempts}`
      await appendLog(tx, { id: job.id, logLines: job.log_lines }, [{ at: now, line: reason }])
      const retry = job.attempts < (job.max_attempts ?? kind.maxAttempts)
      const stop = job.stop_requested === 1
      await tx
        .updateTable('job')
        .set(
          retry && !stop
            ? waiting(now + kind.retryDelayMs(job.attempts))
            : endedAs(kind, now, stop ? 'stopped' : 'failed'),
        )
        .set((eb) => ({ fence: eb('fence', '+', 1), error: reason, updated_at: now, log_lines: job.log_lines + 1 }))
        .where('id', '=', job.id)
        .execute()
    }
    return expired.length
  })
}

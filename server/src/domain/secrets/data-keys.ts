import type { Writer } from '../../database/database.ts'

/**
 * The key that seals retires. Transactions that seal with it hold its row, so this waits for them: whatever is sealed with it
 * is there when this commits.
 */
export async function retireDataKey(tx: Writer, now: number): Promise<void> {
  await tx.updateTable('secret_key').set({ retired_at: now }).where('retired_at', 'is', null).execute()
}

/** Keys that opened what nothing needs any more, or what is given up. */
export async function forgetDataKeys(tx: Writer, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await tx.deleteFrom('secret_key').where('id', 'in', ids).execute()
}

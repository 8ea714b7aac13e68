import { AsyncLocalStorage } from 'node:async_hooks'

interface WriteScope {
  open: boolean
  readonly whenCommitted: (() => void)[]
}

const scopes = new AsyncLocalStorage<WriteScope>()

/** True while the caller runs on behalf of a `write` that has not ended. */
export const isInsideWrite = (): boolean => scopes.getStore()?.open === true

/**
 * Invariant 10: a second connection inside a transaction deadlocks a pool and reads stale rows, so it
 * fails at once, in tests already, rather than under load.
 */
export function assertOutsideWrite(what: string): void {
  if (isInsideWrite()) throw new NestedDatabaseUse(`${what} was used inside write(): use the transaction it gives you`)
}

/**
 * Does `action` once the transaction that the caller is in has been committed, and never when it was rolled back. For
 * hints to this process alone (`wake up, there is work`): a crash in between loses it. It must not throw.
 */
export function afterCommit(action: () => void): void {
  const scope = scopes.getStore()
  if (scope?.open !== true) throw new NestedDatabaseUse('afterCommit() is for the inside of a write()')
  scope.whenCommitted.push(action)
}

export interface WorkDone<T> {
  readonly value: T
  /** Called by the code that committed the transaction. */
  committed(): void
}

/** Marks everything that `work` does, also after its awaits, as being inside a transaction. */
export async function runInsideWrite<T>(work: () => Promise<T>): Promise<WorkDone<T>> {
  const scope: WriteScope = { open: true, whenCommitted: [] }
  try {
    const value = await scopes.run(scope, work)
    return { value, committed: () => scope.whenCommitted.forEach((action) => action()) }
  } finally {
    scope.open = false
  }
}

/** A mistake in the program, never a state of the database: not to be caught. */
export class NestedDatabaseUse extends Error {
  override readonly name = 'NestedDatabaseUse'
}

import { AsyncLocalStorage } from 'node:async_hooks'

interface WriteScope {
  open: boolean
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

/** Marks everything that `work` does, also after its awaits, as being inside a transaction. */
export async function runInsideWrite<T>(work: () => Promise<T>): Promise<T> {
  const scope: WriteScope = { open: true }
  try {
    return await scopes.run(scope, work)
  } finally {
    scope.open = false
  }
}

/** A mistake in the program, never a state of the database: not to be caught. */
export class NestedDatabaseUse extends Error {
  override readonly name = 'NestedDatabaseUse'
}

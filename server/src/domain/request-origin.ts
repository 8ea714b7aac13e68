import { AsyncLocalStorage } from 'node:async_hooks'

/** Where a request came from, for the events that it causes. */
export interface RequestOrigin {
  readonly clientAddress: string
  /** Whether a program on this machine made it, as far as that can be known; in doubt not. */
  readonly isFromThisMachine: () => boolean
}

const current = new AsyncLocalStorage<RequestOrigin>()

/** Runs `work`; its events carry this origin. */
export function withOrigin<Result>(origin: RequestOrigin, work: () => Result): Result {
  return current.run(origin, work)
}

/** Undefined outside a request: jobs, the command line, the start. */
export function currentOrigin(): RequestOrigin | undefined {
  return current.getStore()
}

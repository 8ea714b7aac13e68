import { AsyncLocalStorage } from 'node:async_hooks'

/** Where a request came from, for the events that it causes. */
export interface RequestOrigin {
  readonly clientAddress: string
  /** Whether a program on this machine made it, as far as that can be known; in doubt not. */
  readonly isFromThisMachine: () => boolean
  /** Of the request, in lines of the log about it. */
  readonly requestId?: string
  /** Why it was refused, or failed: for the line of the request. */
  failure?: RequestFailure
}

export interface RequestFailure {
  readonly code: string
  readonly message: string
}

/** Remembers why the request under way is answered with an error. Outside a request nothing is remembered. */
export function noteFailure({ code, message }: RequestFailure): void {
  const origin = current.getStore()
  if (origin !== undefined) origin.failure = { code, message }
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

/** A message that somebody may show to the operator, with the id by which the log finds the request. */
export function withRequestId(message: string): string {
  const requestId = current.getStore()?.requestId
  return requestId === undefined ? message : `${message} (request ${requestId})`
}

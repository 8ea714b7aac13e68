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
  /** The operation of the API that it asked for. */
  operation?: string
  /** What the request is about: for the line of the request. */
  place?: RequestPlace
  /** What it is given was last compared with its source so long ago. */
  ageMs?: number
  /** What its answer tells beside what it gives. */
  warnings?: string[]
}

export interface RequestPlace {
  readonly project: string
  /** With its project in front. */
  readonly repository?: string
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

/** Remembers which operation of a closed list the request under way asked for. */
export function noteOperation(operation: string): void {
  const origin = current.getStore()
  if (origin !== undefined) origin.operation = operation
}

/** Remembers what the request under way is about. Outside a request nothing is remembered. */
export function notePlace(place: RequestPlace): void {
  const origin = current.getStore()
  if (origin !== undefined) origin.place = place
}

/** Adds a sentence to the answer of the request under way; it is given all the same. Outside a request it is for nobody. */
export function noteWarning(sentence: string): void {
  const origin = current.getStore()
  if (origin !== undefined) (origin.warnings ??= []).push(sentence)
}

/** Remembers that the request under way is given a copy that could not be compared with its source for so long. */
export function noteStale(ageMs: number, source: string): void {
  const origin = current.getStore()
  if (origin === undefined) return
  origin.ageMs = ageMs
  noteWarning(`${source} could not be asked; this copy is what it had ${Math.floor(ageMs / 1_000)} seconds ago`)
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

/** The id of the request under way, by which the log finds it. */
export const currentRequestId = (): string | undefined => current.getStore()?.requestId

/** A message that somebody may show to the operator, with the id by which the log finds the request. */
export function withRequestId(message: string): string {
  const requestId = currentRequestId()
  return requestId === undefined ? message : `${message} (request ${requestId})`
}

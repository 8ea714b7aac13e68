import type { Writer } from '../database/database.ts'
import type { Actor } from '../domain/access/actor.ts'
import type { JobProgress, Json } from '../domain/jobs/job.ts'

/** The facts that a job is given, and its ways to report while it runs. */
export interface RunningJob<Payload> {
  readonly id: number
  readonly payload: Payload
  /** From 1. */
  readonly attempt: number
  /**
   * Aborted when a person stops the job, when this process shuts down, and when the job went to another worker. Look at
   * it between any two pieces of work (`signal.throwIfAborted()`): throwing then means "not finished", and the queue
   * knows whether that is a stop or a job for another worker. Returning always means "done".
   */
  readonly signal: AbortSignal
  /** The actor: the program itself, in the name of the person who asked for the job. */
  readonly actor: Actor
  /** The state of the last checkpoint, of this attempt or an earlier one. */
  readonly state: Json | undefined
  /** One line, written within half a second. Never a secret: everyone who may see the job reads it. */
  log(line: string): void
  /** Replaces what was said before; written within half a second. */
  progress(progress: JobProgress): void
  /** Remembers, durably, from where a later attempt goes on. @throws JobLeaseLost */
  checkpoint(state: Json): Promise<void>
  /**
   * A transaction that happens only while this worker holds the job. For changes that must not be made twice: the state
   * given to `remember`, which says that they are made, is a checkpoint in the same transaction. @throws JobLeaseLost
   */
  transact<T>(work: (tx: Writer, remember: (state: Json) => void) => Promise<T>): Promise<T>
}

/** Code for jobs of one name. */
export interface JobKind<Payload = unknown> {
  /** `purge-audit-log`. */
  readonly name: string
  readonly concurrency: {
    /** Most of them at a time in all processes together; as many as there are workers when left out. */
    readonly registry?: number
    /** Most of them at a time in one process; as many as it has workers when left out. */
    readonly process?: number
  }
  /** 1: what was interrupted is not done again by itself. */
  readonly maxAttempts: number
  /** How long a finished job and its log are kept; as configured when left out. */
  readonly keepMs?: number
  /** How long to wait after the given attempt failed; doubling from two seconds to ten minutes when left out. */
  retryDelayMs?(attempt: number): number
  /** @throws when the payload cannot be; the job then fails without another attempt */
  parse(payload: Json): Payload
  /** Returns a result, which is kept with the job, when all is done. Throws to fail; a PermanentFailure is not tried again. */
  run(job: RunningJob<Payload>): Promise<Json>
}

/** Another attempt would fail the same way. */
export class PermanentFailure extends Error {
  override readonly name = 'PermanentFailure'
}

/** Thrown after the signal was aborted, to leave what was done until there as the result of a stopped job. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  readonly result: Json
  constructor(result: Json) {
    super('interrupted')
    this.result = result
  }
}

/** For lists of kinds, which do not care about each other's payloads. */
export function jobKind<Payload>(kind: JobKind<Payload>): JobKind {
  return kind as unknown as JobKind
}

/** Why a job's signal was aborted. */
export type AbortReason = 'stop' | 'shutdown' | 'lease-lost'

const firstDelayMs = 2_000
const maxDelayMs = 10 * 60_000

/** Doubles with every attempt; up to half of it is left to chance, so that what failed together does not return together. */
export function backOffMs(attempt: number, chance: () => number = Math.random): number {
  const whole = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(attempt - 1, 20))
  return Math.round(whole * (0.5 + chance() / 2))
}

import { DomainError, type DomainErrorCode } from '../domain/errors.ts'
import { PermanentFailure, type RunningJob } from './job-kind.ts'

/** What ended a job for good. */
export interface FinalFailure {
  readonly status: 'error' | 'stopped'
  readonly error: string
}

/** How a job ended that threw; undefined while it will be tried again, here or at another worker. */
export function finalFailureOf(
  job: Pick<RunningJob<unknown>, 'signal' | 'attempt'>,
  error: unknown,
  { maxAttempts, refusals }: { readonly maxAttempts: number; readonly refusals: readonly DomainErrorCode[] },
): FinalFailure | undefined {
  if (job.signal.aborted) {
    return job.signal.reason === 'stop' ? { status: 'stopped', error: 'stopped by a person' } : undefined
  }
  const isRefused = error instanceof DomainError && refusals.includes(error.code)
  if (!(error instanceof PermanentFailure) && !isRefused && job.attempt < maxAttempts) return undefined
  return { status: 'error', error: error instanceof Error ? error.message : String(error) }
}

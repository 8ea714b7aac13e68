import type { QueuedKind } from './queue.ts'

const unleased = { lease_holder: null, lease_expires_at: null }

/** Waits for its time, held by no worker. */
export const waiting = (runAt: number) => ({ ...unleased, status: 'delayed', run_at: runAt }) as const

/** Has ended, and is kept for as long as its kind says. */
export const endedAs = (kind: QueuedKind, now: number, status: 'succeeded' | 'failed' | 'stopped') =>
  ({ ...unleased, status, finished_at: now, keep_until: now + kind.keepMs, state: null, stop_requested: 0 }) as const

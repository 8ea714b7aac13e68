import { DomainError } from '../errors.ts'

/** A place in the log of events: behind the event with this position. */
export interface EventCursor {
  /** Of the log that the position is in. */
  readonly epoch: string
  readonly position: number
}

/** Where a reader begins: behind a cursor, before the oldest event that is still there, or behind the newest. */
export type EventStart = EventCursor | 'oldest' | 'now'

export function formatCursor({ epoch, position }: EventCursor): string {
  return `${epoch}-${position}`
}

/** @throws DomainError BAD_REQUEST for what never was a cursor */
export function parseStart(text: string): EventStart {
  if (text === 'oldest' || text === 'now') return text
  const [, epoch, position] = /^([0-9a-f]{8})-(\d{1,15})$/.exec(text) ?? []
  if (epoch === undefined)
    throw new DomainError(
      'BAD_REQUEST',
      'since is no cursor: give the cursor of an earlier answer as it was, or oldest, or now',
    )
  return { epoch, position: Number(position) }
}

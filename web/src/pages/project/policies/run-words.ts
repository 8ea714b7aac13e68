import type { Tone } from '../../../components/values.tsx'

/** Harbor's words for how far a run or a part of it is. */
const statuses = ['Scheduled', 'Pending', 'Running', 'Success', 'Error', 'Stopped'] as const
export type RunStatus = (typeof statuses)[number]

export const statusNamed = (word: string): RunStatus | undefined => statuses.find((status) => status === word)

export const toneOf: Readonly<Record<RunStatus, Tone>> = {
  Scheduled: 'neutral',
  Pending: 'neutral',
  Running: 'accent',
  Success: 'good',
  Error: 'bad',
  Stopped: 'warn',
}

export const isOver = (status: string): boolean => ['Success', 'Error', 'Stopped'].includes(status)

/** How often what runs is looked at. */
export const livelyMs = 2_000

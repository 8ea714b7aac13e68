import { useEffect, useState } from 'react'
import type { AnswerOf } from './client.ts'
import { readEventStream, type StreamEvent } from './event-stream.ts'

export type Job = AnswerOf<'GET /jobs/{job_id}'>
export type LogLine = AnswerOf<'GET /jobs/{job_id}/log'>[number]

export interface FollowedJob {
  /** The newest that was heard of it. */
  readonly job: Job | undefined
  /** The end of its log. */
  readonly lines: readonly LogLine[]
  readonly error: unknown
}

/** A page holds so many lines of a log; all of it is a download. */
export const linesKept = 2_000
const pauseMs = 2_000

/** A job as it goes: its state, and its log as it is written. `from`: how many lines there are already. */
export function useFollowedJob(jobId: number, from: number): FollowedJob {
  const [followed, setFollowed] = useState<FollowedJob>({ job: undefined, lines: [], error: null })
  useEffect(() => {
    const controller = new AbortController()
    void follow(jobId, Math.max(0, from - linesKept), controller.signal, setFollowed)
    return () => controller.abort()
    // Where it began does not change while it is followed.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [jobId])
  return followed
}

type Tell = (change: (before: FollowedJob) => FollowedJob) => void

/** The server ends a stream after a while, to ask again who is listening: it goes on where it was. */
async function follow(jobId: number, from: number, signal: AbortSignal, tell: Tell): Promise<void> {
  let lastEventId = String(from)
  while (!signal.aborted) {
    try {
      for await (const events of readEventStream(`/api/v2.0/jobs/${jobId}/events`, { lastEventId, signal })) {
        lastEventId = events.findLast(({ id }) => id !== undefined)?.id ?? lastEventId
        tell((before) => events.reduce(apply, { ...before, error: null }))
        if (events.some(({ event }) => event === 'end')) return
      }
    } catch (error) {
      if (signal.aborted) return
      tell((before) => ({ ...before, error }))
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}

function apply(before: FollowedJob, { event, data }: StreamEvent): FollowedJob {
  if (event === 'job') return { ...before, job: JSON.parse(data) as Job }
  if (event !== 'log') return before
  const line = JSON.parse(data) as LogLine
  // React runs effects twice while developing.
  if (line.number <= (before.lines.at(-1)?.number ?? 0)) return before
  return { ...before, lines: [...before.lines, line].slice(-linesKept) }
}

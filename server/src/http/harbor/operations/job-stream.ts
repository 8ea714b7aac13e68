import type { Actor } from '../../../domain/access/actor.ts'
import { DomainError } from '../../../domain/errors.ts'
import { isFinal, type Job } from '../../../domain/jobs/job.ts'
import type { Jobs } from '../../../domain/jobs/jobs.ts'
import type { Listening, ServerSentEvent } from '../../server-sent-events.ts'
import type { Call } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'
import { presentJob, presentLogLine } from './job-answer.ts'

/** Whether the listener may still see what it listens to. */
export type MayStill = () => Promise<boolean>

/** A person who lost the right sees no more after this. */
const askEveryMs = 2_000
const linesPerRead = 200

/** Makes the sender of the request known again, and asks `assertAllowed`, every two seconds. */
export function askedAgain(
  { request, clientAddress }: Pick<Call<unknown, unknown, unknown>, 'request' | 'clientAddress'>,
  { authenticateBrowser, clock }: Pick<HarborServices, 'authenticateBrowser' | 'clock'>,
  assertAllowed: (actor: Actor) => Promise<unknown>,
): MayStill {
  let askedAt = clock.now()
  return async () => {
    const now = clock.now()
    if (Math.abs(now - askedAt) < askEveryMs) return true
    askedAt = now
    try {
      const { actor } = await authenticateBrowser(request, clientAddress)
      await assertAllowed(actor)
      return true
    } catch (error) {
      if (error instanceof DomainError) return false
      throw error
    }
  }
}

const rightsEnded: ServerSentEvent = { event: 'end', data: { reason: 'rights' } }

/** `log` for each line of the job, `job` for each change of it, then `end`: it has ended, or the listener's rights have. */
export async function* followJob(
  jobs: Jobs,
  id: number,
  from: number,
  listening: Listening,
  mayStill: MayStill,
): AsyncGenerator<ServerSentEvent> {
  let after = from
  let shown = ''
  do {
    if (!(await mayStill())) return yield rightsEnded
    // Its row before its lines: the lines of a job that has ended are then all there.
    const job = await jobs.findJob(id)
    if (job === undefined) break
    for (let lines; after < job.logLines; after = lines.at(-1)!.number) {
      if (!(await mayStill())) return yield rightsEnded
      lines = await jobs.readLog(id, { after, limit: linesPerRead })
      if (lines.length === 0) break
      for (const line of lines) yield { event: 'log', id: String(line.number), data: presentLogLine(line) }
    }
    const data = presentJob(job)
    if (JSON.stringify(data) !== shown) yield { event: 'job', data }
    shown = JSON.stringify(data)
    if (isFinal(job.status)) break
  } while (await listening.wait())
  if (!listening.signal.aborted) yield { event: 'end', data: {} }
}

/** Changes become visible when their transaction ends, a little after the time that they carry. */
const overlapMs = 5_000
const jobsPerRead = 100

/** `job` for every change of any job. */
export async function* followAll(
  jobs: Jobs,
  from: number,
  listening: Listening,
  mayStill: MayStill,
): AsyncGenerator<ServerSentEvent> {
  let latest = from
  let seen = new Map<number, string>()
  do {
    const now = new Map<number, string>()
    let place = { updatedAt: Math.max(from, latest - overlapMs), id: 0 }
    for (let page: Job[] | undefined; page === undefined || page.length === jobsPerRead;) {
      if (!(await mayStill())) return yield rightsEnded
      page = await jobs.listChanged(place, jobsPerRead)
      for (const job of page) {
        const version = `${job.updatedAt} ${job.status} ${job.logLines}`
        if (seen.get(job.id) !== version && now.get(job.id) !== version)
          yield { event: 'job', id: String(job.updatedAt), data: presentJob(job) }
        now.set(job.id, version)
        place = job
      }
    }
    latest = Math.max(latest, place.updatedAt)
    seen = now
  } while (await listening.wait())
}

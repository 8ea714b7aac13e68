import { z } from 'zod'
import type { Database } from '../database/database.ts'
import { DomainError } from '../domain/errors.ts'
import type { Jobs } from '../domain/jobs/jobs.ts'
import type { AdvisoryGenerations } from '../domain/scanning/data/advisory-generations.ts'
import { stopTasks } from '../domain/scanning/scan-all.ts'
import { scanAllJob } from '../domain/scanning/scan-all-job.ts'
import { listScanTargets } from '../domain/scanning/scan-targets.ts'
import type { ScanTarget } from '../domain/scanning/enqueue-scan.ts'
import type { Scans } from '../domain/scanning/scans.ts'
import { Interrupted, type JobKind, type RunningJob } from './job-kind.ts'

export interface ScanAllJobServices {
  readonly database: Database
  readonly jobs: Jobs
  readonly scans: Scans
  readonly advisories: AdvisoryGenerations
}

const artifactsPerStep = 50
/** Behind everything that somebody waits for. */
const priority = -10

const stateSchema = z.object({
  /** Id of the last artifact that was looked at. */
  after: z.number(),
  found: z.number(),
  submitted: z.number(),
  current: z.number(),
  notScannable: z.number(),
  ongoing: z.number(),
  withoutScanner: z.number(),
})
type State = z.output<typeof stateSchema>
type Outcome = Exclude<keyof State, 'after' | 'found'>

const atFirst: State = {
  ...{ after: 0, found: 0, submitted: 0, current: 0, notScannable: 0, ongoing: 0, withoutScanner: 0 },
}

const outcomeOf: Readonly<Record<string, Outcome>> = {
  BAD_REQUEST: 'notScannable',
  CONFLICT: 'ongoing',
  PRECONDITION: 'withoutScanner',
}

/** Goes through all artifacts and asks for the scans of each. A run that was interrupted goes on behind its last step. */
export function composeScanAll(services: ScanAllJobServices): JobKind<Record<string, never>> {
  return {
    name: scanAllJob.kind,
    concurrency: { registry: 1 },
    maxAttempts: 20,
    parse: (payload) => scanAllJob.parse(payload),
    async run(job) {
      let state = stateSchema.safeParse(job.state).data ?? atFirst
      if (state.after > 0) job.log(`going on after ${state.found} artifacts`)
      const generation = (await services.advisories.list()).find(({ inUse }) => inUse)?.number
      try {
        for (;;) {
          const targets = await listScanTargets(services.database.read, state.after, artifactsPerStep)
          const last = targets.at(-1)
          if (last === undefined) return resultOf(job, state)
          const next = { ...state, after: last.artifactId, found: state.found + targets.length }
          for (const target of targets) {
            job.signal.throwIfAborted()
            next[await startOne(services, job, target, generation)] += 1
          }
          state = next
          job.progress({ step: 'look', done: state.found, ...state })
          await job.checkpoint({ ...state })
        }
      } catch (error) {
        if (!job.signal.aborted) throw error
        // Tasks that were added after somebody stopped the run end with it.
        if (job.signal.reason === 'stop') await stopTasks(services, job.actor, job.id)
        throw new Interrupted({ ...state })
      }
    },
  }
}

async function startOne(
  { scans }: ScanAllJobServices,
  job: RunningJob<unknown>,
  target: ScanTarget,
  generation: number | undefined,
): Promise<Outcome> {
  try {
    const run = { id: job.id, generation }
    const { started } = await scans.start({ actor: job.actor, target, kind: 'vulnerability', priority, run })
    return started > 0 ? 'submitted' : 'current'
  } catch (error) {
    const outcome = error instanceof DomainError ? outcomeOf[error.code] : undefined
    if (outcome === undefined) throw error
    return outcome
  }
}

/** In Harbor's words where nothing came of it. */
function resultOf(job: RunningJob<unknown>, state: State) {
  const { found, submitted, current, notScannable, ongoing, withoutScanner } = state
  const parts = [
    `${found} artifact(s) found`,
    ...(submitted > 0 ? [`${submitted} artifact(s) are scanned`] : []),
    ...(current > 0 ? [`${current} artifact(s) were judged by the data in use already`] : []),
    ...(notScannable > 0 ? [`${notScannable} artifact(s) not scannable`] : []),
    ...(ongoing > 0 ? [`${ongoing} artifact(s) have a previous ongoing scan process`] : []),
    ...(withoutScanner > 0 ? [`scanner not found or deactivated for ${withoutScanner} of them`] : []),
  ]
  job.log(found === 0 ? 'no artifact found' : parts.join(', '))
  return { found, submitted, current, notScannable, ongoing, withoutScanner }
}

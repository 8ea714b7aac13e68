import { z } from 'zod'
import { restOf, type RepositoryName } from '#contract/repository-name.ts'
import type { Database, Writer } from '../database/database.ts'
import { DomainError } from '../domain/errors.ts'
import { enqueueJob } from '../domain/jobs/enqueue.ts'
import { retentionRunSubject } from '../domain/retention/executions.ts'
import { findRetentionPolicy } from '../domain/retention/policies.ts'
import { nothingDone, retainRepository, type RetainServices } from '../domain/retention/retain.ts'
import {
  applyRetentionJob,
  retainRepositoryJob,
  retentionTerms,
  type RepositoryRun,
  type RetentionRun,
} from '../domain/retention/retention-jobs.ts'
import { rulesFor } from '../domain/retention/rules.ts'
import { faultPoint } from '../runtime/fault-points.ts'
import { Interrupted, PermanentFailure, type JobKind } from './job-kind.ts'

const repositoriesPerStep = 200
/** What others are told of a run names so many of what went. */
const toldRemovals = 200
/** Lines of the log after which they are written, with how far the run is; removals are remembered one by one. */
const linesPerCheckpoint = 1_000

/** The terms of a run, and the progress of its planning. */
const planSchema = retentionTerms.extend({
  /** Name of the last repository that was looked at. */
  after: z.string(),
  tasks: z.number(),
})
type Plan = z.output<typeof planSchema>

/** Gives each repository that a rule is about a job of its own. */
export function composeApplyRetention({ database, clock }: RetainServices): JobKind<RetentionRun> {
  const beginPlan = async (policyId: number): Promise<Plan> => {
    const policy = await findRetentionPolicy(database.read, policyId)
    if (policy === undefined) throw policyDeleted()
    const { rules, mode: by, projectId } = policy
    return { rules, mode: by, projectId, now: clock.now(), after: '', tasks: 0 }
  }
  return {
    name: applyRetentionJob.kind,
    concurrency: {},
    maxAttempts: 5,
    parse: applyRetentionJob.parse,
    async run(job) {
      const { policyId, dryRun } = job.payload
      let plan = planSchema.safeParse(job.state).data ?? (await beginPlan(policyId))
      for (;;) {
        job.signal.throwIfAborted()
        const page = await repositoriesOf(database, plan.projectId, plan.after)
        const last = page.at(-1)
        if (last === undefined) {
          job.log(`${plan.tasks} repositories are looked at${dryRun ? '; dry run: nothing is removed' : ''}`)
          return { tasks: plan.tasks }
        }
        const { after: _, tasks, ...terms } = plan
        const covered = page.filter(({ name }) => rulesFor(terms.rules, restOf(name)).length > 0)
        const next: Plan = { ...terms, after: last.name, tasks: tasks + covered.length }
        await job.transact(async (tx, remember) => {
          await assertNotStopped(tx, job.id)
          for (const { id, name } of covered) {
            await enqueueJob(tx, clock, {
              ...retainRepositoryJob.of({
                policyId,
                dryRun,
                repositoryId: id,
                repository: name,
                runId: job.id,
                ...terms,
              }),
              subject: retentionRunSubject(job.id),
              projectId: terms.projectId,
              trigger: 'event',
              actor: job.actor,
            })
          }
          remember(next)
        })
        plan = next
      }
    },
  }
}

/** A stop of a run stops its tasks, so no task may be added behind it. The transaction's fence locks the row. */
async function assertNotStopped(tx: Writer, id: number): Promise<void> {
  const row = await tx.selectFrom('job').select('stop_requested').where('id', '=', id).executeTakeFirst()
  if (row?.stop_requested === 1) throw new Error('the run is being stopped')
}

async function repositoriesOf(
  { read }: Database,
  projectId: number,
  after: string,
): Promise<readonly { readonly id: number; readonly name: RepositoryName }[]> {
  const rows = await read
    .selectFrom('repository')
    .select(['id', 'name'])
    .where('project_id', '=', projectId)
    .where('name', '>', after)
    .orderBy('name')
    .limit(repositoriesPerStep)
    .execute()
  return rows.map(({ id, name }) => ({ id, name: name as RepositoryName }))
}

const progressOf = z.object({ after: z.number(), total: z.number(), retained: z.number() })

/** Decides about one repository and removes what no rule keeps. */
export function composeRetainRepository(services: RetainServices): JobKind<RepositoryRun> {
  return {
    name: retainRepositoryJob.kind,
    concurrency: { process: 2 },
    maxAttempts: 5,
    parse: retainRepositoryJob.parse,
    async run(job) {
      const { policyId, dryRun, repositoryId, repository, projectId, runId, ...terms } = job.payload
      if ((await findRetentionPolicy(services.database.read, policyId)) === undefined) throw policyDeleted()
      const from = progressOf.safeParse(job.state).data ?? nothingDone
      job.log(
        from === nothingDone
          ? `${repository}: ${dryRun ? 'dry run, nothing is removed' : 'what no rule keeps is removed'}; by ${terms.mode}, as of ${new Date(terms.now).toISOString()}`
          : `going on after ${from.total}, of which ${from.retained} stay`,
      )
      let reached = from
      const removed: string[] = []
      let lines = 0
      const checkpoint = async () => {
        lines = 0
        const { total, retained } = reached
        job.progress({ step: 'decide', done: total, total, retained })
        await job.checkpoint({ ...reached })
      }
      try {
        const done = await retainRepository(services, { id: repositoryId, name: repository, projectId }, terms, {
          dryRun,
          runId,
          from,
          signal: job.signal,
          log: async (line) => {
            job.log(line)
            // Waited for: a job may not say more in one moment than the log takes.
            if ((lines += 1) >= linesPerCheckpoint) await checkpoint()
          },
          transact: async (work, progress) => {
            const value = await job.transact(async (tx, remember) => {
              const done = await work(tx)
              remember({ ...progress })
              faultPoint('retention-before-commit')
              return done
            })
            faultPoint('retention-after-commit')
            reached = progress
            return value
          },
          onProgress: (progress) => (reached = progress),
          onRemoved: (reference) => {
            if (removed.length < toldRemovals) removed.push(reference)
          },
        })
        job.log(`${done.retained} of ${done.total} stay${dryRun ? '; dry run: nothing was removed' : ''}`)
        if (removed.length > 0) {
          const { total, retained } = done
          const event = { type: 'finish_retention', projectId, policyId, repository, total, retained } as const
          await job.transact((tx) => services.events.record(tx, job.actor, { ...event, deleted: removed }))
        }
        return { total: done.total, retained: done.retained }
      } catch (error) {
        if (job.signal.aborted) throw new Interrupted({ total: reached.total, retained: reached.retained })
        if (error instanceof DomainError && final.includes(error.code)) throw new PermanentFailure(error.message)
        throw error
      }
    },
  }
}

/** Gates that an operator has to open. */
const final: readonly string[] = ['DELETE_DISABLED', 'READ_ONLY', 'PROJECT_UNKNOWN']

const policyDeleted = () => new PermanentFailure('the retention policy was deleted')

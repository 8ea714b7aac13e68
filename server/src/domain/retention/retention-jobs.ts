import { z } from 'zod'
import type { RepositoryName } from '#contract/repository-name.ts'
import { defineJob } from '../jobs/job-definition.ts'
import { templates } from './rules.ts'

const selector = z.object({ pattern: z.string(), excludes: z.boolean() })
const rule = z.object({
  id: z.number(),
  priority: z.number(),
  disabled: z.boolean(),
  template: z.enum(templates),
  value: z.number(),
  tags: z.array(selector.extend({ untagged: z.boolean() })).readonly(),
  repositories: z.array(selector).readonly(),
})

const run = z.object({ policyId: z.number(), dryRun: z.boolean() })

/** The terms of a run, fixed when it begins. */
export const retentionTerms = z.object({
  rules: z.array(rule).readonly(),
  mode: z.enum(['artifact', 'tag']),
  projectId: z.number(),
  now: z.number(),
})

/** A run of a policy: it plans, and gives each repository that a rule is about a job of its own. */
export const applyRetentionJob = defineJob('apply-retention', run)
export type RetentionRun = ReturnType<typeof applyRetentionJob.parse>

/** The part of a run that is about one repository, with the rules as they were when the run began. */
export const retainRepositoryJob = defineJob(
  'retain-repository',
  run.extend({
    ...retentionTerms.shape,
    /** Absent in jobs that an older version enqueued. */
    runId: z.number().optional(),
    repositoryId: z.number(),
    // Written by the run from the row of the repository.
    repository: z.custom<RepositoryName>((value) => typeof value === 'string'),
  }),
)
export type RepositoryRun = ReturnType<typeof retainRepositoryJob.parse>

import { z } from 'zod'
import { restOf } from '#contract/repository-name.ts'
import { DomainError } from '../../../domain/errors.ts'
import type { RetentionExecution, RetentionTask } from '../../../domain/retention/executions.ts'
import { createdAt, idParam, noTime, timeAnswer, timeOf } from '../frame/answers.ts'
import { logResponse } from '../operations/job-history.ts'
import { formatJobId } from '../operations/job-ids.ts'
import { harborStatusOf, harborTriggerOf } from '../operations/job-words.ts'
import { pageAnswer, pageOf, pageQuery } from '../frame/paging.ts'
import { parsePolicy, policyAnswer, policyBody, presentPolicy } from './retention-body.ts'
import { retentionMetadata, retentionMetadataAnswer } from './retention-metadata.ts'
import { route, type Route } from '../frame/route.ts'

const executionAnswer = z.object({
  id: z.number().int(),
  policy_id: z.number().int(),
  start_time: timeAnswer,
  end_time: timeAnswer,
  status: z.string(),
  trigger: z.string(),
  dry_run: z.boolean(),
})

const taskAnswer = z.object({
  id: z.number().int(),
  execution_id: z.number().int(),
  repository: z.string(),
  job_id: z.string(),
  status: z.string(),
  status_code: z.number().int(),
  status_revision: z.number().int().optional(),
  start_time: timeAnswer,
  end_time: timeAnswer,
  total: z.number().int(),
  retained: z.number().int(),
})

const why = 'the permission tag-retention in the project that the policy is of'
const access = { kind: 'own-rule', why } as const
const onePolicy = z.object({ id: idParam })
const oneExecution = onePolicy.extend({ eid: idParam })
const item = '/retentions/{id}'
const executions = `${item}/executions`
const oneExecutionPath = `${executions}/{eid}`

export const retentionRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/retentions/metadatas',
    tag: 'Retention',
    operationId: 'getRentenitionMetadata',
    summary: 'What rules of retention can say.',
    access: { kind: 'signed-in' },
    answers: { 200: retentionMetadataAnswer },
    handle: async () => ({ body: retentionMetadata }),
  }),

  route({
    method: 'POST',
    path: '/retentions',
    tag: 'Retention',
    operationId: 'createRetention',
    summary: 'Gives a project its retention policy.',
    access,
    body: policyBody,
    answers: { 201: null },
    handle: async ({ actor, body, path }, { retention }) => {
      const { projectId, ...fields } = parsePolicy(body)
      return createdAt(path, await retention.policies.createPolicy(actor, projectId, fields))
    },
  }),

  route({
    method: 'GET',
    path: item,
    tag: 'Retention',
    operationId: 'getRetention',
    summary: 'One retention policy.',
    access,
    params: onePolicy,
    answers: { 200: policyAnswer },
    handle: async ({ actor, params }, { retention }) => ({
      body: presentPolicy(await retention.policies.getPolicy(actor, params.id)),
    }),
  }),

  route({
    method: 'PUT',
    path: item,
    tag: 'Retention',
    operationId: 'updateRetention',
    summary: 'Changes a retention policy as a whole.',
    access,
    params: onePolicy,
    body: policyBody,
    answers: { 200: null },
    handle: async ({ actor, params, body }, { retention }) => {
      const { projectId, ...fields } = parsePolicy(body)
      await retention.policies.updatePolicy(actor, params.id, projectId, fields)
      return {}
    },
  }),

  route({
    method: 'DELETE',
    path: item,
    tag: 'Retention',
    operationId: 'deleteRetention',
    summary: 'Takes its retention policy from a project, and stops what runs of it.',
    access,
    params: onePolicy,
    answers: { 200: null },
    handle: async ({ actor, params }, { retention }) => {
      await orBadRequest(retention.executions.stopAll(actor, params.id))
      await orBadRequest(retention.policies.deletePolicy(actor, params.id))
      return {}
    },
  }),

  route({
    method: 'GET',
    path: executions,
    tag: 'Retention',
    operationId: 'listRetentionExecutions',
    summary: 'Runs of a policy, the newest first.',
    access,
    params: onePolicy,
    query: z.object(pageQuery),
    answers: { 200: z.array(executionAnswer) },
    handle: async (call, { retention: { executions: runs } }) => {
      const page = pageOf(call.query)
      const { rows, total } = await orBadRequest(runs.listExecutions(call.actor, call.params.id, page))
      return pageAnswer(call, { rows, total }, presentExecution)
    },
  }),

  route({
    method: 'POST',
    path: executions,
    tag: 'Retention',
    operationId: 'triggerRetentionExecution',
    summary: 'Runs a policy now; with dry_run, only to see what it would remove.',
    access,
    params: onePolicy,
    body: z.object({ dry_run: z.boolean().default(false) }),
    answers: { 201: null },
    handle: async ({ actor, params, body, path }, { retention }) =>
      createdAt(path, await orBadRequest(retention.executions.start(actor, params.id, body.dry_run))),
  }),

  route({
    method: 'PATCH',
    path: oneExecutionPath,
    tag: 'Retention',
    operationId: 'operateRetentionExecution',
    summary: 'Stops a run; what it has removed stays removed.',
    access,
    params: oneExecution,
    body: z.object({ action: z.string().default('') }),
    answers: { 200: null },
    handle: async ({ actor, params, body }, { retention }) => {
      await orBadRequest(retention.policies.getPolicy(actor, params.id, 'tag-retention:update'))
      if (body.action !== 'stop') throw new DomainError('BAD_REQUEST', "action should be 'stop'")
      await retention.executions.stop(actor, params.id, params.eid)
      return {}
    },
  }),

  route({
    method: 'GET',
    path: `${oneExecutionPath}/tasks`,
    tag: 'Retention',
    operationId: 'listRetentionTasks',
    summary: 'The parts of a run, one for each repository.',
    access,
    params: oneExecution,
    query: z.object(pageQuery),
    answers: { 200: z.array(taskAnswer) },
    handle: async (call, { retention: { executions: runs } }) => {
      const { id, eid } = call.params
      const { rows, total } = await orBadRequest(runs.listTasks(call.actor, id, eid, pageOf(call.query)))
      return pageAnswer(call, { rows, total }, presentTask)
    },
  }),

  route({
    method: 'GET',
    path: `${oneExecutionPath}/tasks/{tid}`,
    tag: 'Retention',
    operationId: 'getRetentionTaskLog',
    summary: 'What was decided about each tag of a repository, and why, as text.',
    access,
    params: oneExecution.extend({ tid: idParam }),
    answers: { 200: z.string() },
    handle: async ({ actor, params: { id, eid, tid } }, { retention, jobs }) => {
      await orBadRequest(retention.executions.assertTaskReadable(actor, id, eid, tid))
      return logResponse(jobs, tid)
    },
  }),
]

/** Harbor says 404 of a policy where it is read or changed, and 400 where something is done with one that is not there. */
async function orBadRequest<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof DomainError && error.code === 'RETENTION_UNKNOWN')
      throw new DomainError('BAD_REQUEST', error.message)
    throw error
  }
}

function presentExecution(execution: RetentionExecution): z.output<typeof executionAnswer> {
  const { id, policyId, status, trigger, dryRun, startedAt, createdAt: askedAt, finishedAt } = execution
  return {
    id,
    policy_id: policyId,
    start_time: timeOf(startedAt ?? askedAt),
    end_time: finishedAt === undefined ? noTime : timeOf(finishedAt),
    status: harborStatusOf[status],
    trigger: harborTriggerOf[trigger],
    dry_run: dryRun,
  }
}

/** Harbor's numbers for statuses. */
const statusCodes = { delayed: 1, pending: 0, running: 2, succeeded: 3, failed: 3, stopped: 3 }

function presentTask(task: RetentionTask): z.output<typeof taskAnswer> {
  const { id, executionId, repository, status, startedAt, finishedAt, total = 0, retained = 0 } = task
  return {
    id,
    execution_id: executionId,
    repository: restOf(repository),
    job_id: formatJobId(id),
    status: harborStatusOf[status],
    status_code: statusCodes[status],
    start_time: startedAt === undefined ? noTime : timeOf(startedAt),
    end_time: finishedAt === undefined ? noTime : timeOf(finishedAt),
    total,
    retained,
  }
}

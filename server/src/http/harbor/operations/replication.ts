import { z } from 'zod'
import { createdAt, idParam } from '../frame/answers.ts'
import { listingOf } from '../frame/list-query.ts'
import { listQuery, pageAnswer, pageOf } from '../frame/paging.ts'
import { route, type Route, type RouteAccess } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'
import { logResponse } from './job-history.ts'
import {
  executionAnswer,
  fieldsOf,
  policyAnswer,
  policyBody,
  presentExecution,
  presentPolicy,
  presentTask,
  statusesOf,
  taskAnswer,
  taskStatusesOf,
  triggerWords,
} from './replication-answer.ts'

const system = (permission: Extract<RouteAccess, { kind: 'system' }>['permission']): RouteAccess => ({
  kind: 'system',
  permission,
})

const policies = '/replication/policies'
const policy = `${policies}/{id}`
const executions = '/replication/executions'
const execution = `${executions}/{id}`
const byId = z.object({ id: idParam })

/** Where this registry is, for clients that show both ends of a rule. */
const localUrlOf = ({ system: { originOf } }: HarborServices, request: Request): string => originOf(request)

const policyRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: policies,
    tag: 'replication',
    operationId: 'listReplicationPolicies',
    summary: 'Rules by which content is brought from one registry to another, the newest first.',
    access: system('replication-policy:list'),
    query: z.object({ ...listQuery, name: z.string().optional() }),
    answers: { 200: z.array(policyAnswer) },
    handle: async (call, services) => {
      const { name } = call.query
      const listing = listingOf(call.query)
      const named = name ? [{ kind: 'fuzzy' as const, key: 'name', value: name }] : []
      const conditions = [...(listing.conditions ?? []), ...named]
      const { replication } = services
      const page = await replication.policies.pagePolicies(call.actor, { ...listing, conditions })
      const lags = await replication.lags.of(page.rows.map((row) => row.policy))
      const url = localUrlOf(services, call.request)
      return pageAnswer(call, page, (row) => presentPolicy(row, url, lags.get(row.policy.id)))
    },
  }),

  route({
    method: 'POST',
    path: policies,
    tag: 'replication',
    operationId: 'createReplicationPolicy',
    summary: 'Makes a rule. One side is this registry, the other a remote one.',
    access: system('replication-policy:create'),
    body: policyBody,
    answers: { 201: null },
    handle: async ({ actor, body, path }, { replication }) =>
      createdAt(path, await replication.policies.createPolicy(actor, fieldsOf(body))),
  }),

  route({
    method: 'GET',
    path: policy,
    tag: 'replication',
    operationId: 'getReplicationPolicy',
    summary: 'One rule of replication.',
    access: system('replication-policy:read'),
    params: byId,
    answers: { 200: policyAnswer },
    handle: async ({ actor, params, request }, services) => {
      const shown = await services.replication.policies.getPolicy(actor, params.id)
      const lags = await services.replication.lags.of([shown.policy])
      return { body: presentPolicy(shown, localUrlOf(services, request), lags.get(params.id)) }
    },
  }),

  route({
    method: 'PUT',
    path: policy,
    tag: 'replication',
    operationId: 'updateReplicationPolicy',
    summary: 'Changes a rule as a whole: what is left out falls to what it is without being said.',
    access: system('replication-policy:update'),
    params: byId,
    body: policyBody,
    answers: { 200: null },
    handle: async ({ actor, params, body }, { replication }) => {
      await replication.policies.updatePolicy(actor, params.id, fieldsOf(body))
      return {}
    },
  }),

  route({
    method: 'DELETE',
    path: policy,
    tag: 'replication',
    operationId: 'deleteReplicationPolicy',
    summary: 'Deletes a rule with its runs; what it brought over stays.',
    access: system('replication-policy:delete'),
    params: byId,
    answers: { 200: null },
    handle: async ({ actor, params }, { replication }) => {
      await replication.policies.deletePolicy(actor, params.id)
      return {}
    },
  }),

  route({
    method: 'POST',
    path: `${policy}/deletions`,
    tag: 'replication',
    operationId: 'releaseReplicationDeletions',
    summary: 'Beyond Harbor: says what becomes of deletions that wait for a person.',
    access: system('replication:create'),
    params: byId,
    body: z.object({
      action: z.enum(['continue', 'drop']).describe('continue: they go on, and others for an hour; drop: they do not.'),
    }),
    answers: { 200: z.object({ tasks: z.number().int() }) },
    handle: async ({ actor, params, body }, { replication }) => ({
      body: { tasks: await replication.executions.release(actor, params.id, body.action === 'drop') },
    }),
  }),
]

const modes = ['copy', 'dry-run', 'verify'] as const

const executionRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: executions,
    tag: 'replication',
    operationId: 'listReplicationExecutions',
    summary: 'Runs of rules, the newest first.',
    access: system('replication:list'),
    query: z.object({
      ...listQuery,
      policy_id: z.coerce.number().int().optional(),
      status: z.string().max(100).optional(),
      trigger: z.string().max(100).optional(),
    }),
    answers: { 200: z.array(executionAnswer) },
    handle: async (call, { replication }) => {
      const { policy_id: policyId, status, trigger, sort } = call.query
      const page = await replication.executions.listExecutions(call.actor, {
        ...pageOf(call.query),
        policyId: policyId || undefined,
        statuses: statusesOf(status),
        trigger: triggerNamed(trigger),
        oldestFirst: sort === 'id' || sort === 'start_time',
      })
      return pageAnswer(call, page, presentExecution)
    },
  }),

  route({
    method: 'POST',
    path: executions,
    tag: 'replication',
    operationId: 'startReplication',
    summary: 'Runs a rule now; with a mode, only to see what it would do, or whether both sides are the same.',
    access: system('replication:create'),
    query: z.object({ trigger: z.string().max(100).optional() }),
    body: z.object({ policy_id: z.number().int().nullish(), mode: z.enum(modes).nullish() }),
    answers: { 201: null },
    handle: async ({ actor, body, query, path }, { replication }) => {
      const options = { mode: body.mode ?? 'copy', trigger: triggerNamed(query.trigger) ?? 'manual' } as const
      return createdAt(path, await replication.executions.start(actor, body.policy_id ?? 0, options))
    },
  }),

  route({
    method: 'GET',
    path: execution,
    tag: 'replication',
    operationId: 'getReplicationExecution',
    summary: 'One run of a rule.',
    access: system('replication:read'),
    params: byId,
    answers: { 200: executionAnswer },
    handle: async ({ actor, params }, { replication }) => ({
      body: presentExecution(await replication.executions.getExecution(actor, params.id)),
    }),
  }),

  route({
    method: 'PUT',
    path: execution,
    tag: 'replication',
    operationId: 'stopReplication',
    summary: 'Stops a run; what it has brought over stays.',
    access: system('replication:create'),
    params: byId,
    answers: { 200: null },
    handle: async ({ actor, params }, { replication }) => {
      await replication.executions.stop(actor, params.id)
      return {}
    },
  }),

  route({
    method: 'GET',
    path: `${execution}/report`,
    tag: 'replication',
    operationId: 'getReplicationReport',
    summary: 'Beyond Harbor: what a comparison of both sides found.',
    access: system('replication:read'),
    params: byId,
    answers: {
      200: z.object({
        ...{ same: z.number().int(), missing: z.number().int(), different: z.number().int() },
        ...{ extra: z.number().int(), refused: z.number().int(), cut: z.boolean() },
        repositories: z.array(
          z.object({
            ...{ source: z.string(), destination: z.string(), same: z.number().int() },
            ...{ missing: z.array(z.string()), different: z.array(z.string()), extra: z.array(z.string()) },
            why: z.string().optional(),
          }),
        ),
      }),
    },
    handle: async ({ actor, params }, { replication }) => ({
      body: await replication.executions.getReport(actor, params.id),
    }),
  }),

  route({
    method: 'GET',
    path: `${execution}/tasks`,
    tag: 'replication',
    operationId: 'listReplicationTasks',
    summary: 'The parts of a run, one for each repository that needs something.',
    access: system('replication:list'),
    params: byId,
    query: z.object({
      ...listQuery,
      status: z.string().max(100).optional(),
      resource_type: z.string().max(100).optional(),
    }),
    answers: { 200: z.array(taskAnswer) },
    handle: async (call, { replication }) => {
      const { status, resource_type: resourceType } = call.query
      const query = { ...pageOf(call.query), statuses: taskStatusesOf(status), resourceType: resourceType || undefined }
      const page = await replication.executions.listTasks(call.actor, call.params.id, query)
      return pageAnswer(call, page, presentTask)
    },
  }),

  route({
    method: 'GET',
    path: `${execution}/tasks/{task_id}/log`,
    tag: 'replication',
    operationId: 'getReplicationLog',
    summary: 'What a task did, as text.',
    access: system('replication:read'),
    params: byId.extend({ task_id: idParam }),
    answers: { 200: z.string() },
    handle: async ({ actor, params }, { replication, jobs }) =>
      logResponse(jobs, await replication.executions.getTaskJob(actor, params.id, params.task_id)),
  }),
]

const triggerNamed = (word: string | undefined) =>
  (Object.keys(triggerWords) as (keyof typeof triggerWords)[]).find((key) => triggerWords[key] === word)

export const replicationRoutes: readonly Route[] = [...policyRoutes, ...executionRoutes]

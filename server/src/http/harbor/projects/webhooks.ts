import { z } from 'zod'
import { can } from '../../../domain/access/roles/authorise.ts'
import { notifyTypes, payloadFormats, webhookEventTypes } from '../../../domain/webhooks/event-words.ts'
import { DomainError } from '../../../domain/errors.ts'
import { textAnswer } from '../content/additions.ts'
import { createdAt, idParam, noTime, timeAnswer, timeOf } from '../frame/answers.ts'
import { listingOf } from '../frame/list-query.ts'
import { listQuery, pageAnswer, pageOf } from '../frame/paging.ts'
import { route, type Call, type Route, type RouteAccess } from '../frame/route.ts'
import {
  executionAnswer,
  fieldsOf,
  policyAnswer,
  policyBody,
  presentExecution,
  presentPolicy,
  presentTask,
  presentWebhookJob,
  statusesOf,
  taskAnswer,
  webhookJobAnswer,
} from './webhook-answer.ts'

const inProject = '/projects/{project_name_or_id}/webhook'
const collection = `${inProject}/policies`
const item = `${collection}/{webhook_policy_id}`
const executions = `${item}/executions`
const execution = `${executions}/{execution_id}`
const onePolicy = z.object({ webhook_policy_id: idParam })
const oneExecution = onePolicy.extend({ execution_id: idParam })

const read: RouteAccess = { kind: 'project', permission: 'notification-policy:read' }
const list: RouteAccess = { kind: 'project', permission: 'notification-policy:list' }
const update: RouteAccess = { kind: 'project', permission: 'notification-policy:update' }

const supported = z.object({
  event_type: z.array(z.string()),
  notify_type: z.array(z.string()),
  payload_formats: z.array(z.object({ notify_type: z.string(), formats: z.array(z.string()) })),
})

type ProjectCall = Pick<Call<unknown, unknown, unknown>, 'actor' | 'project'>

const nameOf = ({ project }: ProjectCall): string => project!.project.name
const mayChange = ({ actor, project }: ProjectCall): boolean => can(actor, 'notification-policy:update', project)

const policies: readonly Route[] = [
  route({
    method: 'GET',
    path: collection,
    tag: 'webhook',
    operationId: 'ListWebhookPoliciesOfProject',
    summary: 'Whom a project tells of what happens in it, the newest first.',
    access: list,
    query: z.object(listQuery),
    answers: { 200: z.array(policyAnswer) },
    handle: async (call, { webhooks }) => {
      const page = await webhooks.policies.pagePolicies(call.actor, nameOf(call), listingOf(call.query))
      return pageAnswer(call, page, (policy) => presentPolicy(policy, mayChange(call)))
    },
  }),

  route({
    method: 'POST',
    path: collection,
    tag: 'webhook',
    operationId: 'CreateWebhookPolicyOfProject',
    summary: 'Tells somebody of what happens in a project. Nobody is called yet: the test does that.',
    access: { kind: 'project', permission: 'notification-policy:create' },
    body: policyBody,
    answers: { 201: null },
    handle: async (call, { webhooks }) => {
      const fields = fieldsOf(call.body)
      return createdAt(call.path, await webhooks.policies.createPolicy(call.actor, nameOf(call), fields))
    },
  }),

  route({
    method: 'GET',
    path: item,
    tag: 'webhook',
    operationId: 'GetWebhookPolicyOfProject',
    summary: 'One webhook.',
    access: read,
    params: onePolicy,
    answers: { 200: policyAnswer },
    handle: async (call, { webhooks }) => {
      const policy = await webhooks.policies.getPolicy(call.actor, nameOf(call), call.params.webhook_policy_id)
      return { body: presentPolicy(policy, mayChange(call)) }
    },
  }),

  route({
    method: 'PUT',
    path: item,
    tag: 'webhook',
    operationId: 'UpdateWebhookPolicyOfProject',
    summary: 'Changes a webhook as a whole. A signing secret stays with the address that it was given for.',
    access: update,
    params: onePolicy,
    body: policyBody,
    answers: { 200: null },
    handle: async (call, { webhooks }) => {
      const id = call.params.webhook_policy_id
      await webhooks.policies.updatePolicy(call.actor, nameOf(call), id, fieldsOf(call.body))
      return {}
    },
  }),

  route({
    method: 'DELETE',
    path: item,
    tag: 'webhook',
    operationId: 'DeleteWebhookPolicyOfProject',
    summary: 'Deletes a webhook, with what was on its way.',
    access: { kind: 'project', permission: 'notification-policy:delete' },
    params: onePolicy,
    answers: { 200: null },
    handle: async (call, { webhooks }) => {
      await webhooks.policies.deletePolicy(call.actor, nameOf(call), call.params.webhook_policy_id)
      return {}
    },
  }),
]

const deliveries: readonly Route[] = [
  route({
    method: 'GET',
    path: executions,
    tag: 'webhook',
    operationId: 'ListExecutionsOfWebhookPolicy',
    summary: 'Deliveries of a webhook, the newest first; `q` may say `status`.',
    access: read,
    params: onePolicy,
    query: z.object(listQuery),
    answers: { 200: z.array(executionAnswer) },
    handle: async (call, { webhooks }) => {
      const { conditions = [], limit, offset } = listingOf(call.query)
      const words = conditions.flatMap((each) =>
        each.key.toLowerCase() !== 'status'
          ? []
          : each.kind === 'exact'
            ? [each.value]
            : each.kind === 'any'
              ? each.values
              : [],
      )
      const statuses = statusesOf(words)
      const page = { limit, offset, ...(statuses === undefined ? {} : { statuses }) }
      const id = call.params.webhook_policy_id
      const found = await webhooks.deliveries.listDeliveries(call.actor, nameOf(call), id, page)
      return pageAnswer(call, found, presentExecution)
    },
  }),

  route({
    method: 'GET',
    path: `${execution}/tasks`,
    tag: 'webhook',
    operationId: 'ListTasksOfWebhookExecution',
    summary: 'The attempts of a delivery.',
    access: read,
    params: oneExecution,
    query: z.object(listQuery),
    answers: { 200: z.array(taskAnswer) },
    handle: async (call, { webhooks }) => {
      const { webhook_policy_id: policyId, execution_id: id } = call.params
      const delivery = await webhooks.deliveries.getDelivery(call.actor, nameOf(call), policyId, id)
      const policy = await webhooks.policies.getPolicy(call.actor, nameOf(call), policyId)
      const { offset } = pageOf(call.query)
      const rows = offset === 0 ? [delivery] : []
      return pageAnswer(call, { rows, total: 1 }, (row) => presentTask(row, policy))
    },
  }),

  route({
    method: 'GET',
    path: `${execution}/tasks/{task_id}/log`,
    tag: 'webhook',
    operationId: 'GetLogsOfWebhookTask',
    summary: 'What was sent, and what was answered, as text.',
    access: read,
    params: oneExecution.extend({ task_id: idParam }),
    answers: { 200: z.string() },
    handle: async (call, { webhooks }) => {
      const { webhook_policy_id: policyId, execution_id: id, task_id: task } = call.params
      const { log } = await webhooks.deliveries.getDelivery(call.actor, nameOf(call), policyId, id)
      if (task !== id)
        throw new DomainError('WEBHOOK_UNKNOWN', `resource not found: task ${task} not found in execution ${id}`)
      return textAnswer('text/plain', log)
    },
  }),

  route({
    method: 'POST',
    path: `${execution}/redeliver`,
    tag: 'webhook',
    operationId: 'redeliverWebhook',
    summary: 'Sends a delivery that has ended once more, with the same webhook-id.',
    access: update,
    params: oneExecution,
    answers: { 202: null },
    handle: async (call, { webhooks }) => {
      const { webhook_policy_id: policyId, execution_id: id } = call.params
      await webhooks.deliveries.redeliver(call.actor, nameOf(call), policyId, id)
      return { status: 202 }
    },
  }),

  route({
    method: 'POST',
    path: `${item}/redeliver`,
    tag: 'webhook',
    operationId: 'redeliverGivenUpWebhooks',
    summary: 'Sends once more what was given up, the oldest first, 1,000 at the most.',
    access: update,
    params: onePolicy,
    answers: { 202: z.object({ deliveries: z.number().int() }) },
    handle: async (call, { webhooks }) => {
      const id = call.params.webhook_policy_id
      return { status: 202, body: { deliveries: await webhooks.deliveries.redeliver(call.actor, nameOf(call), id) } }
    },
  }),

  route({
    method: 'POST',
    path: `${item}/test`,
    tag: 'webhook',
    operationId: 'testWebhook',
    summary: 'Sends a message that says it is a test to each target.',
    access: update,
    params: onePolicy,
    answers: { 202: z.object({ executions: z.array(z.number().int()) }) },
    handle: async (call, { webhooks }) => {
      const ids = await webhooks.deliveries.test(call.actor, nameOf(call), call.params.webhook_policy_id)
      return { status: 202, body: { executions: [...ids] } }
    },
  }),
]

const about: readonly Route[] = [
  route({
    method: 'GET',
    path: `${inProject}/lasttrigger`,
    tag: 'webhook',
    operationId: 'LastTrigger',
    summary: 'When each webhook was last told of each of its types of events.',
    access: read,
    answers: {
      200: z.array(
        z.object({
          policy_name: z.string(),
          event_type: z.string(),
          enabled: z.boolean(),
          creation_time: timeAnswer,
          last_trigger_time: timeAnswer,
        }),
      ),
    },
    handle: async (call, { webhooks }) => ({
      body: (await webhooks.deliveries.lastTriggers(call.actor, nameOf(call))).map(({ policy, eventType, at }) => ({
        policy_name: policy.name,
        event_type: eventType,
        enabled: policy.enabled,
        creation_time: timeOf(policy.createdAt),
        last_trigger_time: at === undefined ? noTime : timeOf(at),
      })),
    }),
  }),

  route({
    method: 'GET',
    path: `${inProject}/jobs`,
    tag: 'webhookjob',
    operationId: 'ListWebhookJobs',
    summary: 'Deliveries of a webhook in the form of older clients.',
    access: list,
    query: z.object({
      ...listQuery,
      policy_id: z.coerce.number().int(),
      status: z.union([z.string(), z.array(z.string())]).optional(),
    }),
    answers: { 200: z.array(webhookJobAnswer) },
    handle: async (call, { webhooks }) => {
      const { policy_id: id, status = [] } = call.query
      const statuses = statusesOf(typeof status === 'string' ? [status] : status)
      const page = { ...pageOf(call.query), ...(statuses === undefined ? {} : { statuses }) }
      const found = await webhooks.deliveries.listDeliveries(call.actor, nameOf(call), id, page)
      return pageAnswer(call, found, presentWebhookJob)
    },
  }),

  route({
    method: 'GET',
    path: `${inProject}/events`,
    tag: 'webhook',
    operationId: 'GetSupportedEventTypes',
    summary: 'What webhooks may be about, and in which forms they are sent.',
    access: read,
    answers: { 200: supported },
    handle: async () => ({
      body: {
        event_type: [...webhookEventTypes],
        notify_type: [...notifyTypes],
        payload_formats: [{ notify_type: 'http', formats: [...payloadFormats] }],
      },
    }),
  }),
]

export const webhookRoutes: readonly Route[] = [...policies, ...deliveries, ...about]

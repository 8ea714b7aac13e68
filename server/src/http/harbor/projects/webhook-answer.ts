import { z } from 'zod'
import { DomainError } from '../../../domain/errors.ts'
import type { Delivery, DeliveryStatus } from '../../../domain/webhooks/webhook-deliveries.ts'
import type { WebhookPolicy, WebhookPolicyFields } from '../../../domain/webhooks/webhook-policies.ts'
import type { Target } from '../../../domain/webhooks/targets.ts'
import { orAbsent, timeAnswer, timeOf } from '../frame/answers.ts'

const targetAnswer = z.object({
  type: z.string(),
  address: z.string(),
  auth_header: z.string().optional().describe('Only to who may change the policy.'),
  skip_cert_verify: z.boolean().optional(),
  payload_format: z.string().optional(),
  template: z.string().optional().describe('Beyond Harbor: the text of the payload format Template.'),
  signed: z.boolean().optional().describe('Beyond Harbor: whether messages are signed. The secret is never answered.'),
})

export const policyAnswer = z.object({
  id: z.number().int(),
  name: z.string(),
  description: z.string().optional(),
  project_id: z.number().int(),
  targets: z.array(targetAnswer),
  event_types: z.array(z.string()),
  creator: z.string().optional(),
  creation_time: timeAnswer,
  update_time: timeAnswer,
  enabled: z.boolean(),
})

export function presentPolicy(policy: WebhookPolicy, mayChange: boolean): z.output<typeof policyAnswer> {
  return {
    id: policy.id,
    name: policy.name,
    description: orAbsent(policy.description),
    project_id: policy.projectId,
    targets: policy.targets.map((target) => presentTarget(target, mayChange)),
    event_types: [...policy.eventTypes],
    creator: orAbsent(policy.creator),
    creation_time: timeOf(policy.createdAt),
    update_time: timeOf(policy.updatedAt),
    enabled: policy.enabled,
  }
}

/** Addresses of chats are secrets as much as a header is: who may not change the policy sees where they lead, not by which token. */
function presentTarget(target: Target, mayChange: boolean): z.output<typeof targetAnswer> {
  const { type, address, authHeader, skipCertificateCheck, format, template, signingSecret } = target
  return {
    type,
    address: mayChange ? address : withoutToken(type, address),
    auth_header: mayChange ? orAbsent(authHeader) : undefined,
    skip_cert_verify: orAbsent(skipCertificateCheck),
    payload_format: type === 'http' ? format : undefined,
    template: orAbsent(template),
    signed: orAbsent(signingSecret !== ''),
  }
}

function withoutToken(type: Target['type'], address: string): string {
  const { origin, pathname, search } = new URL(address)
  if (type !== 'http') return `${origin}/…`
  return `${origin}${pathname}${search === '' ? '' : '?…'}`
}

const text = z.string().nullish()

/** A policy as Harbor's clients send it. What beside it comes back from a GET is passed over. */
export const policyBody = z.object({
  name: text,
  description: text,
  creator: text,
  enabled: z.boolean().nullish(),
  event_types: z.array(z.string()).nullish(),
  targets: z
    .array(
      z.object({
        type: text,
        address: text,
        auth_header: text,
        skip_cert_verify: z.boolean().nullish(),
        payload_format: text,
        template: text,
        signing_secret: text.describe('Beyond Harbor: signs each message; left out, it stays as it is.'),
      }),
    )
    .nullish(),
})

export function fieldsOf(body: z.output<typeof policyBody>): WebhookPolicyFields {
  return {
    name: body.name ?? '',
    description: body.description ?? '',
    creator: body.creator ?? undefined,
    enabled: body.enabled ?? false,
    eventTypes: body.event_types ?? [],
    targets: (body.targets ?? []).map((target) => ({
      type: target.type ?? '',
      address: target.address ?? '',
      authHeader: target.auth_header ?? '',
      skipCertificateCheck: target.skip_cert_verify ?? false,
      format: target.payload_format ?? '',
      template: target.template ?? '',
      signingSecret: target.signing_secret ?? undefined,
    })),
  }
}

/** Plain text in the contract, to the second, and year 1 for never: executions of Harbor's engine say it so. */
const secondsOf = (ms: number | undefined): string =>
  ms === undefined ? '0001-01-01T00:00:00Z' : `${timeOf(ms).slice(0, 19)}Z`

const metrics = z.object({
  task_count: z.number().int(),
  success_task_count: z.number().int().optional(),
  error_task_count: z.number().int().optional(),
  pending_task_count: z.number().int().optional(),
  stopped_task_count: z.number().int().optional(),
})

export const executionAnswer = z.object({
  id: z.number().int(),
  vendor_type: z.string(),
  vendor_id: z.number().int(),
  status: z.string(),
  status_message: z.string().optional(),
  metrics,
  trigger: z.string(),
  extra_attrs: z.object({ event_type: z.string(), payload: z.string() }),
  start_time: timeAnswer,
  end_time: timeAnswer,
})

export function presentExecution(delivery: Delivery): z.output<typeof executionAnswer> {
  const { id, policyId, eventType, body, status, createdAt, finishedAt } = delivery
  return {
    id,
    vendor_type: vendorOf(delivery),
    vendor_id: policyId,
    status: wordOf(delivery),
    metrics: { task_count: 1, [`${status}_task_count`]: 1 },
    trigger: 'EVENT',
    extra_attrs: { event_type: eventType, payload: body },
    start_time: secondsOf(createdAt),
    end_time: secondsOf(finishedAt),
  }
}

export const taskAnswer = z.object({
  id: z.number().int(),
  execution_id: z.number().int(),
  status: z.string(),
  run_count: z.number().int().optional(),
  extra_attrs: z.object({
    target: z.string(),
    answer_status: z.number().int().optional(),
    webhook_id: z.string(),
  }),
  creation_time: timeAnswer,
  update_time: timeAnswer,
  start_time: timeAnswer,
  end_time: timeAnswer,
})

/** The only task of an execution has its id. */
export function presentTask(delivery: Delivery, policy: WebhookPolicy): z.output<typeof taskAnswer> {
  const { id, target: key, eventId, attempts, answerStatus, createdAt, updatedAt, startedAt, finishedAt } = delivery
  const target = policy.targets.find((each) => each.key === key)
  return {
    id,
    execution_id: id,
    status: wordOf(delivery),
    run_count: orAbsent(attempts),
    extra_attrs: {
      target: target === undefined ? '' : withoutToken(target.type, target.address),
      answer_status: answerStatus,
      webhook_id: eventId,
    },
    creation_time: secondsOf(createdAt),
    update_time: secondsOf(updatedAt),
    start_time: secondsOf(startedAt),
    end_time: secondsOf(finishedAt),
  }
}

export const webhookJobAnswer = z.object({
  id: z.number().int(),
  policy_id: z.number().int(),
  event_type: z.string(),
  notify_type: z.string(),
  status: z.string(),
  job_detail: z.string(),
  creation_time: timeAnswer,
  update_time: timeAnswer,
})

export function presentWebhookJob(delivery: Delivery): z.output<typeof webhookJobAnswer> {
  const { id, policyId, eventType, notifyType, body, createdAt, updatedAt } = delivery
  return {
    id,
    policy_id: policyId,
    event_type: eventType,
    notify_type: notifyType,
    status: wordOf(delivery),
    job_detail: body,
    creation_time: timeOf(createdAt),
    update_time: timeOf(updatedAt),
  }
}

const vendorOf = ({ notifyType }: Delivery): string => (notifyType === 'slack' ? 'SLACK' : 'WEBHOOK')

/** What was tried and will be tried again shows Running, as an execution of Harbor with an unfinished task does. */
const wordOf = ({ status, attempts }: Delivery): string =>
  status === 'pending' && attempts > 0 ? 'Running' : words[status]

const words: Readonly<Record<DeliveryStatus, string>> = {
  pending: 'Pending',
  success: 'Success',
  error: 'Error',
  stopped: 'Stopped',
}

/** @throws DomainError BAD_REQUEST */
export function statusesOf(given: readonly string[]): readonly DeliveryStatus[] | undefined {
  if (given.length === 0) return undefined
  return given.flatMap((word): DeliveryStatus[] => {
    const lower = word.toLowerCase()
    if (['pending', 'running', 'scheduled'].includes(lower)) return ['pending']
    if (lower === 'success' || lower === 'error' || lower === 'stopped') return [lower]
    throw new DomainError(
      'BAD_REQUEST',
      `status is Pending, Running, Success, Error or Stopped, not ${word.slice(0, 40)}`,
    )
  })
}

import { z } from 'zod'
import type { Quota } from '../../../domain/quotas/quotas.ts'
import { DomainError } from '../../../domain/errors.ts'
import { idParam, timeAnswer, timeOf } from '../frame/answers.ts'
import { parseSort } from '../frame/list-query.ts'
import { pageAnswer, pageOf, pageQuery } from '../frame/paging.ts'
import { route, type Route } from '../frame/route.ts'

const resources = z.record(z.string(), z.number().int())

const quotaAnswer = z.object({
  id: z.number().int(),
  ref: z.object({ id: z.number().int(), name: z.string(), owner_name: z.string() }),
  hard: resources,
  used: resources,
  logical: resources.describe(
    'Beyond Harbor: sizes of the artifacts, whatever they share; `used` has each digest once.',
  ),
  creation_time: timeAnswer,
  update_time: timeAnswer,
})

const oneQuota = z.object({ id: idParam })
const item = '/quotas/{id}'

export const quotaRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/quotas',
    tag: 'quota',
    operationId: 'listQuotas',
    summary: 'What projects use, and how much they may.',
    access: { kind: 'system', permission: 'quota:list' },
    query: z.object({
      ...pageQuery,
      reference: z.string().optional(),
      reference_id: z.string().optional(),
      sort: z.string().optional(),
    }),
    answers: { 200: z.array(quotaAnswer) },
    handle: async (call, { quotas }) => {
      const { reference, reference_id: referenceId, sort } = call.query
      // There are none of anything but projects.
      if (reference !== undefined && reference !== '' && reference !== 'project')
        return pageAnswer(call, { rows: [], total: 0 }, presentQuota)
      const projectId = referenceId ? Number(referenceId) : undefined
      const listing = { sort: parseSort(sort), ...pageOf(call.query) }
      const { rows, total } = await quotas.listQuotas(call.actor, { projectId }, listing)
      return pageAnswer(call, { rows, total }, presentQuota)
    },
  }),

  route({
    method: 'GET',
    path: item,
    tag: 'quota',
    operationId: 'getQuota',
    summary: 'What one project uses, and how much it may.',
    access: { kind: 'system', permission: 'quota:read' },
    params: oneQuota,
    answers: { 200: quotaAnswer },
    handle: async ({ actor, params }, { quotas }) => ({ body: presentQuota(await quotas.getQuota(actor, params.id)) }),
  }),

  route({
    method: 'PUT',
    path: item,
    tag: 'quota',
    operationId: 'updateQuota',
    summary: 'Sets how much storage a project may use; -1 is without a limit.',
    access: { kind: 'system', permission: 'quota:update' },
    params: oneQuota,
    body: z.object({ hard: z.record(z.string(), z.number().int()).default({}) }),
    answers: { 200: null },
    handle: async ({ actor, params, body }, { quotas }) => {
      const { storage, ...others } = body.hard
      const unknown = Object.keys(others)[0]
      if (Object.keys(body.hard).length === 0)
        throw new DomainError('BAD_REQUEST', 'hard required in body: {"hard": {"storage": 10737418240}}, in bytes')
      if (unknown !== undefined)
        throw new DomainError(
          'BAD_REQUEST',
          `resource ${unknown.slice(0, 100)} not support: there is storage, in bytes`,
        )
      await quotas.setLimit(actor, params.id, storage!)
      return {}
    },
  }),

  route({
    method: 'POST',
    path: `${item}/recount`,
    tag: 'quota',
    operationId: 'recountQuota',
    summary: 'Beyond Harbor: counts again what a project uses, from its artifacts.',
    access: { kind: 'system-administrator' },
    params: oneQuota,
    answers: { 200: z.object({ storage: z.number().int() }) },
    handle: async ({ actor, params }, { quotas }) => ({
      body: { storage: await quotas.recount(actor, params.id) },
    }),
  }),
]

function presentQuota(quota: Quota): z.output<typeof quotaAnswer> {
  return {
    id: quota.projectId,
    ref: { id: quota.projectId, name: quota.project, owner_name: quota.ownerName },
    hard: { storage: quota.hardBytes },
    used: { storage: quota.usedBytes },
    logical: { storage: quota.logicalBytes },
    creation_time: timeOf(quota.createdAt),
    update_time: timeOf(quota.updatedAt),
  }
}

import { z } from 'zod'
import { can } from '../../../domain/access/roles/authorise.ts'
import { DomainError } from '../../../domain/errors.ts'
import { readProxyStatus, type ProxyStatus } from '../../../domain/proxy-cache/proxy-status.ts'
import { findProxyProject } from '../../../domain/proxy-cache/proxy-projects.ts'
import { trafficOutcomes } from '../../../domain/proxy-cache/proxy-traffic.ts'
import { timeAnswer, timeOf } from '../frame/answers.ts'
import { route, type Route } from '../frame/route.ts'

const traffic = z.object({ requests: z.number().int(), bytes: z.number().int() })

const statusAnswer = z.object({
  registry: z.object({ id: z.number().int(), name: z.string(), type: z.string() }),
  state: z.enum(['unasked', 'answering', 'failing']).describe('What the last question to the remote registry got.'),
  answer_time: timeAnswer.optional().describe('When it last answered.'),
  failing_since: timeAnswer.optional(),
  failure: z
    .object({ code: z.string(), message: z.string() })
    .optional()
    .describe('The last one, for those who may read the configuration of the project.'),
  retry_time: timeAnswer.optional().describe('The remote registry is left alone until then.'),
  limit: z
    .object({
      total: z.number().int().optional(),
      remaining: z.number().int().optional(),
      window_seconds: z.number().int().optional(),
      time: timeAnswer,
    })
    .optional()
    .describe('Pulls that the remote registry still allows, as its headers last said.'),
  freshness: z
    .array(z.object({ pattern: z.string(), seconds: z.number().int() }))
    .describe('For how long a tag is believed; the first pattern that matches decides.'),
  oldest_check_time: timeAnswer.optional().describe('When the tag that waits longest was compared with upstream.'),
  waiting_manifests: z.number().int().describe('Served already, while some of their blobs are still to come.'),
  downloads: z.number().int().describe('Blobs that come just now.'),
  days: z.number().int(),
  traffic: z.object(
    Object.fromEntries(trafficOutcomes.map((outcome) => [outcome, traffic])) as Record<
      (typeof trafficOutcomes)[number],
      typeof traffic
    >,
  ),
})

export const proxyCacheRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/projects/{project_name_or_id}/proxy-cache',
    tag: 'proxy-cache',
    operationId: 'getProxyCache',
    summary: 'How a proxy cache project does: its remote registry, and what it answered from where.',
    access: { kind: 'project', permission: 'project:read' },
    query: z.object({ days: z.coerce.number().int().min(1).max(92).default(7) }),
    answers: { 200: statusAnswer },
    handle: async ({ actor, project: access, query: { days } }, { database, clock }) => {
      const { id, name } = access!.project
      const project = await findProxyProject(database.read, id)
      if (project === undefined)
        throw new DomainError('BAD_REQUEST', `the project ${name} is no cache of a remote registry`)
      const status = await readProxyStatus(database, project, { now: clock.now(), days })
      const { registryId, registryName, registryType } = project
      const registry = { id: registryId, name: registryName, type: registryType }
      const isTold = can(actor, 'configuration:read', access)
      return { body: { registry, ...presentStatus(status, isTold), days, traffic: status.traffic } }
    },
  }),
]

function presentStatus({ health, freshness, oldestCheckAt, waiting, downloads }: ProxyStatus, isTold: boolean) {
  const { answeredAt, failingSince, failure, retryAt, limit, limitSeenAt } = health
  const state = failingSince !== undefined ? 'failing' : answeredAt !== undefined ? 'answering' : 'unasked'
  return {
    state: state as z.output<typeof statusAnswer>['state'],
    ...(answeredAt === undefined ? {} : { answer_time: timeOf(answeredAt) }),
    ...(failingSince === undefined ? {} : { failing_since: timeOf(failingSince) }),
    ...(failure === undefined || !isTold ? {} : { failure }),
    ...(retryAt === undefined ? {} : { retry_time: timeOf(retryAt) }),
    ...(limit === undefined || limitSeenAt === undefined
      ? {}
      : {
          limit: {
            ...(limit.limit === undefined ? {} : { total: limit.limit }),
            ...(limit.remaining === undefined ? {} : { remaining: limit.remaining }),
            ...(limit.windowSeconds === undefined ? {} : { window_seconds: limit.windowSeconds }),
            time: timeOf(limitSeenAt),
          },
        }),
    freshness: freshness.map(({ pattern, seconds }) => ({ pattern, seconds })),
    ...(oldestCheckAt === undefined ? {} : { oldest_check_time: timeOf(oldestCheckAt) }),
    waiting_manifests: waiting,
    downloads,
  }
}

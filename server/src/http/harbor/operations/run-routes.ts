import { z } from 'zod'
import type { SystemPermission } from '../../../domain/access/roles/grantable-permissions.ts'
import { DomainError } from '../../../domain/errors.ts'
import type { JobDefinition } from '../../../domain/jobs/job-definition.ts'
import type { Json } from '../../../domain/jobs/job.ts'
import { findSchedule } from '../../../domain/jobs/schedules.ts'
import { createdAt, idParam, warningHeaders } from '../frame/answers.ts'
import {
  historyAnswer,
  historyQuery,
  listHistory,
  logResponse,
  presentHistory,
  presentScheduleHistory,
} from './job-history.ts'
import { sentenceOf } from '../frame/refused-value.ts'
import { route, type Call, type Route } from '../frame/route.ts'
import { followWish, parseScheduleWish, scheduleBody, type ScheduleBody } from './schedule-body.ts'
import type { HarborServices } from '../frame/services.ts'

type Operation = 'list' | 'getSchedule' | 'createSchedule' | 'updateSchedule' | 'get' | 'stop' | 'log'

type RunPermission<Resource extends string> = `${Resource}:${'list' | 'read' | 'create' | 'update' | 'stop'}`

/** Work of the registry that Harbor runs by a button and by a schedule, with a history: seven operations, always alike. */
export interface RunsOptions<Resource extends string, Parameters extends z.ZodType, Payload> {
  readonly job: JobDefinition<Payload>
  readonly tag: string
  /** `/system/gc` */
  readonly path: string
  /** `gc_id` */
  readonly id: string
  readonly resource: RunPermission<Resource> extends SystemPermission ? Resource : never
  /** Each with its operationId and its summary. */
  readonly operations: Readonly<Record<Operation, readonly [operationId: string, summary: string]>>
  readonly parameters: Parameters
  /** @throws DomainError for what the registry is set not to do */
  payloadOf(parameters: z.output<Parameters>, services: HarborServices): Payload | Promise<Payload>
  /** Sentences about work that is accepted and has no effect. */
  warningsOf?(payload: Payload): readonly string[]
  /** In Harbor's words, results of a run included. */
  parametersOf(payload: Partial<Payload>, result: Json | undefined): Json
}

export function composeRunRoutes<Resource extends string, Parameters extends z.ZodType, Payload>(
  options: RunsOptions<Resource, Parameters, Payload>,
): readonly Route[] {
  const { job: definition, tag, path, id, resource, operations } = options
  const { kind } = definition
  const parametersOf = (payload: Json, result: Json | undefined): Json =>
    options.parametersOf(definition.read(payload), result)
  const item = `${path}/{${id}}`
  const params = z.object({ [id]: idParam }).transform((given) => ({ id: Number(given[id]) }))
  const of = (operation: Operation, action: 'list' | 'read' | 'create' | 'update' | 'stop') => ({
    tag,
    operationId: operations[operation][0],
    summary: operations[operation][1],
    access: { kind: 'system', permission: `${resource}:${action}` as SystemPermission } as const,
  })
  const follow = async ({ actor, body }: Call<unknown, unknown, ScheduleBody>, services: HarborServices) => {
    const wish = parseScheduleWish(body)
    if (wish.kind === 'never' || wish.kind === 'nothing') {
      const started = await followWish(services, actor, wish, { name: kind, kind, payload: null })
      return { started, headers: {} }
    }
    const payload = await options.payloadOf(parsed(options.parameters, body.parameters), services)
    const started = await followWish(services, actor, wish, { name: kind, ...definition.of(payload) })
    return { started, headers: warningHeaders(options.warningsOf?.(payload) ?? []) }
  }
  return [
    route({
      ...of('list', 'list'),
      method: 'GET',
      path,
      query: historyQuery,
      answers: { 200: z.array(historyAnswer) },
      handle: async (call, { jobs }) =>
        await listHistory(jobs, call, { kinds: [kind] }, (job) =>
          presentHistory(job, parametersOf(job.payload, job.result)),
        ),
    }),

    route({
      ...of('getSchedule', 'read'),
      method: 'GET',
      path: `${path}/schedule`,
      answers: { 200: historyAnswer.partial() },
      handle: async (_call, { database }) => {
        const schedule = await findSchedule(database.read, kind)
        if (schedule === undefined) return { body: {} }
        return { body: presentScheduleHistory(schedule, parametersOf(schedule.payload, undefined)) }
      },
    }),

    route({
      ...of('createSchedule', 'create'),
      method: 'POST',
      path: `${path}/schedule`,
      body: scheduleBody,
      answers: { 201: null },
      handle: async (call, services) => {
        const { started, headers } = await follow(call, services)
        // Harbor writes 0 where nothing was started.
        const created = createdAt(call.path.replace(/\/schedule\/*$/, ''), started ?? 0)
        return { ...created, headers: { ...created.headers, ...headers } }
      },
    }),

    route({
      ...of('updateSchedule', 'update'),
      method: 'PUT',
      path: `${path}/schedule`,
      body: scheduleBody,
      answers: { 200: null },
      handle: async (call, services) => {
        const { headers } = await follow(call, services)
        return { headers }
      },
    }),

    route({
      ...of('get', 'read'),
      method: 'GET',
      path: item,
      params,
      answers: { 200: historyAnswer },
      handle: async (call, { jobs }) => {
        const job = await jobs.getJob(call.params.id, [kind])
        return { body: presentHistory(job, parametersOf(job.payload, job.result)) }
      },
    }),

    route({
      ...of('stop', 'stop'),
      method: 'PUT',
      path: item,
      params,
      answers: { 200: null },
      handle: async (call, { jobs }) => {
        const job = await jobs.getJob(call.params.id, [kind])
        await jobs.requestStop(call.actor, job.id)
        return {}
      },
    }),

    route({
      ...of('log', 'read'),
      method: 'GET',
      path: `${item}/log`,
      params,
      answers: { 200: z.string() },
      handle: async (call, { jobs }) => {
        const job = await jobs.getJob(call.params.id, [kind])
        return logResponse(jobs, job.id)
      },
    }),
  ]
}

/** @throws DomainError BAD_REQUEST */
function parsed<Schema extends z.ZodType>(schema: Schema, parameters: unknown): z.output<Schema> {
  const result = schema.safeParse(parameters ?? {})
  if (result.success) return result.data
  const sentence = result.error.issues
    .map((issue) => `parameters: ${issue.path.join('.')} ${sentenceOf(issue, parameters ?? {})}`)
    .join('\n')
  throw new DomainError('BAD_REQUEST', sentence)
}

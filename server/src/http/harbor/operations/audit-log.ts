import { z } from 'zod'
import type { AuditPage, AuditQuery } from '../../../domain/audit/audit-log.ts'
import { auditedTypes, describeRecord, wordsOf, type AuditRecord } from '../../../domain/audit/audit-records.ts'
import { readableProjects } from '../../../domain/audit/readable-projects.ts'
import { timeOf } from '../frame/answers.ts'
import { listingOf } from '../frame/list-query.ts'
import { listQuery, pageHeaders } from '../frame/paging.ts'
import { route, type Call, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'

const logAnswer = z.object({
  id: z.number().int(),
  username: z.string(),
  resource: z.string(),
  resource_type: z.string(),
  operation: z.string(),
  op_time: z.string(),
})

const extendedAnswer = logAnswer.extend({
  operation_description: z.string(),
  operation_result: z.boolean(),
  client_address: z.string().optional().describe('Where the request came from.'),
})

const auditQuery = z.object({
  ...listQuery,
  cursor: z.coerce
    .number()
    .int()
    .min(1)
    .optional()
    .describe(
      'Id of the last record of the page before; the links of a page have it. Then no page costs more than the first.',
    ),
})

type AuditCall = Call<unknown, z.output<typeof auditQuery>, unknown>

/** Their projects' log for members who may read it; all of it for system administrators. */
const readers = { kind: 'signed-in' } as const
const ofProject = { kind: 'project', permission: 'log:list' } as const

export const auditLogRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/audit-logs',
    tag: 'auditlog',
    operationId: 'listAuditLogs',
    summary: 'What happened here, newest first, in the form of older versions of Harbor.',
    access: readers,
    query: auditQuery,
    answers: { 200: z.array(logAnswer) },
    handle: async (call, services) => await ofReader(call, services, presentRecord),
  }),

  route({
    method: 'GET',
    path: '/auditlog-exts',
    tag: 'auditlog',
    operationId: 'listAuditLogExts',
    summary: 'What happened here, newest first, with its result and details.',
    access: readers,
    query: auditQuery,
    answers: { 200: z.array(extendedAnswer) },
    handle: async (call, services) => await ofReader(call, services, presentExtended),
  }),

  route({
    method: 'GET',
    path: '/auditlog-exts/events',
    tag: 'auditlog',
    operationId: 'listAuditLogEventTypes',
    summary: 'What can happen, by the names that disabled_audit_log_event_types takes.',
    access: { kind: 'signed-in' },
    answers: { 200: z.array(z.object({ event_type: z.string() })) },
    handle: async () => ({ body: auditedTypes.map((type) => ({ event_type: type })) }),
  }),

  route({
    method: 'GET',
    path: '/projects/{project_name}/logs',
    tag: 'project',
    operationId: 'getLogs',
    summary: 'What happened in a project, newest first, in the form of older versions of Harbor.',
    access: ofProject,
    query: auditQuery,
    answers: { 200: z.array(logAnswer) },
    handle: async (call, services) => await answer(call, services, [call.project!.project.id], presentRecord),
  }),

  route({
    method: 'GET',
    path: '/projects/{project_name}/auditlog-exts',
    tag: 'project',
    operationId: 'getLogExts',
    summary: 'What happened in a project, newest first, with its result and details.',
    access: ofProject,
    query: auditQuery,
    answers: { 200: z.array(extendedAnswer) },
    handle: async (call, services) => await answer(call, services, [call.project!.project.id], presentExtended),
  }),
]

async function ofReader(call: AuditCall, services: HarborServices, present: (record: AuditRecord) => unknown) {
  return await answer(call, services, await readableProjects(services.database.read, call.actor), present)
}

async function answer(
  call: AuditCall,
  { auditLog }: HarborServices,
  projects: AuditQuery['projects'],
  present: (record: AuditRecord) => unknown,
) {
  const { cursor, page, page_size: size } = call.query
  const { offset, ...listing } = listingOf(call.query)
  const log = await auditLog.listRecords({
    ...listing,
    projects,
    offset: cursor === undefined ? offset : 0,
    beyond: cursor,
  })
  return { body: log.rows.map(present), headers: headersOf(call, log, cursor === undefined ? 0 : (page - 1) * size) }
}

/** As every list's, but that the link to the next page says where this one ended. */
function headersOf(call: AuditCall, { total, next }: AuditPage, passed: number): Record<string, string> {
  const parameters = new URLSearchParams(call.search)
  parameters.delete('cursor')
  const headers = pageHeaders({ ...call, search: parameters.toString() }, Math.max(0, passed) + total)
  if (next === undefined) return headers
  return { ...headers, link: withCursor(headers['link'] ?? '', next) }
}

/** Puts the cursor in front of the query of the link to the next page, where there is one. */
function withCursor(links: string, cursor: string | number): string {
  const end = links.indexOf('>; rel="next"')
  const query = links.indexOf('?', links.lastIndexOf('<', end))
  if (end < 0 || query < 0) return links
  return `${links.slice(0, query)}?cursor=${cursor}&${links.slice(query + 1)}`
}

function presentRecord(record: AuditRecord): z.output<typeof logAnswer> {
  const { operation, resourceType } = wordsOf(record.type)
  return {
    id: record.id,
    username: record.username,
    resource: record.resource,
    resource_type: resourceType,
    operation,
    op_time: timeOf(record.occurredAt),
  }
}

function presentExtended(record: AuditRecord): z.output<typeof extendedAnswer> {
  return {
    ...presentRecord(record),
    operation_description: describeRecord(record),
    operation_result: record.succeeded,
    client_address: record.clientAddress || undefined,
  }
}

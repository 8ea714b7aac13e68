import { z } from 'zod'
import type { AuditQuery } from '../../../domain/audit/audit-log.ts'
import { auditedTypes, describeRecord, wordsOf, type AuditRecord } from '../../../domain/audit/audit-records.ts'
import { readableProjects } from '../../../domain/audit/readable-projects.ts'
import { timeAnswer, timeOf } from '../frame/answers.ts'
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
  op_time: timeAnswer,
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

/** A form of audit records in answers. */
interface Form {
  readonly answer: z.ZodType
  readonly present: (record: AuditRecord) => unknown
}

/** The form of older versions of Harbor. */
const older: Form = { answer: logAnswer, present: presentRecord }
/** The form with the result and details. */
const extended: Form = { answer: extendedAnswer, present: presentExtended }

/** The records that the actor may read: all for system administrators, for others those of projects where their role lets them. */
function ofReader(path: string, operationId: string, summary: string, form: Form): Route {
  return route({
    method: 'GET',
    path,
    tag: 'auditlog',
    operationId,
    summary,
    access: { kind: 'signed-in' },
    query: auditQuery,
    answers: { 200: z.array(form.answer) },
    handle: async (call, services) => {
      const projects = await readableProjects(services.database.read, call.actor)
      return await answer(call, services, projects, form)
    },
  })
}

function ofProject(path: string, operationId: string, summary: string, form: Form): Route {
  return route({
    method: 'GET',
    path,
    tag: 'project',
    operationId,
    summary,
    access: { kind: 'project', permission: 'log:list' },
    query: auditQuery,
    answers: { 200: z.array(form.answer) },
    handle: async (call, services) => await answer(call, services, [call.project!.project.id], form),
  })
}

const inProject = '/projects/{project_name}'

export const auditLogRoutes: readonly Route[] = [
  ofReader(
    '/audit-logs',
    'listAuditLogs',
    'Audit records, newest first, in the form of older versions of Harbor.',
    older,
  ),
  ofReader('/auditlog-exts', 'listAuditLogExts', 'Audit records, newest first, with results and details.', extended),
  ofProject(
    `${inProject}/logs`,
    'getLogs',
    'Audit records of a project, newest first, in the form of older versions of Harbor.',
    older,
  ),
  ofProject(
    `${inProject}/auditlog-exts`,
    'getLogExts',
    'Audit records of a project, newest first, with results and details.',
    extended,
  ),
  route({
    method: 'GET',
    path: '/auditlog-exts/events',
    tag: 'auditlog',
    operationId: 'listAuditLogEventTypes',
    summary: 'The types of audit records, by the names that disabled_audit_log_event_types takes.',
    access: { kind: 'signed-in' },
    answers: { 200: z.array(z.object({ event_type: z.string() })) },
    handle: async () => ({ body: auditedTypes.map((type) => ({ event_type: type })) }),
  }),
]

/** A page by its number, or behind a cursor: the link to the next page always has one. */
async function answer(call: AuditCall, services: HarborServices, projects: AuditQuery['projects'], form: Form) {
  const { cursor, page, page_size: size } = call.query
  const { offset, ...listing } = listingOf(call.query)
  const places = cursor === undefined ? { offset } : { offset: 0, beyond: cursor }
  // Before the answer: who reads is on record, also when they break off.
  await services.auditReadings.noteRead(call.actor, { query: call.search, project: call.project?.project.id })
  const { rows, total, next } = await services.auditLog.listRecords({ ...listing, ...places, projects })
  // The total counts records from the cursor on; earlier pages are added.
  const passed = cursor === undefined ? 0 : Math.max(0, (page - 1) * size)
  return { body: rows.map(form.present), headers: pageHeaders(withoutCursor(call), passed + total, next) }
}

function withoutCursor(call: AuditCall): AuditCall {
  const parameters = new URLSearchParams(call.search)
  parameters.delete('cursor')
  return { ...call, search: parameters.toString() }
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

import { z } from 'zod'
import { DomainError } from '../../../domain/errors.ts'
import type { JobStatus } from '../../../domain/jobs/job.ts'
import type { ScanDataExport } from '../../../domain/scanning/exports/scan-data-exports.ts'
import { idParam, noTime, orNull, timeAnswer, timeOf } from '../frame/answers.ts'
import { streamOf } from '../../streamed.ts'
import { route, type Route } from '../frame/route.ts'

/** What can be exported: the reports of the newer type. */
const exportedType = 'application/vnd.security.vulnerability.report; version=1.1'

const exportBody = z.object({
  job_name: z.string().max(255).nullish(),
  projects: z.array(z.number().int()).nullish(),
  labels: z.array(z.number().int()).max(100).nullish(),
  repositories: z.string().max(1_024).nullish(),
  cveIds: z.string().max(1_024).nullish(),
  tags: z.string().max(1_024).nullish(),
})

const executionAnswer = z.object({
  id: z.number().int(),
  user_id: z.number().int(),
  user_name: z.string(),
  status: z.string(),
  status_text: z.string(),
  trigger: z.string(),
  start_time: timeAnswer,
  end_time: timeAnswer,
  file_present: z.boolean(),
  project_id: z.number().int().describe('Beyond Harbor.'),
})

const oneExecution = z.object({ execution_id: idParam })
const tag = 'scan data export'

export const scanDataExportRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/export/cve',
    tag,
    operationId: 'exportScanData',
    summary: 'Begins to write what scanners found in a project into a CSV file.',
    access: { kind: 'signed-in' },
    body: exportBody,
    answers: { 200: z.object({ id: z.number().int() }) },
    handle: async ({ actor, body, request }, { scanDataExports }) => {
      assertType(request.headers.get('x-scan-data-type'))
      const projects = body.projects ?? []
      const [projectId] = projects
      if (projectId === undefined || projects.length > 1)
        throw new DomainError(
          'BAD_REQUEST',
          `bad request: only support export single project, invalid value: [${projects.slice(0, 20).join(' ')}]`,
        )
      const { labels, repositories, tags, cveIds } = body
      const id = await scanDataExports.start(actor, {
        projectId,
        labels: labels ?? [],
        repositories: repositories ?? '',
        tags: tags ?? '',
        cveIds: cveIds ?? '',
      })
      return { body: { id } }
    },
  }),

  route({
    method: 'GET',
    path: '/export/cve/executions',
    tag,
    operationId: 'getScanDataExportExecutionList',
    summary: 'One’s own exports, the newest first.',
    access: { kind: 'signed-in' },
    answers: { 200: z.object({ items: z.array(executionAnswer).nullable() }) },
    handle: async ({ actor }, { scanDataExports }) => ({
      body: { items: orNull((await scanDataExports.list(actor)).map(presentExport)) },
    }),
  }),

  route({
    method: 'GET',
    path: '/export/cve/execution/{execution_id}',
    tag,
    operationId: 'getScanDataExportExecution',
    summary: 'How an export stands: for the one who asked for it.',
    access: { kind: 'signed-in' },
    params: oneExecution,
    answers: { 200: executionAnswer },
    handle: async ({ actor, params }, { scanDataExports }) => ({
      body: presentExport(await scanDataExports.get(actor, params.execution_id)),
    }),
  }),

  route({
    method: 'GET',
    path: '/export/cve/download/{execution_id}',
    tag,
    operationId: 'downloadScanData',
    summary: 'The file of an export: for the one who asked for it, for a day.',
    access: { kind: 'signed-in' },
    params: oneExecution,
    query: z.object({ format: z.string().optional().describe('Passed over, as in Harbor.') }),
    answers: { 200: z.string() },
    handle: async ({ actor, params: { execution_id: id } }, { scanDataExports }) => {
      const { hasFile } = await scanDataExports.get(actor, id)
      if (!hasFile) throw new DomainError('JOB_UNKNOWN', `the export ${id} has no file, or its day is over`)
      return new Response(streamOf(scanDataExports.walkFile(id)), {
        headers: {
          'content-type': 'text/csv',
          'content-disposition': `attachment; filename="scandata_export_${id}.csv"`,
          'x-content-type-options': 'nosniff',
        },
      })
    },
  }),
]

/** @throws DomainError VALIDATION without the header, BAD_REQUEST for another type */
function assertType(said: string | null): void {
  if (said === null || said === '') throw new DomainError('VALIDATION', 'X-Scan-Data-Type in header is required')
  if (said !== exportedType)
    throw new DomainError('BAD_REQUEST', `bad request: Unsupported MIME type : ${said.slice(0, 200)}`)
}

const words: Readonly<Record<JobStatus, string>> = {
  delayed: 'Running',
  pending: 'Running',
  running: 'Running',
  succeeded: 'Success',
  failed: 'Error',
  stopped: 'Stopped',
}

function presentExport({ job, userId, projectId, hasFile }: ScanDataExport): z.output<typeof executionAnswer> {
  return {
    id: job.id,
    user_id: userId,
    user_name: job.username,
    status: words[job.status],
    status_text: statusText(job),
    trigger: 'MANUAL',
    start_time: timeOf(job.startedAt ?? job.createdAt),
    end_time: job.finishedAt === undefined ? noTime : timeOf(job.finishedAt),
    file_present: hasFile,
    project_id: projectId,
  }
}

function statusText({ status, error, result }: ScanDataExport['job']): string {
  const rows = (result as { rows?: unknown } | undefined)?.rows
  if (status === 'succeeded') return rows === 0 ? 'No vulnerabilities found or matched' : ''
  return status === 'failed' ? (error ?? '') : ''
}

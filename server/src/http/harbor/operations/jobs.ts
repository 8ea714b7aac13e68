import { z } from 'zod'
import { actorKey, type Actor } from '../../../domain/access/actor.ts'
import { assertCanInSystem, can, canInSystem } from '../../../domain/access/roles/authorise.ts'
import type { SystemPermission } from '../../../domain/access/roles/grantable-permissions.ts'
import type { Permission } from '../../../domain/access/roles/permissions.ts'
import { purgeAuditLogJob } from '../../../domain/audit/purge-job.ts'
import { verifyAuditLogJob } from '../../../domain/audit/verify-job.ts'
import { backupJob } from '../../../domain/backup/backup-job.ts'
import { collectGarbageJob } from '../../../domain/garbage-collection/collect-job.ts'
import { rotateSecretsJob } from '../../../domain/key-rotation/rotate-secrets-job.ts'
import { applyRetentionJob, retainRepositoryJob } from '../../../domain/retention/retention-jobs.ts'
import { importDataJob, pullDataJob } from '../../../domain/scanning/data/data-jobs.ts'
import { scanAllJob } from '../../../domain/scanning/scan-all-job.ts'
import { exportScanDataJob } from '../../../domain/scanning/exports/export-job.ts'
import { generateSbomJob } from '../../../domain/scanning/sboms/sbom-job.ts'
import { applyVexJob } from '../../../domain/scanning/statements/vex-job.ts'
import { scanArtifactJob } from '../../../domain/scanning/scan-job.ts'
import {
  replicateChangesJob,
  replicateJob,
  replicateRepositoryJob,
} from '../../../domain/replication/replication-jobs.ts'
import { deliverWebhookJob } from '../../../domain/webhooks/webhook-job.ts'
import { scanPushedJob } from '../../../domain/scanning/scan-on-push.ts'
import {
  findSignaturesJob,
  reverifySignaturesJob,
  verifySignaturesJob,
} from '../../../domain/signatures/signature-jobs.ts'
import { scrubJob } from '../../../domain/scrub/scrub-job.ts'
import type { Job, JobStatus } from '../../../domain/jobs/job.ts'
import { findProjectAccessById } from '../../../domain/projects/project-access.ts'
import { idParam } from '../frame/answers.ts'
import { jobAnswer, logLineAnswer, presentJob, presentLogLine } from './job-answer.ts'
import { askedAgain, followAll, followJob } from './job-stream.ts'
import { kindNamed } from './job-words.ts'
import { cursorLink } from '../frame/paging.ts'
import { route, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'

const statuses = ['delayed', 'pending', 'running', 'succeeded', 'failed', 'stopped'] as const satisfies JobStatus[]
const words = z
  .string()
  .max(1_000)
  .transform((text) => text.split(',').filter((word) => word !== ''))

const collection = '/jobs'
const item = `${collection}/{job_id}`
const oneJob = z.object({ job_id: idParam })
const monitor = 'jobservice-monitor:list'
const ofJob = {
  kind: 'own-rule',
  why: 'who may look after jobs, or after jobs of this kind in the registry or in the project it belongs to',
} as const

export const jobRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: collection,
    tag: 'job',
    operationId: 'listJobs',
    summary: 'Beyond Harbor: jobs of all kinds, the newest first.',
    access: { kind: 'system', permission: monitor },
    query: z.object({
      kind: words.optional().describe('Kinds of jobs, separated by commas.'),
      type: words.optional().describe('The same by what Harbor calls them (`job_type`): RETENTION.'),
      without: words.optional().describe('Types that are left out, separated by commas: RETAIN_REPOSITORY.'),
      status: words
        .pipe(z.array(z.enum(statuses)))
        .optional()
        .describe(`Of ${statuses.join(', ')}, separated by commas.`),
      subject: z.string().max(200).optional().describe('What they are about: retention:12.'),
      project_id: idParam.optional(),
      page_size: z.coerce.number().int().min(1).max(100).default(10),
      cursor: idParam.optional().describe('Id of the last job of the page before; the link to the next page has it.'),
    }),
    answers: { 200: z.array(jobAnswer) },
    handle: async ({ query, path, search }, { jobs }) => {
      const kindOf = (type: string) => kindNamed(type, jobs.kinds)
      const { rows, total, next } = await jobs.listJobs({
        kinds: query.kind ?? query.type?.map(kindOf),
        withoutKinds: query.without?.map(kindOf),
        statuses: query.status,
        subject: query.subject,
        projectId: query.project_id,
        limit: query.page_size,
        beyond: query.cursor,
      })
      const headers = { 'x-total-count': String(total), link: cursorLink(path, search, next) }
      return { body: rows.map(presentJob), headers }
    },
  }),

  route({
    method: 'GET',
    path: `${collection}/events`,
    tag: 'job',
    operationId: 'followJobs',
    summary: 'Beyond Harbor: every change of any job, as server-sent events `job`.',
    access: { kind: 'system', permission: monitor },
    answers: { 200: z.string() },
    handle: async (call, services) => {
      const { actor, request } = call
      const { jobs, clock, eventStreams } = services
      // Who was away for longer looks at the list anew: going on from anywhere would be the whole history.
      const since = Math.max(Number(lastEventId(request) ?? clock.now()), clock.now() - maxAbsenceMs)
      const mayStill = askedAgain(call, services, async (now) => assertCanInSystem(now, monitor))
      return eventStreams.respond(request, actorKey(actor), (listening) => followAll(jobs, since, listening, mayStill))
    },
  }),

  route({
    method: 'GET',
    path: item,
    tag: 'job',
    operationId: 'getJob',
    summary: 'Beyond Harbor: one job, with its progress and result.',
    access: ofJob,
    params: oneJob,
    answers: { 200: jobAnswer },
    handle: async ({ actor, params }, services) => ({
      body: presentJob(await visibleJob(services, actor, params.job_id)),
    }),
  }),

  route({
    method: 'GET',
    path: `${item}/log`,
    tag: 'job',
    operationId: 'getJobLog',
    summary: 'Beyond Harbor: lines of the log of a job, the oldest first.',
    access: ofJob,
    params: oneJob,
    query: z.object({
      after: z.coerce.number().int().min(0).default(0).describe('Number of the last line of the page before.'),
      page_size: z.coerce.number().int().min(1).max(1_000).default(100),
    }),
    answers: { 200: z.array(logLineAnswer) },
    handle: async ({ actor, params, query }, services) => {
      const job = await visibleJob(services, actor, params.job_id)
      const lines = await services.jobs.readLog(job.id, { after: query.after, limit: query.page_size })
      return { body: lines.map(presentLogLine), headers: { 'x-total-count': String(job.logLines) } }
    },
  }),

  route({
    method: 'GET',
    path: `${item}/events`,
    tag: 'job',
    operationId: 'followJob',
    summary:
      'Beyond Harbor: a job as it goes, as server-sent events: `log` for each line (its number is the id), `job` for each change, `end`.',
    access: ofJob,
    params: oneJob,
    answers: { 200: z.string() },
    handle: async (call, services) => {
      const { actor, params, request } = call
      const { id } = await visibleJob(services, actor, params.job_id)
      const after = Number(lastEventId(request) ?? 0)
      const mayStill = askedAgain(call, services, (now) => visibleJob(services, now, id))
      return services.eventStreams.respond(request, actorKey(actor), (listening) =>
        followJob(services.jobs, id, after, listening, mayStill),
      )
    },
  }),
]

/** A listener that was away for longer begins now. */
const maxAbsenceMs = 10 * 60_000

const lastEventId = (request: Request): string | undefined =>
  /^\d{1,15}$/.exec(request.headers.get('last-event-id') ?? '')?.[0]

/** Who looks after a kind sees its jobs: what shows them to people asks for the same. */
export const permissionsOfKind: Readonly<
  Record<string, { readonly system?: SystemPermission; readonly project?: Permission }>
> = {
  [purgeAuditLogJob.kind]: { system: 'purge-audit:read' },
  [verifyAuditLogJob.kind]: { system: 'audit-log:list' },
  [collectGarbageJob.kind]: { system: 'garbage-collection:read' },
  [applyRetentionJob.kind]: { project: 'tag-retention:read' },
  [retainRepositoryJob.kind]: { project: 'tag-retention:read' },
  [scrubJob.kind]: { system: 'garbage-collection:read' },
  [backupJob.kind]: {},
  [rotateSecretsJob.kind]: {},
  [scanArtifactJob.kind]: { project: 'scan:read' },
  [generateSbomJob.kind]: { project: 'scan:read' },
  [applyVexJob.kind]: { project: 'scan:read' },
  [exportScanDataJob.kind]: { project: 'export-cve:read' },
  [scanPushedJob.kind]: { project: 'scan:read' },
  [deliverWebhookJob.kind]: { project: 'notification-policy:read' },
  [replicateJob.kind]: { system: 'replication:read' },
  [replicateChangesJob.kind]: { system: 'replication:read' },
  [replicateRepositoryJob.kind]: { system: 'replication:read' },
  [scanAllJob.kind]: { system: 'scan-all:read' },
  [importDataJob.kind]: { system: 'scanner:read' },
  [pullDataJob.kind]: { system: 'scanner:read' },
  [verifySignaturesJob.kind]: { project: 'accessory:list' },
  [findSignaturesJob.kind]: {},
  [reverifySignaturesJob.kind]: { project: 'configuration:read' },
}

/** @throws DomainError JOB_UNKNOWN for who may see all jobs; UNAUTHENTICATED, FORBIDDEN for whoever may not see this one */
async function visibleJob({ jobs, database }: HarborServices, actor: Actor, id: number): Promise<Job> {
  if (canInSystem(actor, monitor)) return await jobs.getJob(id)
  const job = await jobs.findJob(id)
  const { system, project } = permissionsOfKind[job?.kind ?? ''] ?? {}
  if (job !== undefined && system !== undefined && canInSystem(actor, system)) return job
  if (job?.projectId !== undefined && project !== undefined) {
    const access = await findProjectAccessById(database, actor, job.projectId)
    if (access !== undefined && can(actor, project, access)) return job
  }
  assertCanInSystem(actor, monitor)
  return await jobs.getJob(id)
}

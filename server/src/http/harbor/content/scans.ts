import { z } from 'zod'
import type { Digest } from '#contract/digest.ts'
import { DomainError } from '../../../domain/errors.ts'
import { isScannable, listLeaves } from '../../../domain/scanning/scannable.ts'
import type { ScanTarget } from '../../../domain/scanning/enqueue-scan.ts'
import type { ScanState } from '../../../domain/scanning/scan-state.ts'
import { sbomFormats } from '../../../domain/scanning/sboms/sbom-format.ts'
import { readSeen } from '../../../domain/scanning/statements/scan-views.ts'
import type { SbomRun } from '../../../domain/scanning/sboms/sbom-runs.ts'
import { assertCan } from '../../../domain/access/roles/authorise.ts'
import { artifactParams, findArtifact, getRepositoryId, type ArtifactCall } from './artifacts.ts'
import { repositoryNameOf } from './repositories.ts'
import { presentReport, reportAnswer, type LeafReport } from './report-answer.ts'
import { acceptedReportType, reportIdsIn } from './scan-answer.ts'
import { route, type Call, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'
import { textAnswer } from './additions.ts'

const item = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}'
const scanBody = z.object({
  scan_type: z.enum(['vulnerability', 'sbom']),
  sbom_format: z.enum(sbomFormats).describe('Beyond Harbor: the form of the SBOM; SPDX when left out.'),
})

type ScanCall = ArtifactCall & Pick<Call<unknown, unknown, unknown>, 'actor'>

export const scanRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: `${item}/scan`,
    tag: 'scan',
    operationId: 'scanArtifact',
    summary:
      'Scans an artifact, or makes its SBOM: of every image in it. The last good one stays until the new one is whole.',
    access: { kind: 'project', permission: 'scan:create', or: 'sbom:create' },
    params: artifactParams,
    body: scanBody.partial().nullish(),
    answers: { 202: null },
    handle: async (call, services) => {
      const { actor, body } = call
      const isSbom = body?.scan_type === 'sbom'
      assertCan(actor, isSbom ? 'sbom:create' : 'scan:create', call.project, repositoryNameOf(call))
      const target = await targetOf(call, services)
      if (isSbom) await services.sboms.start({ actor, target, format: body?.sbom_format })
      else await services.scans.start({ actor, target, kind: 'vulnerability' })
      return { status: 202 }
    },
  }),

  route({
    method: 'POST',
    path: `${item}/scan/stop`,
    tag: 'scan',
    operationId: 'stopScanArtifact',
    summary: 'Stops the scans of an artifact that are not finished, or the making of its SBOM.',
    access: { kind: 'project', permission: 'scan:stop', or: 'sbom:stop' },
    params: artifactParams,
    body: scanBody.pick({ scan_type: true }).partial(),
    answers: { 202: null },
    handle: async (call, services) => {
      const { actor, body } = call
      const isSbom = body.scan_type === 'sbom'
      assertCan(actor, isSbom ? 'sbom:stop' : 'scan:stop', call.project, repositoryNameOf(call))
      const target = await targetOf(call, services)
      if (isSbom) await services.sboms.stop(actor, target)
      else await services.scans.stop(actor, target, 'vulnerability')
      return { status: 202 }
    },
  }),

  route({
    method: 'GET',
    path: `${item}/scan/{report_id}/log`,
    tag: 'scan',
    operationId: 'getReportLog',
    summary: 'The log of a scan or of the making of an SBOM, as text; of an index the logs of its images.',
    access: { kind: 'project', permission: 'scan:read' },
    params: artifactParams.extend({ report_id: z.string() }),
    answers: { 200: z.string() },
    handle: async (call, services) => {
      const { report_id: given } = call.params
      const ids = reportIdsIn(given)
      if (ids === undefined) throw new DomainError('BAD_REQUEST', `bad request: invalid UUID ${given.slice(0, 100)}`)
      const leaves = new Set(await leafDigests(call, services))
      const texts: string[] = []
      for (const id of ids) {
        const state = await runBehind(call, services, id)
        if (!leaves.has(state.digest)) throw new DomainError('REPORT_UNKNOWN', `scan log with uuid: ${id} not found`)
        const text = state.jobId === undefined ? (state.error ?? '') : await logOf(call, services, state.jobId)
        if (text !== '') texts.push(ids.length === 1 ? text : `---------- Logs of report ${id} ----------\n${text}`)
      }
      return textAnswer('text/plain', texts.join('\n\n\n\n'))
    },
  }),

  route({
    method: 'GET',
    path: `${item}/additions/vulnerabilities`,
    tag: 'artifact',
    operationId: 'getVulnerabilitiesAddition',
    summary: 'What the last good scan found.',
    access: { kind: 'project', permission: 'artifact-addition:read' },
    params: artifactParams,
    answers: { 200: z.record(z.string(), reportAnswer) },
    handle: async (call, services) => {
      const artifact = await findArtifact(services, call)
      if (!isScannable(artifact)) {
        throw new DomainError('REPORT_UNKNOWN', `report not found for ${repositoryNameOf(call)}@${artifact.digest}`)
      }
      const leaves = await listLeaves(services.database.read, artifact.id)
      const reports = await reportsOf(
        services,
        artifact.repositoryId,
        leaves.map(({ digest }) => digest),
      )
      const type = acceptedReportType(call.request.headers.get('x-accept-vulnerabilities'))
      return { body: reports.length === 0 ? {} : { [type]: presentReport(reports) } }
    },
  }),
]

/** The last good reports of these images, as a repository sees them. */
export async function reportsOf(
  { scans, database }: HarborServices,
  repositoryId: number,
  digests: readonly Digest[],
): Promise<readonly LeafReport[]> {
  const states = await scans.states(digests, 'vulnerability')
  const reports: LeafReport[] = []
  for (const { digest, scannerId, report } of states.values()) {
    const findings = report === undefined ? undefined : await scans.report(digest, scannerId)
    if (report === undefined || findings === undefined) continue
    const changes = await scans.changes(digest, scannerId)
    const { reportedAt } = report
    const seen = await readSeen(database.read, { repositoryId, digest, scannerId }, { reportedAt, findings })
    reports.push({ digest, reportedAt, changes, ...seen })
  }
  return reports
}

async function targetOf(call: ScanCall, services: HarborServices): Promise<ScanTarget> {
  const { id, digest, mediaType, tags } = await findArtifact(services, call)
  const { reference } = call.params
  const tag = reference.startsWith('sha256:') ? tags[0]?.name : reference
  return {
    projectId: call.project!.project.id,
    repository: repositoryNameOf(call),
    artifactId: id,
    digest,
    mediaType,
    ...(tag === undefined ? {} : { tag }),
  }
}

/** What a report id names. An SBOM of another repository is none of this one. @throws DomainError REPORT_UNKNOWN */
async function runBehind(call: ScanCall, services: HarborServices, id: string): Promise<ScanState | SbomRun> {
  const run = await services.sboms.findByReport(id)
  if (run === undefined || run.repositoryId !== (await getRepositoryId(services, call))) {
    return await services.scans.getByReport(id)
  }
  return run
}

async function leafDigests(call: ScanCall, services: HarborServices): Promise<readonly Digest[]> {
  const { id } = await findArtifact(services, call)
  return (await listLeaves(services.database.read, id)).map(({ digest }) => digest)
}

/** Other projects have the same image, and its scan; where they keep it is theirs to know. */
async function logOf(call: ScanCall, { jobs }: HarborServices, jobId: number): Promise<string> {
  const job = await jobs.findJob(jobId)
  if (job?.projectId !== call.project?.project.id)
    return 'another project asked for this scan, and has its log; scan again for one of your own'
  const lines: string[] = []
  for await (const { line } of jobs.walkLog(jobId)) lines.push(line)
  return lines.join('\n')
}

import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { isIndexMediaType } from '#contract/media-types.ts'
import { DomainError } from '../../../domain/errors.ts'
import { findInventory } from '../../../domain/scanning/kept-inventories.ts'
import type { ScanReport } from '../../../domain/scanning/reports/scan-report.ts'
import { writeCycloneDxFindings } from '../../../domain/scanning/reports/write-cyclonedx-findings.ts'
import { writeGitlab } from '../../../domain/scanning/reports/write-gitlab.ts'
import { writeJunit } from '../../../domain/scanning/reports/write-junit.ts'
import { writeSarif } from '../../../domain/scanning/reports/write-sarif.ts'
import { writeTrivy } from '../../../domain/scanning/reports/write-trivy.ts'
import { listLeaves } from '../../../domain/scanning/scannable.ts'
import { version } from '../../../version.ts'
import { route, type Route } from '../frame/route.ts'
import { textAnswer } from './additions.ts'
import { artifactParams, findArtifact } from './artifacts.ts'
import { repositoryNameOf } from './repositories.ts'
import { reportsOf } from './scans.ts'

const pretty = (value: object): string => `${JSON.stringify(value, null, 2)}\n`
const json = 'application/json'

/** The forms of other tools, by the words of `berth scan --format`. */
const writers = {
  sarif: { type: json, write: (report: ScanReport) => pretty(writeSarif(report)) },
  cyclonedx: { type: json, write: (report: ScanReport) => pretty(writeCycloneDxFindings(report)) },
  gitlab: { type: json, write: (report: ScanReport) => pretty(writeGitlab(report)) },
  trivy: { type: json, write: (report: ScanReport) => pretty(writeTrivy(report)) },
  junit: { type: 'application/xml', write: writeJunit },
} as const
const formats = ['sarif', 'cyclonedx', 'gitlab', 'trivy', 'junit'] as const satisfies (keyof typeof writers)[]

export const reportFileRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/additions/vulnerabilities/report',
    tag: 'artifact',
    operationId: 'getVulnerabilityReport',
    summary: 'Beyond Harbor: the last good report of an image in the form of another tool.',
    access: { kind: 'project', permission: 'artifact-addition:read' },
    params: artifactParams,
    query: z.object({ format: z.enum(formats) }),
    answers: { 200: z.string() },
    handle: async (call, services) => {
      const { format } = call.query
      const artifact = await findArtifact(services, call)
      const name = repositoryNameOf(call)
      if (isIndexMediaType(artifact.mediaType))
        throw new DomainError(
          'BAD_REQUEST',
          `${name}@${artifact.digest} has several images: name one of them by its digest`,
        )
      const leaves = await listLeaves(services.database.read, artifact.id)
      const [found] = await reportsOf(
        services,
        artifact.repositoryId,
        leaves.map(({ digest }) => digest),
      )
      if (found === undefined)
        throw new DomainError('REPORT_UNKNOWN', `report not found for ${name}@${artifact.digest}`)
      const { digest, findings } = found
      const tag = artifact.tags[0]?.name
      const report: ScanReport = {
        subject: { name: tag === undefined ? `${name}@${digest}` : `${name}:${tag}`, type: 'container', digest },
        input: 'image',
        inventory: (await findInventory(services, digest))?.inventory ?? {
          unread: [],
          ...(findings.os === undefined ? {} : { os: findings.os }),
          packages: findings.findings.map((finding) => finding.package),
        },
        scan: findings,
        dataTime: '',
        origin: { created: new Date(found.reportedAt).toISOString(), uuid: randomUUID(), toolVersion: version },
      }
      const { type, write } = writers[format]
      return textAnswer(type, write(report))
    },
  }),
]

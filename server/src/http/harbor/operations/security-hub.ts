import { z } from 'zod'
import type { AdvisorySource } from '../../../domain/scanning/advisories.ts'
import { findDefaultScannerId } from '../../../domain/scanning/hub/default-scanner.ts'
import { listDangerousArtifacts } from '../../../domain/scanning/hub/dangerous-artifacts.ts'
import { listDangerousVulnerabilities } from '../../../domain/scanning/hub/dangerous-vulnerabilities.ts'
import { countAllArtifacts, readTotals } from '../../../domain/scanning/hub/security-totals.ts'
import { pageRegistryFindings, type RegistryFinding } from '../../../domain/scanning/hub/registry-findings.ts'
import { listSomeTags } from '../../../domain/scanning/hub/some-tags.ts'
import { severityWord } from '../content/scan-answer.ts'
import { truthQuery } from '../frame/answers.ts'
import { parseListQuery } from '../frame/list-query.ts'
import { pageAnswer, pageOf, pageQuery } from '../frame/paging.ts'
import { route, type Route } from '../frame/route.ts'

const tag = 'securityhub'
const count = z.number().int()

const summaryAnswer = z.object({
  critical_cnt: count,
  high_cnt: count.optional(),
  medium_cnt: count,
  low_cnt: count,
  none_cnt: count.optional(),
  unknown_cnt: count.optional(),
  total_vuls: count,
  scanned_cnt: count,
  total_artifact: count,
  fixable_cnt: count,
  exploited_cnt: count.optional().describe('Beyond Harbor: how many are known to be exploited.'),
  dangerous_cves: z
    .array(
      z.object({
        cve_id: z.string(),
        severity: z.string(),
        cvss_score_v3: z.number(),
        desc: z.string().optional(),
        package: z.string(),
        version: z.string(),
      }),
    )
    .optional(),
  dangerous_artifacts: z
    .array(
      z.object({
        project_id: count,
        repository_name: z.string(),
        digest: z.string(),
        critical_cnt: count,
        high_cnt: count,
        medium_cnt: count,
      }),
    )
    .optional(),
})

const noFindings = {
  critical_cnt: 0,
  medium_cnt: 0,
  low_cnt: 0,
  total_vuls: 0,
  scanned_cnt: 0,
  total_artifact: 0,
  fixable_cnt: 0,
}

const findingAnswer = z.object({
  project_id: count,
  repository_name: z.string(),
  digest: z.string(),
  tags: z.array(z.string()).optional(),
  cve_id: z.string(),
  severity: z.string(),
  status: z.string().optional(),
  cvss_v3_score: z.number().optional(),
  package: z.string(),
  version: z.string().optional(),
  fixed_version: z.string().optional(),
  desc: z.string(),
  links: z.array(z.string()),
  exploited: z.boolean().optional().describe('Beyond Harbor: known to be exploited.'),
  epss: z.number().optional().describe('Beyond Harbor: how likely it is to be exploited within 30 days.'),
})

const dangerousShown = 5

/** More are not told where a client asks not to have them counted. */
const maxTuned = 1_000

export const securityHubRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/security/summary',
    tag,
    operationId: 'getSecuritySummary',
    summary: 'What the default scanner found in all artifacts, in numbers.',
    access: { kind: 'system', permission: 'security-hub:read' },
    query: z.object({
      with_dangerous_cve: truthQuery.default(false),
      with_dangerous_artifact: truthQuery.default(false),
    }),
    answers: { 200: summaryAnswer },
    handle: async ({ query }, services) => {
      const { database } = services
      const scanner = await findDefaultScannerId(database.read)
      if (scanner === undefined) return { body: noFindings }
      const found = await readTotals(database.read, scanner)
      const cves = query.with_dangerous_cve
        ? await listDangerousVulnerabilities(database.read, scanner, dangerousShown)
        : []
      const artifacts = query.with_dangerous_artifact
        ? await listDangerousArtifacts(database.read, scanner, { order: 'severity', limit: dangerousShown, offset: 0 })
        : []
      return {
        body: {
          critical_cnt: found.critical,
          ...someOf({ high_cnt: found.high }),
          medium_cnt: found.medium,
          low_cnt: found.low,
          ...someOf({ none_cnt: found.negligible, unknown_cnt: found.unknown }),
          total_vuls: found.findings,
          scanned_cnt: found.images,
          total_artifact: await countAllArtifacts(services, found.images),
          fixable_cnt: found.fixable,
          ...someOf({ exploited_cnt: found.exploited }),
          ...(cves.length === 0
            ? {}
            : {
                dangerous_cves: cves.map(({ id, severity, score, package: name, version }) => ({
                  ...{ cve_id: id, severity: severityWord(severity), cvss_score_v3: score, package: name, version },
                })),
              }),
          ...(artifacts.length === 0
            ? {}
            : {
                dangerous_artifacts: artifacts.map((artifact) => ({
                  ...imageFields(artifact),
                  critical_cnt: artifact.summary.bySeverity.Critical ?? 0,
                  high_cnt: artifact.summary.bySeverity.High ?? 0,
                  medium_cnt: artifact.summary.bySeverity.Medium ?? 0,
                })),
              }),
        },
      }
    },
  }),

  route({
    method: 'GET',
    path: '/security/vul',
    tag,
    operationId: 'ListVulnerabilities',
    summary: 'What the default scanner found in all artifacts, the highest CVSS score first.',
    access: { kind: 'system', permission: 'security-hub:list' },
    query: z.object({
      ...pageQuery,
      q: z
        .string()
        .max(4096)
        .optional()
        .describe(
          'k=v of cve_id, severity, status, repository_name, project_id, package, tag, digest; cvss_score_v3=[a~b]. Beyond Harbor: exploited, fixable.',
        ),
      tune_count: truthQuery.default(false),
      with_tag: truthQuery.default(false),
    }),
    answers: { 200: z.array(findingAnswer) },
    handle: async (call, services) => {
      const { database, advisories } = services
      const scanner = await findDefaultScannerId(database.read)
      if (scanner === undefined) return pageAnswer(call, { rows: [], total: 0 }, (row) => row)
      const conditions = parseListQuery(call.query.q)
      const found = await pageRegistryFindings(services, scanner, { conditions, ...pageOf(call.query) })
      const tags = call.query.with_tag
        ? await listSomeTags(
            database.read,
            found.rows.map(({ artifactId }) => artifactId),
          )
        : undefined
      const wanted = conditions.find(({ key }) => key === 'tag')
      const first = wanted?.kind === 'exact' ? wanted.value : undefined
      const source = await advisories.current()
      const page = pageAnswer(call, found, (row: RegistryFinding) => ({
        ...presentFinding(row, source),
        ...(tags === undefined ? {} : tagsField(tags.get(row.artifactId) ?? [], first)),
      }))
      if (!call.query.tune_count || found.total <= maxTuned) return page
      const { link: _, ...headers } = page.headers
      return { ...page, headers: { ...headers, 'x-total-count': '-1' } }
    },
  }),
]

/** Zero is left out, as in Harbor. */
const someOf = (counts: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(counts).filter(([, value]) => value > 0))

/** A tag that was asked for is the first. */
function tagsField(tags: readonly string[], wanted: string | undefined): { tags?: readonly string[] } {
  const shown = wanted === undefined ? tags : [wanted, ...tags.filter((name) => name !== wanted).slice(0, 9)]
  return shown.length === 0 ? {} : { tags: shown }
}

/** Where an image lies, in Harbor's words. */
export const imageFields = (image: {
  readonly projectId: number
  readonly repository: string
  readonly digest: string
}) => ({ project_id: image.projectId, repository_name: image.repository, digest: image.digest })

function presentFinding(row: RegistryFinding, source: AdvisorySource | undefined): z.output<typeof findingAnswer> {
  const detail = source?.detail(row.id)
  const links = detail?.references.slice(0, 50) ?? []
  return {
    ...imageFields(row),
    cve_id: row.id,
    severity: severityWord(row.severity),
    ...(row.status === '' ? {} : { status: row.status }),
    ...(row.score === undefined ? {} : { cvss_v3_score: row.score }),
    package: row.package,
    ...(row.version === '' ? {} : { version: row.version }),
    ...(row.fixVersion === '' ? {} : { fixed_version: row.fixVersion }),
    // Some publishers describe nothing; clients show what is here.
    desc: detail?.description || detail?.title || row.id,
    links: links.length === 0 ? [''] : links,
    ...(row.isExploited ? { exploited: true } : {}),
    ...(row.probability === undefined ? {} : { epss: row.probability }),
  }
}

import { z } from 'zod'
import { severities } from '../../../domain/scanning/advisories.ts'
import { listDangerousArtifacts } from '../../../domain/scanning/hub/dangerous-artifacts.ts'
import { findDefaultScannerId } from '../../../domain/scanning/hub/default-scanner.ts'
import { listRebuilds, type Rebuild } from '../../../domain/scanning/hub/rebuilds.ts'
import {
  pageRegistryVulnerabilities,
  type RegistryVulnerability,
} from '../../../domain/scanning/hub/registry-vulnerabilities.ts'
import { listSomeTags } from '../../../domain/scanning/hub/some-tags.ts'
import { overviewSummary, severityWord } from '../content/scan-answer.ts'
import { timeAnswer, timeOf, truthQuery } from '../frame/answers.ts'
import { pageAnswer, pageOf, pageQuery } from '../frame/paging.ts'
import { route, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'
import { imageFields } from './security-hub.ts'

const tag = 'securityhub'
const count = z.number().int()
const image = z.object({
  project_id: count,
  repository_name: z.string(),
  digest: z.string(),
  tags: z.array(z.string()).describe('Ten at the most.'),
})

const vulnerabilityAnswer = z.object({
  cve_id: z.string(),
  severity: z.string(),
  cvss_v3_score: z.number().optional(),
  exploited: z.boolean(),
  epss: z.number().optional(),
  title: z.string(),
  images: count.describe('Each once, however many repositories have it.'),
  fixable_images: count.describe('Images in which a newer version of a package mends it.'),
  recently_pulled: count.describe('Of the first thousand images, artifacts that were pulled within 30 days.'),
})

const artifactAnswer = image.extend({
  total: count,
  fixable: count,
  exploited: count,
  summary: z.record(z.string(), count),
  reported_at: timeAnswer.optional(),
  pull_time: timeAnswer.optional(),
})

const rebuildAnswer = z.object({
  base: image.optional().describe('The image to build again, when it is in the registry.'),
  base_name: z.string().optional().describe('What the images say that they are built on.'),
  layers: z.array(z.string()).describe('DiffIDs of the layers that bring the findings.'),
  images: count,
  fixable: count.describe('Findings in all these images together.'),
  exploited: count,
  recently_pulled: count,
  examples: z.array(image),
})

const recentMs = 30 * 24 * 60 * 60_000
const rebuildsShown = 10

/** Beyond Harbor's security hub: what to do first. Its numbers are kept as reports come and go. */
export const securityOverviewRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/security/vulnerabilities',
    tag,
    operationId: 'listRegistryVulnerabilities',
    summary: 'Vulnerabilities of all images, each once: those known to be exploited first, then the worst.',
    access: { kind: 'system', permission: 'security-hub:list' },
    query: z.object({
      ...pageQuery,
      cve_id: z.string().max(255).optional().describe('A part of the id.'),
      severity: z.enum(severities).optional(),
      exploited: truthQuery.default(false).describe('Only those known to be exploited.'),
      fixable: truthQuery.default(false).describe('Only those that a newer version mends somewhere.'),
    }),
    answers: { 200: z.array(vulnerabilityAnswer) },
    handle: async (call, services) => {
      const { query } = call
      const scanner = await findDefaultScannerId(services.database.read)
      if (scanner === undefined) return pageAnswer(call, { rows: [], total: 0 }, (row) => row)
      const found = await pageRegistryVulnerabilities(services, scanner, {
        text: query.cve_id,
        severity: query.severity,
        onlyExploited: query.exploited,
        onlyFixable: query.fixable,
        pulledSince: services.clock.now() - recentMs,
        ...pageOf(query),
      })
      const source = await services.advisories.current()
      return pageAnswer(call, found, (row: RegistryVulnerability) => ({
        cve_id: row.id,
        severity: severityWord(row.severity),
        ...(row.score === undefined ? {} : { cvss_v3_score: row.score }),
        exploited: row.isExploited,
        ...(row.probability === undefined ? {} : { epss: row.probability }),
        title: source?.detail(row.id)?.title ?? '',
        images: row.images,
        fixable_images: row.fixableImages,
        recently_pulled: row.recentlyPulled,
      }))
    },
  }),

  route({
    method: 'GET',
    path: '/security/artifacts',
    tag,
    operationId: 'listDangerousArtifacts',
    summary: 'Artifacts with findings: those with most that are known to be exploited first, then the worst.',
    access: { kind: 'system', permission: 'security-hub:list' },
    query: z.object({ page: pageQuery.page, page_size: z.coerce.number().int().min(1).max(100).default(10) }),
    answers: { 200: z.array(artifactAnswer) },
    handle: async ({ query }, services) => {
      const { read } = services.database
      const scanner = await findDefaultScannerId(read)
      if (scanner === undefined) return { body: [] }
      const rows = await listDangerousArtifacts(read, scanner, { order: 'exploited', ...pageOf(query) })
      const tagged = await tagsOf(services, rows)
      return {
        body: rows.map((row) => ({
          ...tagged(row),
          ...overviewSummary([row.summary]),
          exploited: row.summary.exploited,
          ...(row.reportedAt === undefined ? {} : { reported_at: timeOf(row.reportedAt) }),
          ...(row.pulledAt === undefined ? {} : { pull_time: timeOf(row.pulledAt) }),
        })),
      }
    },
  }),

  route({
    method: 'GET',
    path: '/security/rebuilds',
    tag,
    operationId: 'listRebuilds',
    summary: 'Base images whose rebuilding mends most findings.',
    access: { kind: 'system', permission: 'security-hub:list' },
    answers: { 200: z.array(rebuildAnswer) },
    handle: async (_call, services) => {
      const { read } = services.database
      const scanner = await findDefaultScannerId(read)
      if (scanner === undefined) return { body: [] }
      const pulledSince = services.clock.now() - recentMs
      const found = await listRebuilds(read, scanner, { pulledSince, limit: rebuildsShown })
      const tagged = await tagsOf(
        services,
        found.flatMap(({ base, examples }) => [...(base === undefined ? [] : [base]), ...examples]),
      )
      return { body: found.map((rebuild) => presentRebuild(rebuild, tagged)) }
    },
  }),
]

interface Placed {
  readonly artifactId: number
  readonly projectId: number
  readonly repository: string
  readonly digest: string
}

/** How each of these images is shown, with its newest tags: one query for all of them. */
async function tagsOf({ database }: HarborServices, images: readonly Placed[]) {
  const tags = await listSomeTags(
    database.read,
    images.map(({ artifactId }) => artifactId),
  )
  return (one: Placed): z.output<typeof image> => ({ ...imageFields(one), tags: [...(tags.get(one.artifactId) ?? [])] })
}

const presentRebuild = (
  { base, baseName, layers, images, fixable, exploited, recentlyPulled, examples }: Rebuild,
  tagged: (one: Placed) => z.output<typeof image>,
): z.output<typeof rebuildAnswer> => ({
  ...(base === undefined ? {} : { base: tagged(base) }),
  ...(baseName === undefined ? {} : { base_name: baseName }),
  layers: [...layers],
  ...{ images, fixable, exploited, recently_pulled: recentlyPulled },
  examples: examples.map(tagged),
})

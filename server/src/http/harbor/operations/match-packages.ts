import { z } from 'zod'
import { DomainError } from '../../../domain/errors.ts'
import { severities } from '../../../domain/scanning/advisories.ts'
import { readMaxDataAgeDays, whyTooOld } from '../../../domain/scanning/data/data-age.ts'
import { packageKinds } from '../../../domain/scanning/inventory.ts'
import { matchInTurns, maxMatchedPackages } from '../../../domain/scanning/matching/match-in-turns.ts'
import { timeAnswer } from '../frame/answers.ts'
import { route, type Route } from '../frame/route.ts'

const text = z.string().max(1_000)

const system = z.object({ family: text, version: text, name: text })

const sentPackage = z.object({
  kind: z.enum(packageKinds),
  name: text.min(1),
  version: text,
  source_name: text.optional(),
  source_version: text.optional(),
  architecture: text.optional(),
  modularity: text.optional(),
})

const sentInventory = z.object({
  system: system.optional(),
  content_sets: z.array(text).max(1_000).optional().describe('Of Red Hat: repositories that the image was made from.'),
  nvrs: z.array(text).max(1_000).optional(),
  packages: z.array(sentPackage).max(maxMatchedPackages),
})

const finding = z.object({
  package: z.number().int().describe('Its place in the list that was sent.'),
  id: z.string(),
  aliases: z.array(z.string()),
  fix_version: z.string(),
  status: z.string(),
  severity: z.enum(severities),
  severity_source: z.string(),
  allowlisted: z.boolean().describe('The allowlist of the registry accepts it.'),
})

const matchAnswer = z.object({
  generation: z.number().int(),
  sources: z.array(z.object({ name: z.string(), data_time: timeAnswer, advisories: z.number().int() })),
  findings: z.array(finding),
  details: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      description: z.string(),
      references: z.array(z.string()),
      published: z.string().optional(),
    }),
  ),
  gaps: z.array(
    z.object({ code: z.string(), kind: z.enum(packageKinds).optional(), packages: z.number().int().optional() }),
  ),
})

const maxDescription = 1_000
const maxReferences = 10

/** Beyond Harbor: for the command line, which looks into an image before it is pushed. */
export const matchPackagesRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/system/vulnerability-data/match',
    tag: 'vulnerability data',
    operationId: 'matchPackages',
    summary: `Known vulnerabilities of up to ${maxMatchedPackages} packages. Nothing of them is kept.`,
    access: { kind: 'signed-in' },
    body: sentInventory,
    answers: { 200: matchAnswer },
    handle: async ({ body }, { advisories, systemCveAllowlist, clock, database }) => {
      using borrowed = await advisories.borrow()
      if (borrowed === undefined) {
        throw new DomainError('PRECONDITION', 'this registry has no vulnerability data yet: berth db import FILE')
      }
      const { source } = borrowed
      const tooOld = whyTooOld(source.generation.dataTime, await readMaxDataAgeDays(database), clock.now())
      if (tooOld !== undefined) throw new DomainError('PRECONDITION', tooOld, { reason: 'VULNERABILITY_DATA_TOO_OLD' })
      const packages = body.packages.map((sent) => ({
        kind: sent.kind,
        name: sent.name,
        version: sent.version,
        ...(sent.source_name === undefined ? {} : { sourceName: sent.source_name }),
        ...(sent.source_version === undefined ? {} : { sourceVersion: sent.source_version }),
        ...(sent.architecture === undefined ? {} : { architecture: sent.architecture }),
        ...(sent.modularity === undefined ? {} : { modularity: sent.modularity }),
        licences: [],
        path: '',
        purl: '',
      }))
      const inventory = {
        ...(body.system === undefined ? {} : { os: body.system }),
        ...(body.content_sets === undefined ? {} : { contentSets: body.content_sets }),
        ...(body.nvrs === undefined ? {} : { nvrs: body.nvrs }),
        packages,
        unread: [],
      }
      const now = clock.now()
      const allowlist = await systemCveAllowlist.findAllowlist()
      const isInForce = allowlist !== undefined && (allowlist.expiresAt === undefined || allowlist.expiresAt > now)
      const accepted = new Set(isInForce ? allowlist.cveIds : [])
      const { findings, gaps } = await matchInTurns(inventory, source, { now: new Date(now).toISOString() })
      const places = new Map(packages.map((each, at) => [each, at] as const))
      const { number, sources } = source.generation
      return {
        body: {
          generation: number,
          sources: sources.map(({ name, dataTime, advisories: count }) => ({
            name,
            data_time: dataTime,
            advisories: count,
          })),
          findings: findings.map((each) => ({
            package: places.get(each.package as (typeof packages)[number]),
            id: each.id,
            aliases: each.aliases,
            fix_version: each.fixVersion,
            status: each.status,
            severity: each.severity,
            severity_source: each.severitySource,
            allowlisted: [each.id, ...each.aliases].some((id) => accepted.has(id)),
          })),
          details: [...new Map(findings.map((each) => [each.id, each.detail] as const))].flatMap(([id, detail]) =>
            detail === undefined
              ? []
              : [
                  {
                    id,
                    title: detail.title,
                    description: detail.description.slice(0, maxDescription),
                    references: detail.references.slice(0, maxReferences),
                    ...(detail.published === undefined ? {} : { published: detail.published }),
                  },
                ],
          ),
          gaps: gaps.map((gap) => ({
            code: gap.code,
            ...(gap.code === 'NO_DATA_FOR_KIND' ? { kind: gap.kind, packages: gap.packages } : {}),
          })),
        },
      }
    },
  }),
]

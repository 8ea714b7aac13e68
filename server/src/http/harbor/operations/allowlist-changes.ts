import { z } from 'zod'
import { changeProjectAllowlist } from '../../../domain/projects/change-allowlist.ts'
import type { CveAllowlist } from '../../../domain/projects/cve-allowlist.ts'
import { route, type Route } from '../frame/route.ts'

const ids = z.array(z.string().min(1).max(255)).max(1_000).optional()
const body = z.object({ add: ids, remove: ids.describe('What is in both lists stays.') })
const answer = z.object({
  items: z.array(z.object({ cve_id: z.string() })),
  expires_at: z.number().int().optional().describe('Seconds since the epoch.'),
})

const tag = 'allowlist'

/** Beyond Harbor, whose operations replace a list as a whole: of two people who add to it at once, one is forgotten. */
export const allowlistChangeRoutes: readonly Route[] = [
  route({
    method: 'PATCH',
    path: '/projects/{project_name_or_id}/cve-allowlist',
    tag,
    operationId: 'changeProjectAllowlist',
    summary: "Adds vulnerabilities to a project's own allowlist, and takes others from it.",
    access: { kind: 'project', permission: 'project:update' },
    body,
    answers: { 200: answer },
    handle: async ({ actor, project, body: { add = [], remove = [] } }, services) => ({
      body: presentList(await changeProjectAllowlist(services, actor, project!.project.name, { add, remove })),
    }),
  }),

  route({
    method: 'PATCH',
    path: '/system/cve-allowlist',
    tag,
    operationId: 'changeSystemAllowlist',
    summary: "Adds vulnerabilities to the registry's allowlist, and takes others from it.",
    access: { kind: 'security-administrator' },
    body,
    answers: { 200: answer },
    handle: async ({ actor, body: { add = [], remove = [] } }, { systemCveAllowlist }) => ({
      body: presentList(await systemCveAllowlist.changeAllowlist(actor, { add, remove })),
    }),
  }),
]

const presentList = ({ cveIds, expiresAt }: Pick<CveAllowlist, 'cveIds' | 'expiresAt'>): z.output<typeof answer> => ({
  items: cveIds.map((id) => ({ cve_id: id })),
  ...(expiresAt === undefined ? {} : { expires_at: Math.floor(expiresAt / 1_000) }),
})

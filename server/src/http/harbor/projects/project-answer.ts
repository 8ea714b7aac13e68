import { z } from 'zod'
import { metadataKeys } from '../../../domain/projects/project-metadata.ts'
import type { ProjectDetails } from '../../../domain/projects/project-list.ts'
import { noTime, orNull, timeAnswer, timeOf } from '../frame/answers.ts'

const cveItem = z.object({ cve_id: z.string() })

const cveAllowlist = z.object({
  id: z.number().int().optional(),
  project_id: z.number().int().optional(),
  expires_at: z.number().int().nullish(),
  items: z.array(cveItem),
  creation_time: timeAnswer.optional(),
  update_time: timeAnswer.optional(),
})

const metadataFields = Object.fromEntries(metadataKeys.map((key) => [key, z.string().nullish()]))

export const projectAnswer = z.object({
  project_id: z.number().int(),
  owner_id: z.number().int().optional(),
  owner_name: z.string().optional(),
  name: z.string(),
  creation_time: timeAnswer,
  update_time: timeAnswer,
  current_user_role_id: z.number().int().optional(),
  current_user_role_ids: z.array(z.number().int()).nullable(),
  repo_count: z.number().int(),
  registry_id: z.number().int().optional(),
  metadata: z.object({ public: z.string() }).catchall(z.string()),
  cve_allowlist: cveAllowlist,
})

/** What a client sends to make or change a project. Unknown fields are passed over. */
export const projectBody = z.object({
  project_name: z.string().max(255, 'should be at most 255 chars long').optional(),
  public: z.boolean().nullish(),
  metadata: z.object(metadataFields).nullish(),
  cve_allowlist: z
    .object({
      project_id: z.number().int().nullish(),
      expires_at: z.number().int().nullish(),
      items: z.array(cveItem).nullish(),
    })
    .nullish(),
  storage_limit: z.number().int().nullish(),
  registry_id: z.number().int().nullish(),
})

export function presentProject(project: ProjectDetails): z.output<typeof projectAnswer> {
  return {
    project_id: project.id,
    owner_id: project.ownerId,
    owner_name: project.ownerName,
    name: project.name,
    creation_time: timeOf(project.createdAt),
    update_time: timeOf(project.updatedAt),
    // Absent, not zero, for who has no role: so Harbor's generated code writes it.
    current_user_role_id: project.roleIds[0],
    current_user_role_ids: orNull(project.roleIds),
    repo_count: project.repositoryCount,
    registry_id: project.registryId,
    metadata: presentMetadata(project),
    cve_allowlist: presentAllowlist(project),
  }
}

export function presentMetadata({ public: isPublic, metadata }: ProjectDetails): {
  public: string
  [key: string]: string
} {
  return { public: String(isPublic), ...(metadata as Record<string, string>) }
}

function presentAllowlist({ id, cveAllowlist: list }: ProjectDetails): z.output<typeof cveAllowlist> {
  if (list === undefined) return { project_id: id, items: [], creation_time: noTime, update_time: noTime }
  return {
    id,
    project_id: id,
    // Harbor counts this one in seconds.
    expires_at: list.expiresAt === undefined ? undefined : Math.floor(list.expiresAt / 1_000),
    items: list.cveIds.map((cve) => ({ cve_id: cve })),
    creation_time: timeOf(list.createdAt),
    update_time: timeOf(list.updatedAt),
  }
}

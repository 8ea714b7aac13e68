import type { Writer } from '../../database/database.ts'
import { isSystemAdministrator, type Actor } from '../access/actor.ts'
import { DomainError } from '../errors.ts'
import type { ProjectMetadata } from './project-metadata.ts'
import { parseMirrored } from './proxy-settings.ts'

/**
 * A project that answers for a host decides what everybody gets who asks for that registry, so the registry's administrators say
 * it, and one project for each host.
 * @throws DomainError FORBIDDEN, CONFLICT when another project answers for one of them
 */
export async function assertMirrors(
  tx: Writer,
  actor: Actor,
  projectId: number,
  { proxy_mirror_of: given }: ProjectMetadata,
): Promise<void> {
  if (given === undefined) return
  const rows = await tx
    .selectFrom('project_metadata')
    .innerJoin('project', 'project.id', 'project_metadata.project_id')
    .select(['project.id', 'project.name', 'project_metadata.value'])
    .where('project_metadata.name', '=', 'proxy_mirror_of')
    .execute()
  // What stays as it is needs nobody's leave: the console sends all settings together.
  if (rows.some(({ id, value }) => id === projectId && value === given)) return
  if (!isSystemAdministrator(actor) && actor.kind !== 'system')
    throw new DomainError('FORBIDDEN', 'only a system administrator says which registries a project answers for')
  const hosts = parseMirrored(given)
  for (const { id, name, value } of rows) {
    const taken = id === projectId ? undefined : parseMirrored(value).find((host) => hosts.includes(host))
    if (taken !== undefined) throw new DomainError('CONFLICT', `the project ${name} answers for ${taken} already`)
  }
}

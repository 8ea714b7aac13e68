import type { Database } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import type { Events } from '../events/events.ts'
import {
  changedCveIds,
  findAllowlist,
  lockAllowlist,
  writeCveAllowlist,
  type AllowlistChange,
  type CveAllowlist,
} from './cve-allowlist.ts'
import { getProjectFor } from './projects.ts'

interface Services {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
}

/**
 * Adds and removes ids of a project's own list as it is at that moment; its last day stays.
 * @throws DomainError BAD_REQUEST, PROJECT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN
 */
export async function changeProjectAllowlist(
  { database, clock, events }: Services,
  actor: Actor,
  name: string,
  change: AllowlistChange,
): Promise<Pick<CveAllowlist, 'cveIds' | 'expiresAt'>> {
  return await database.write(async (tx) => {
    const { project } = await getProjectFor(tx, actor, 'project:update', name)
    await lockAllowlist(database, tx, project.id)
    const before = await findAllowlist(tx, project.id)
    const list = { cveIds: changedCveIds(before?.cveIds ?? [], change), expiresAt: before?.expiresAt }
    await writeCveAllowlist(tx, project.id, list, clock.now())
    const changed = ['cve_allowlist']
    await events.record(tx, actor, { type: 'update_project', projectId: project.id, project: project.name, changed })
    return list
  })
}

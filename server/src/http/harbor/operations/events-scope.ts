import type { Actor } from '../../../domain/access/actor.ts'
import { assertCanInProject, canInSystem } from '../../../domain/access/roles/authorise.ts'
import { typesNamed } from '../../../domain/audit/audit-records.ts'
import { readableProjects } from '../../../domain/audit/readable-projects.ts'
import { DomainError } from '../../../domain/errors.ts'
import type { EventQuery } from '../../../domain/events/event-log.ts'
import { eventTypes, type EventType } from '../../../domain/events/event-types.ts'
import { findProjectAccess, findProjectAccessById } from '../../../domain/projects/project-access.ts'
import type { HarborServices } from '../frame/services.ts'

/** The projects whose events are shown. */
export type ScopeQuery = Pick<EventQuery, 'projects'>

/**
 * The projects whose events the actor may see, or the one that is asked for. Everything for administrators and robots
 * with `audit-log:list`; else `log:list` in each project.
 * @throws DomainError UNAUTHENTICATED, FORBIDDEN (also for a project that is not there), PROJECT_UNKNOWN, BAD_REQUEST
 */
export async function eventsScope(
  { database }: Pick<HarborServices, 'database'>,
  actor: Actor,
  {
    project: name,
    project_id: id,
  }: { readonly project?: string | undefined; readonly project_id?: number | undefined },
): Promise<EventQuery['projects']> {
  if (name === undefined && id === undefined) return await readableProjects(database.read, actor)
  if (name !== undefined && id !== undefined)
    throw new DomainError('BAD_REQUEST', 'give project or project_id, not both')
  const seesAll = canInSystem(actor, 'audit-log:list')
  if (id !== undefined && seesAll) return [id]
  const access =
    name === undefined
      ? await findProjectAccessById(database, actor, id!)
      : await findProjectAccess(database, actor, name)
  if (!seesAll) assertCanInProject(actor, 'log:list', access, name ?? String(id))
  if (access === undefined) throw new DomainError('PROJECT_UNKNOWN', `project ${name} not found`)
  return [access.project.id]
}

/** Types by their own names or by those of Harbor's audit log. @throws DomainError BAD_REQUEST naming what is no type */
export function namedTypes(text: string | undefined): readonly EventType[] | undefined {
  if (text === undefined) return undefined
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const unknown = names.find((name) => !isType(name) && typesNamed(name).length === 0)
  if (unknown !== undefined) throw new DomainError('BAD_REQUEST', `types: ${unknown} is no type of event`)
  return [...new Set(names.flatMap((name) => (isType(name) ? [name] : typesNamed(name))))]
}

const isType = (name: string): name is EventType => eventTypes.includes(name as EventType)

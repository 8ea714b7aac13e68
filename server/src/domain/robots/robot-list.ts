import type { Reader } from '../../database/database.ts'
import { matching, ordering, type Condition, type Listed, type Listing, type ListColumns } from '../lists/listing.ts'
import { grantOf, robotUsername } from '../access/robots/robot-accounts.ts'
import { everyNamespace, systemNamespace, type RobotPermission } from './robot-grants.ts'

/** Everything one sees of a robot. Never its secret. */
export interface Robot {
  readonly id: number
  /** With prefix and project. */
  readonly username: string
  /** Undefined: of the registry itself. */
  readonly projectId: number | undefined
  readonly description: string
  readonly disabled: boolean
  /** -1: for ever. */
  readonly durationDays: number
  readonly expiresAt: number | undefined
  readonly creatorType: 'local' | 'robot'
  readonly creatorId: number | undefined
  readonly permissions: readonly RobotPermission[]
  readonly createdAt: number
  readonly updatedAt: number
}

const columns: ListColumns = {
  id: { ref: 'robot.id', type: 'number' },
  name: { ref: 'robot.name', type: 'text' },
  description: { ref: 'robot.description', type: 'text' },
  disabled: { ref: 'robot.disabled', type: 'flag' },
  disable: { ref: 'robot.disabled', type: 'flag' },
  duration: { ref: 'robot.duration_days', type: 'number' },
  creator_type: { ref: 'robot.creator_type', type: 'text' },
  creator_ref: { ref: 'robot.creator_id', type: 'number' },
  creation_time: { ref: 'robot.created_at', type: 'time' },
  update_time: { ref: 'robot.updated_at', type: 'time' },
}

/** Robots of one project, or of the registry itself. Four queries, however many there are. */
export async function listRobots(
  reader: Reader,
  prefix: string,
  projectId: number | undefined,
  { conditions = [], sort, limit, offset }: Listing,
): Promise<Listed<Robot>> {
  let matched = reader.selectFrom('robot').where('robot.repository', 'is', null)
  matched =
    projectId === undefined
      ? matched.where('robot.project_id', 'is', null)
      : matched.where('robot.project_id', '=', projectId)
  const bare = conditions.map((condition) => withBareName(prefix, condition))
  for (const condition of matching(columns, bare)) matched = matched.where(condition)
  const { total } = await matched
    .select((eb) => eb.fn.countAll<number | string>().as('total'))
    .executeTakeFirstOrThrow()
  let page = matched.select('robot.id')
  for (const { ref, direction } of ordering(columns, sort, [{ key: 'creation_time', descending: true }]))
    page = page.orderBy(ref, direction)
  const ids = await page.orderBy('robot.id', 'desc').limit(limit).offset(offset).execute()
  const robots = await readRobots(
    reader,
    prefix,
    ids.map(({ id }) => id),
  )
  return { rows: robots, total: Number(total) }
}

/** People search for what they see: the whole username. */
function withBareName(prefix: string, condition: Condition): Condition {
  if (condition.key.toLowerCase() !== 'name' || (condition.kind !== 'exact' && condition.kind !== 'fuzzy'))
    return condition
  const behindPrefix = condition.value.startsWith(prefix) ? condition.value.slice(prefix.length) : condition.value
  return { ...condition, value: behindPrefix.slice(behindPrefix.indexOf('+') + 1) }
}

/** In the order of `ids`; without those that are gone, and without robots of scans, which nobody manages. */
export async function readRobots(reader: Reader, prefix: string, ids: readonly number[]): Promise<Robot[]> {
  if (ids.length === 0) return []
  const rows = await reader
    .selectFrom('robot')
    .leftJoin('project', 'project.id', 'robot.project_id')
    .selectAll('robot')
    .select('project.name as project_name')
    .where('robot.id', 'in', ids)
    .where('robot.repository', 'is', null)
    .execute()
  const granted = await reader
    .selectFrom('robot_permission')
    .leftJoin('project', 'project.id', 'robot_permission.project_id')
    .select(['robot_id', 'scope', 'project_id as granted_in', 'access', 'project.name as project_name'])
    .where('robot_id', 'in', ids)
    .orderBy('robot_id')
    .orderBy('position')
    .execute()
  const permissions = Map.groupBy(granted, (row) => row.robot_id)
  const robots = new Map<number, Robot>(
    rows.map((row) => [
      row.id,
      {
        id: row.id,
        username: robotUsername(prefix, row.project_name ?? undefined, row.name),
        projectId: row.project_id ?? undefined,
        description: row.description,
        disabled: row.disabled === 1,
        durationDays: row.duration_days,
        expiresAt: row.expires_at ?? undefined,
        creatorType: row.creator_type,
        creatorId: row.creator_id ?? undefined,
        permissions: (permissions.get(row.id) ?? []).flatMap((grant) =>
          grantOf(grant).map(({ scope, access }) => ({
            kind: scope === 'system' ? 'system' : 'project',
            namespace:
              scope === 'system'
                ? systemNamespace
                : scope === 'every-project'
                  ? everyNamespace
                  : (grant.project_name ?? ''),
            access: access.map(accessOf),
          })),
        ),
        createdAt: row.created_at,
        updatedAt: row.updated_at,
      },
    ]),
  )
  return ids.flatMap((id) => robots.get(id) ?? [])
}

function accessOf(permission: string): { resource: string; action: string } {
  const colon = permission.indexOf(':')
  return { resource: permission.slice(0, colon), action: permission.slice(colon + 1) }
}

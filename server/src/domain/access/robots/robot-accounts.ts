import type { Database, Reader } from '../../../database/database.ts'
import { EpochCache } from '../../../database/epoch-cache.ts'
import { preparedQuery } from '../../../database/prepared.ts'
import type { Flag } from '../../../database/schema/columns.ts'
import type { Clock } from '../../clock.ts'
import type { Actor } from '../actor.ts'
import { rightsOf, type Grant, type RobotRights } from './robot-rights.ts'

/** What signing in and tokens need to know of a robot, as it is at this moment. */
export interface RobotAccount {
  readonly id: number
  /** With its prefix, as it signs in. */
  readonly username: string
  readonly disabled: boolean
  /** Milliseconds since the epoch; undefined: never. */
  readonly expiresAt: number | undefined
  /** Another one after every new secret and whenever it was disabled. */
  readonly version: number
  readonly rights: RobotRights
  /** The one repository that the robot of a scan may pull; undefined for every other robot. */
  readonly repository: string | undefined
}

/** Apart, so that the hash does not travel with the robot. */
export interface RobotWithSecret {
  readonly robot: RobotAccount
  readonly secretHash: string
}

/** Harbor's, until an administrator sets another. */
export const standardRobotPrefix = 'robot$'

/** `project+name` or `name`, behind the prefix. */
export function robotUsername(prefix: string, projectName: string | undefined, name: string): string {
  return `${prefix}${projectName === undefined ? '' : `${projectName}+`}${name}`
}

interface Row {
  readonly id: number
  readonly name: string
  readonly project_name: string | null
  readonly secret_hash: string
  readonly disabled: Flag
  readonly expires_at: number | null
  readonly credentials_changed_at: number
  readonly repository: string | null
  readonly scope: 'system' | 'every-project' | 'project' | null
  readonly granted_in: number | null
  readonly access: string | null
}

/** A row for each grant, one with nulls for a robot that has none left. */
const selectRobot = (db: Reader) =>
  db
    .selectFrom('robot')
    .leftJoin('project', 'project.id', 'robot.project_id')
    .leftJoin('robot_permission as granted', 'granted.robot_id', 'robot.id')
    .select([
      'robot.id',
      'robot.name',
      'project.name as project_name',
      'robot.secret_hash',
      'robot.disabled',
      'robot.expires_at',
      'robot.credentials_changed_at',
      'robot.repository',
      'granted.scope',
      'granted.project_id as granted_in',
      'granted.access',
    ])

const selectById = preparedQuery<{ id: number }, Row>((db, param) =>
  selectRobot(db).where('robot.id', '=', param('id')),
)
const selectSystemRobot = preparedQuery<{ name: string }, Row>((db, param) =>
  selectRobot(db).where('robot.name', '=', param('name')).where('robot.project_id', 'is', null),
)
const selectProjectRobot = preparedQuery<{ project: string; name: string }, Row>((db, param) =>
  selectRobot(db).where('robot.name', '=', param('name')).where('project.name', '=', param('project')),
)

/** The robot of that username; undefined for what does not begin with the prefix as well. One query. */
export async function findRobotByUsername(
  reader: Reader,
  prefix: string,
  username: string,
): Promise<RobotWithSecret | undefined> {
  if (!username.startsWith(prefix)) return undefined
  const name = username.slice(prefix.length)
  const plus = name.indexOf('+')
  const rows =
    plus < 0
      ? await selectSystemRobot.all(reader, { name })
      : await selectProjectRobot.all(reader, { project: name.slice(0, plus), name: name.slice(plus + 1) })
  return robotOf(prefix, rows)
}

export async function findRobotAccount(reader: Reader, prefix: string, id: number): Promise<RobotAccount | undefined> {
  return robotOf(prefix, await selectById.all(reader, { id }))?.robot
}

function robotOf(prefix: string, rows: readonly Row[]): RobotWithSecret | undefined {
  const [row] = rows
  if (row === undefined) return undefined
  const robot = {
    id: row.id,
    username: robotUsername(prefix, row.project_name ?? undefined, row.name),
    disabled: row.disabled === 1,
    expiresAt: row.expires_at ?? undefined,
    version: row.credentials_changed_at,
    rights: rightsOf(rows.flatMap(grantOf)),
    repository: row.repository ?? undefined,
  }
  return { robot, secretHash: row.secret_hash }
}

/** Nothing for a row that is not whole: it gives nothing. */
export function grantOf(row: Pick<Row, 'scope' | 'granted_in' | 'access'>): readonly Grant[] {
  if (row.scope === null || row.access === null) return []
  const access = JSON.parse(row.access) as string[]
  if (row.scope !== 'project') return [{ scope: row.scope, access }]
  return row.granted_in === null ? [] : [{ scope: row.granted_in, access }]
}

/** Whether it may sign in, and go on with what it signed in with. */
export function isRobotUsable(robot: RobotAccount, now: number): boolean {
  return !robot.disabled && (robot.expiresAt === undefined || now < robot.expiresAt)
}

/** The robot of a scan comes as if with a token for its repository: it may do nothing else, whatever a project gives to all. */
export function robotActor(robot: RobotAccount): Extract<Actor, { kind: 'robot' }> {
  const { id, username, rights, version, repository } = robot
  const actor = { kind: 'robot', id, username, rights, version } as const
  if (repository === undefined) return actor
  return {
    ...actor,
    access: [{ type: 'repository', name: repository, actions: ['pull'] }],
    tokenIssuedAt: version,
  }
}

/** The robot of that id if it may come in at this moment. */
export type FindRobot = (id: number) => Promise<RobotAccount | undefined>

const cachedRobots = 1_024

/** Looks robots up for access tokens; a disabled, expired or deleted one is not found. */
export function composeFindRobot(database: Database, clock: Clock, prefix: () => Promise<string>): FindRobot {
  const remembered = new EpochCache<RobotAccount>(database, cachedRobots)
  return async (id) => {
    const robot = await remembered.get(String(id), async () => findRobotAccount(database.read, await prefix(), id))
    return robot !== undefined && isRobotUsable(robot, clock.now()) ? robot : undefined
  }
}

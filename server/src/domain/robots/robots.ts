import type { Database, Reader, Writer } from '../../database/database.ts'
import { lockRows } from '../../database/locking.ts'
import { isForeignKeyViolation, isUniqueViolation } from '../../database/violations.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import type { Listed, Listing } from '../lists/listing.ts'
import type { Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import { assertProvedLately } from '../access/second-factor/step-up.ts'
import type { Passwords } from '../access/credentials/passwords.ts'
import { robotUsername } from '../access/robots/robot-accounts.ts'
import {
  assertMayActOnRobot,
  assertMayActOnRobots,
  assertMayGrant,
  assertMayRule,
  assertEndsWith,
  robotUnknown,
  type RobotHome,
} from './robot-authorisation.ts'
import { parseGrants, type RobotPermission } from './robot-grants.ts'
import { listRobots, readRobots, type Robot } from './robot-list.ts'
import { rightsOf, type Grant } from '../access/robots/robot-rights.ts'
import { assertSecretStrong, hashRobotSecret, newRobotSecret } from '../access/robots/robot-secret.ts'

const dayMs = 86_400_000
const maxDays = 2 ** 31 - 1
const maxDescriptionLength = 1_024
const namePattern = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/
const maxNameLength = 200

export interface NewRobot {
  readonly name: string
  readonly description: string
  /** Undefined: a robot of the registry itself. */
  readonly projectId: number | undefined
  /** -1 for ever; 0 as long as the settings say. */
  readonly durationDays: number
  /** Milliseconds since the epoch, instead of what the duration says. */
  readonly expiresAt?: number | undefined
  readonly disabled?: boolean
  readonly permissions: readonly RobotPermission[]
}

export interface CreatedRobot {
  readonly robot: Robot
  /** Shown this once; it cannot be read later. */
  readonly secret: string
}

export interface RobotChange {
  readonly description?: string | undefined
  readonly disabled?: boolean | undefined
  /** Counted from its creation. */
  readonly durationDays?: number | undefined
  /** All of them; left out or empty, they stay as they are. */
  readonly permissions?: readonly RobotPermission[] | undefined
}

export interface RobotSettings {
  readonly prefix: string
  /** Days that a robot lives when nobody says how many. */
  readonly durationDays: number
}

export interface RobotsOptions {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly passwords: Passwords
  readonly settings: () => Promise<RobotSettings>
}

/** Machine accounts: of the registry itself, or of one project. */
export class Robots {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events
  readonly #passwords: Passwords
  readonly #settings: () => Promise<RobotSettings>

  constructor({ database, clock, events, passwords, settings }: RobotsOptions) {
    this.#database = database
    this.#clock = clock
    this.#events = events
    this.#passwords = passwords
    this.#settings = settings
  }

  /**
   * @throws DomainError BAD_REQUEST (name, duration or permissions that cannot be), CONFLICT, PROJECT_UNKNOWN,
   * UNAUTHENTICATED, FORBIDDEN (also for more than the creator has)
   */
  async createRobot(actor: Actor, given: NewRobot): Promise<CreatedRobot> {
    const { prefix, durationDays: standard } = await this.#settings()
    const secret = newRobotSecret()
    let username = given.name
    try {
      return await this.#database.write(async (tx) => {
        const now = this.#clock.now()
        const asker = await currentActor(tx, actor, now)
        const home = await assertMayActOnRobots(tx, asker, given.projectId, 'create')
        await assertProvedLately(tx, asker, now)
        assertRobotName(given.name)
        assertDescription(given.description)
        const grants = await parseGrants(tx, home, given.permissions)
        const life = newLifeOf(given, standard, now)
        username = robotUsername(prefix, home?.project.name, given.name)
        assertMayGrant(asker, home, rightsOf(grants), username)
        assertEndsWith(asker, life.expiresAt, username)
        const id = await insertRobot(tx, actor, given, { projectId: home?.project.id, secret, life, now })
        await insertGrants(tx, id, grants)
        const [robot] = await readRobots(tx, prefix, [id])
        await this.#events.record(tx, actor, { type: 'create_robot', ...onRobot(robot!) })
        return { robot: robot!, secret }
      })
    } catch (error) {
      if (isForeignKeyViolation(error)) throw new DomainError('PROJECT_UNKNOWN', 'a project of it was just deleted')
      if (!isUniqueViolation(error)) throw error
      throw new DomainError('CONFLICT', `robot account ${username} already exists`, { reason: 'NAME_TAKEN' })
    }
  }

  /**
   * With a project, only one of that project is there.
   * @throws DomainError ROBOT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN
   */
  async getRobot(actor: Actor, id: number, projectId?: number): Promise<Robot> {
    const settings = await this.#settings()
    return (await this.#robotFor(this.#database.read, settings, actor, { id, action: 'read', projectId })).robot
  }

  /**
   * Those of one project, or of the registry itself when none is named.
   * @throws DomainError UNAUTHENTICATED, FORBIDDEN, BAD_REQUEST (a condition that cannot be)
   */
  async pageRobots(actor: Actor, projectId: number | undefined, listing: Listing): Promise<Listed<Robot>> {
    await assertMayActOnRobots(this.#database.read, actor, projectId, 'list')
    const { prefix } = await this.#settings()
    return await listRobots(this.#database.read, prefix, projectId, listing)
  }

  /** @throws DomainError ROBOT_UNKNOWN, BAD_REQUEST, UNAUTHENTICATED, FORBIDDEN (also for more than the actor has) */
  async updateRobot(actor: Actor, id: number, change: RobotChange): Promise<void> {
    const settings = await this.#settings()
    await this.#database.write(async (tx) => {
      const { robot, home, asker, version } = await this.#lockRobotFor(tx, settings, actor, { id, action: 'update' })
      const { description, disabled, durationDays, permissions = [] } = change
      if (description !== undefined) assertDescription(description)
      const grants = permissions.length === 0 ? undefined : await parseGrants(tx, home, permissions)
      const life =
        durationDays === undefined || durationDays === robot.durationDays
          ? undefined
          : lifeOf(durationDays, settings.durationDays, robot.createdAt)
      const said = `robot ${id}`
      if (grants !== undefined) assertMayGrant(asker, home, rightsOf(grants), said)
      assertEndsWith(asker, (life ?? robot).expiresAt, said)
      const now = this.#clock.now()
      await tx
        .updateTable('robot')
        .set({
          updated_at: now,
          ...(description === undefined ? {} : { description }),
          ...(life === undefined ? {} : { duration_days: life.days, expires_at: life.expiresAt ?? null }),
          // Enabled again, it needs new tokens.
          ...(disabled === undefined || disabled === robot.disabled
            ? {}
            : { disabled: disabled ? 1 : 0, credentials_changed_at: Math.max(now, version + 1) }),
        })
        .where('id', '=', id)
        .execute()
      if (grants !== undefined) {
        await tx.deleteFrom('robot_permission').where('robot_id', '=', id).execute()
        await insertGrants(tx, id, grants)
      }
      const changed = [
        ...(description === undefined || description === robot.description ? [] : ['description']),
        ...(life === undefined ? [] : ['duration']),
        ...(disabled === undefined || disabled === robot.disabled ? [] : ['disable']),
        ...(grants === undefined ? [] : ['permissions']),
      ]
      await this.#events.record(tx, actor, { type: 'update_robot', ...onRobot(robot), changed })
    })
  }

  /**
   * Gives the robot another secret, `chosen` or a new one; the old one and all tokens are void at once. Returns the
   * new secret, and undefined for a chosen one, which is known already.
   * @throws DomainError ROBOT_UNKNOWN, BAD_REQUEST (a weak secret), UNAUTHENTICATED, FORBIDDEN
   */
  async refreshSecret(actor: Actor, id: number, chosen: string | undefined): Promise<string | undefined> {
    const settings = await this.#settings()
    const asked = { id, action: 'update' } as const
    // A hash is dear: made for those alone who may use it, who are asked again when it is there.
    await this.#robotFor(this.#database.read, settings, actor, asked)
    if (chosen !== undefined) assertSecretStrong(chosen)
    const made = chosen === undefined ? newRobotSecret() : undefined
    // A secret that a person chose can be guessed, so it needs the slow hash.
    const hash = made === undefined ? await this.#passwords.hash(chosen!) : hashRobotSecret(made)
    await this.#database.write(async (tx) => {
      const { robot, asker, version } = await this.#lockRobotFor(tx, settings, actor, asked)
      assertEndsWith(asker, robot.expiresAt, `robot ${id}`)
      const now = this.#clock.now()
      await tx
        .updateTable('robot')
        .set({ secret_hash: hash, credentials_changed_at: Math.max(now, version + 1), updated_at: now })
        .where('id', '=', id)
        .execute()
      await this.#events.record(tx, actor, { type: 'update_robot', ...onRobot(robot), changed: ['secret'] })
    })
    return made
  }

  /**
   * With a project, only one of that project is there. Taking away is no giving: the permission is enough.
   * @throws DomainError ROBOT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN
   */
  async deleteRobot(actor: Actor, id: number, projectId?: number): Promise<void> {
    const settings = await this.#settings()
    await this.#database.write(async (tx) => {
      const { robot } = await this.#lockRobotFor(tx, settings, actor, { id, action: 'delete', projectId })
      await tx.deleteFrom('robot').where('id', '=', id).execute()
      await this.#events.record(tx, actor, { type: 'delete_robot', ...onRobot(robot) })
    })
  }

  /**
   * The robot and its home, if the actor has the permission for it. Others learn nothing of the robots that there are.
   */
  async #robotFor(
    reader: Reader,
    { prefix }: RobotSettings,
    actor: Actor,
    { id, action, projectId }: AskedRobot,
  ): Promise<{ robot: Robot; home: RobotHome }> {
    const [found] = await readRobots(reader, prefix, [id])
    const home =
      projectId === undefined
        ? await assertMayActOnRobot(reader, actor, { id, found }, action)
        : await assertMayActOnRobots(reader, actor, projectId, action)
    if (found === undefined || (projectId !== undefined && found.projectId !== projectId)) throw robotUnknown(id)
    if (action === 'update') await assertMayRule(reader, actor, home, id)
    return { robot: found, home }
  }

  /** The same in the transaction of a change, for the actor as they are now, and nobody else changes it meanwhile. */
  async #lockRobotFor(tx: Writer, settings: RobotSettings, actor: Actor, asked: AskedRobot) {
    const query = tx.selectFrom('robot').select('credentials_changed_at').where('id', '=', asked.id)
    const row = await lockRows(this.#database, query).executeTakeFirst()
    const asker = await currentActor(tx, actor, this.#clock.now())
    const found = await this.#robotFor(tx, settings, asker, asked)
    if (asked.action === 'update') await assertProvedLately(tx, asker, this.#clock.now())
    if (row === undefined) throw robotUnknown(asked.id)
    return { ...found, asker, version: row.credentials_changed_at }
  }
}

/** A robot, and the action on it; with a project, only a robot of that project is found. */
interface AskedRobot {
  readonly id: number
  readonly action: 'read' | 'update' | 'delete'
  readonly projectId?: number | undefined
}

interface Life {
  readonly days: number
  readonly expiresAt: number | undefined
}

async function insertRobot(
  tx: Writer,
  actor: Actor,
  { name, description, disabled }: NewRobot,
  made: { readonly projectId: number | undefined; readonly secret: string; readonly life: Life; readonly now: number },
): Promise<number> {
  const { projectId, secret, life, now } = made
  const { id } = await tx
    .insertInto('robot')
    .values({
      project_id: projectId ?? null,
      name,
      description,
      secret_hash: hashRobotSecret(secret),
      disabled: disabled === true ? 1 : 0,
      duration_days: life.days,
      expires_at: life.expiresAt ?? null,
      creator_type: actor.kind === 'robot' ? 'robot' : 'local',
      creator_id: actor.kind === 'robot' || actor.kind === 'user' ? actor.id : null,
      credentials_changed_at: now,
      created_at: now,
      updated_at: now,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

async function insertGrants(tx: Writer, robotId: number, grants: readonly Grant[]): Promise<void> {
  await tx
    .insertInto('robot_permission')
    .values(
      grants.map(({ scope, access }, position) => ({
        robot_id: robotId,
        position,
        scope: typeof scope === 'number' ? ('project' as const) : scope,
        project_id: typeof scope === 'number' ? scope : null,
        access: JSON.stringify(access),
      })),
    )
    .execute()
}

const onRobot = ({ id, username, projectId }: Robot) => ({
  robotId: id,
  robot: username,
  ...(projectId === undefined ? {} : { projectId }),
})

/** @throws DomainError BAD_REQUEST */
function newLifeOf({ durationDays, expiresAt }: NewRobot, standardDays: number, now: number): Life {
  return expiresAt === undefined ? lifeOf(durationDays, standardDays, now) : until(expiresAt, now)
}

/** @throws DomainError BAD_REQUEST, in Harbor's words */
function lifeOf(days: number, standardDays: number, from: number): Life {
  if (!Number.isInteger(days) || days < -1 || days > maxDays) {
    throw new DomainError(
      'BAD_REQUEST',
      `bad request error duration input: ${days}, duration must be either -1(Never) or a positive integer`,
    )
  }
  if (days === -1) return { days, expiresAt: undefined }
  const granted = days === 0 ? standardDays : days
  return { days: granted, expiresAt: from + granted * dayMs }
}

function until(expiresAt: number, now: number): Life {
  if (!(expiresAt > now)) throw new DomainError('BAD_REQUEST', 'expires_at must be a time that is still to come')
  return { days: Math.ceil((expiresAt - now) / dayMs), expiresAt }
}

export function assertRobotName(name: string): void {
  if (namePattern.test(name) && name.length <= maxNameLength) return
  throw new DomainError(
    'BAD_REQUEST',
    `robot name is not in lower case or contains illegal characters: letters, digits and single . _ - between them, ${maxNameLength} at the most`,
  )
}

function assertDescription(description: string): void {
  if (description.length <= maxDescriptionLength && !description.includes('\u0000')) return
  throw new DomainError('BAD_REQUEST', `a description has ${maxDescriptionLength} characters at the most`)
}

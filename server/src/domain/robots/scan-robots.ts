import { randomUUID } from 'node:crypto'
import type { Database, Writer } from '../../database/database.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { robotUsername } from '../access/robots/robot-accounts.ts'
import { heldBackPull } from '../access/roles/grantable-permissions.ts'
import { hashRobotSecret, newRobotSecret } from '../access/robots/robot-secret.ts'
import type { Clock } from '../clock.ts'
import type { RobotSettings } from './robots.ts'

export interface ScanRobotsOptions {
  readonly database: Database
  readonly clock: Clock
  readonly settings: () => Promise<Pick<RobotSettings, 'prefix'>>
}

export interface NewScanRobot {
  readonly projectId: number
  readonly project: string
  readonly repository: RepositoryName
  /** Of the scanner's registration, for people who read the audit log. */
  readonly scanner: string
  readonly expiresAt: number
}

/** A robot before its row is there. */
export interface PreparedScanRobot {
  readonly username: string
  readonly secret: string
  /** In the transaction that remembers its id: a robot that nobody remembers could not be ended. */
  readonly insert: (tx: Writer) => Promise<InsertedScanRobot>
}

export interface InsertedScanRobot {
  readonly id: number
  readonly version: number
}

const dayMs = 86_400_000

/** Robots that pull one repository for the time of one scan. No list shows them, and nobody can change them. */
export class ScanRobots {
  readonly #database: Database
  readonly #clock: Clock
  readonly #settings: ScanRobotsOptions['settings']

  constructor({ database, clock, settings }: ScanRobotsOptions) {
    this.#database = database
    this.#clock = clock
    this.#settings = settings
  }

  /** Settings are read before the transaction, which has a connection of its own. */
  async prepareScanRobot({ project, scanner, ...place }: NewScanRobot): Promise<PreparedScanRobot> {
    const { prefix } = await this.#settings()
    const secret = newRobotSecret()
    const name = `scanner-${nameOf(scanner)}-${randomUUID()}`
    const insert = (tx: Writer) => insertScanRobot(tx, { ...place, name, secret, now: this.#clock.now() })
    return { username: robotUsername(prefix, project, name), secret, insert }
  }

  /** Its secret and its tokens are void from the commit on. */
  async deleteScanRobot(id: number): Promise<void> {
    await this.#database.write((tx) =>
      tx.deleteFrom('robot').where('id', '=', id).where('repository', 'is not', null).execute(),
    )
  }
}

async function insertScanRobot(
  tx: Writer,
  robot: Pick<NewScanRobot, 'projectId' | 'repository' | 'expiresAt'> & {
    readonly name: string
    readonly secret: string
    readonly now: number
  },
): Promise<InsertedScanRobot> {
  const { projectId, repository, expiresAt, name, secret, now } = robot
  const { id } = await tx
    .insertInto('robot')
    .values({
      project_id: projectId,
      name,
      description: 'for scan',
      secret_hash: hashRobotSecret(secret),
      disabled: 0,
      duration_days: Math.max(1, Math.ceil((expiresAt - now) / dayMs)),
      expires_at: expiresAt,
      creator_type: 'local',
      creator_id: null,
      repository,
      credentials_changed_at: now,
      created_at: now,
      updated_at: now,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  // A policy holds an image back until it was scanned.
  const access = JSON.stringify(['repository:pull', heldBackPull])
  await tx
    .insertInto('robot_permission')
    .values({ robot_id: id, position: 0, scope: 'project', project_id: projectId, access })
    .execute()
  return { id, version: now }
}

/** Of scans whose process died and that nobody took up again. Returns how many went. */
export async function pruneScanRobots(database: Database, now: number, limit: number): Promise<number> {
  return await database.write(async (tx) => {
    const ended = tx
      .selectFrom('robot')
      .select('id')
      .where('repository', 'is not', null)
      .where('expires_at', '<=', now)
      .limit(limit)
    const { numDeletedRows } = await tx.deleteFrom('robot').where('id', 'in', ended).executeTakeFirst()
    return Number(numDeletedRows)
  }, 'relaxed')
}

/** The name of a registration in the characters of a robot's name. */
const nameOf = (scanner: string): string =>
  scanner
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-$/, '') || 'adapter'

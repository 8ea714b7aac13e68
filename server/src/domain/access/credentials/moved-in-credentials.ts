import type { Database } from '../../../database/database.ts'
import type { EventServices } from '../../events/events.ts'
import type { Actor } from '../actor.ts'
import { robotUsername } from '../robots/robot-accounts.ts'
import { isFastHash } from '../robots/robot-secret.ts'

interface Services extends EventServices {
  readonly database: Database
}

/** The hash that an account had where it comes from; only for one that has no password here. Whether it was given. */
export async function givePasswordHash(
  { database, clock, events }: Services,
  actor: Actor,
  username: string,
  hash: string,
): Promise<boolean> {
  return await database.write(async (tx) => {
    const now = clock.now()
    const given = await tx
      .updateTable('user_account')
      .set({ password_hash: hash, password_changed_at: now, credentials_changed_at: now, updated_at: now })
      .where('username', '=', username)
      .where('source', '=', 'local')
      .where('password_hash', 'is', null)
      .returning('id')
      .executeTakeFirst()
    if (given === undefined) return false
    await events.record(tx, actor, { type: 'update_user', userId: given.id, username, change: 'password' })
    return true
  })
}

/**
 * The secret that a robot had where it comes from, in place of the one that was made for it here; only while nobody has
 * changed the robot since. Whether it was given.
 */
export async function giveSecretHash(
  { database, clock, events }: Services,
  actor: Actor,
  robot: { readonly prefix: string; readonly project: string | undefined; readonly name: string },
  hash: string,
): Promise<boolean> {
  return await database.write(async (tx) => {
    let query = tx
      .selectFrom('robot')
      .leftJoin('project', 'project.id', 'robot.project_id')
      .select(['robot.id', 'robot.project_id', 'robot.secret_hash', 'robot.created_at', 'robot.updated_at'])
      .where('robot.name', '=', robot.name)
    query =
      robot.project === undefined
        ? query.where('robot.project_id', 'is', null)
        : query.where('project.name', '=', robot.project)
    const found = await query.executeTakeFirst()
    if (found === undefined || found.created_at !== found.updated_at || !isFastHash(found.secret_hash)) return false
    const now = Math.max(clock.now(), found.updated_at + 1)
    await tx
      .updateTable('robot')
      .set({ secret_hash: hash, credentials_changed_at: now, updated_at: now })
      .where('id', '=', found.id)
      .execute()
    await events.record(tx, actor, {
      type: 'update_robot',
      robotId: found.id,
      robot: robotUsername(robot.prefix, robot.project, robot.name),
      ...(found.project_id === null ? {} : { projectId: found.project_id }),
      changed: ['secret'],
    })
    return true
  })
}

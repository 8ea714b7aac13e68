import type { Reader } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import { DomainError } from '../errors.ts'
import { accountColumns, accountOf, dutiesOf, type AccountRow } from './accounts/accounts.ts'
import type { Actor } from './actor.ts'
import { findRobotAccount, isRobotUsable, standardRobotPrefix } from './robots/robot-accounts.ts'
import { isTokenUsable, limitsOfToken, type TokenRow } from './tokens/token-limits.ts'

type UserActor = Extract<Actor, { kind: 'user' }>
type RobotActor = Extract<Actor, { kind: 'robot' }>

type UserRow = AccountRow & { [Column in keyof TokenRow]: TokenRow[Column] | null } & {
  readonly session: string | null
}

/** No token has it, and no session: what stands in a query for an actor that came with neither. */
const none = { tokenId: 0, session: '' }

const findUser = preparedQuery<{ id: number; tokenId: number; session: string }, UserRow>((db, param) =>
  db
    .selectFrom('user_account')
    .leftJoin('personal_token', (join) =>
      join.onRef('personal_token.user_id', '=', 'user_account.id').on('personal_token.id', '=', param('tokenId')),
    )
    .leftJoin('session', (join) =>
      join.onRef('session.user_id', '=', 'user_account.id').on('session.id_hash', '=', param('session')),
    )
    .select(accountColumns)
    .select([
      'personal_token.id as token_id',
      'personal_token.projects',
      'personal_token.permissions',
      'personal_token.expires_at',
      'session.id_hash as session',
    ])
    .where('user_account.id', '=', param('id')),
)

/**
 * The actor as it is at this moment, in one query: a body may take hours to come, and whoever sent its first byte may
 * have lost the account, the robot, the token, the session or a right since. The time of an access token is a matter of
 * the door: a push that began in time may end.
 * @throws DomainError UNAUTHENTICATED when what they came with is worth nothing any more
 */
export async function currentActor(reader: Reader, actor: Actor, now: number): Promise<Actor> {
  if (actor.kind === 'user') return await currentUser(reader, actor, now)
  return actor.kind === 'robot' ? await currentRobot(reader, actor, now) : actor
}

async function currentUser(reader: Reader, actor: UserActor, now: number): Promise<UserActor> {
  const { id, limits, session } = actor
  const wanted = { tokenId: limits?.tokenId ?? none.tokenId, session: session ?? none.session }
  const row = await findUser.first(reader, { id, ...wanted })
  if (row === undefined) throw endedMeanwhile('account')
  const account = accountOf(row)
  const { admin, disabled, version } = account
  if (disabled || version !== (actor.version ?? version)) throw endedMeanwhile('account')
  if (session !== undefined && row.session !== session) throw endedMeanwhile('session')
  const { duty: _, apart: __, ...rest } = actor
  const current = { ...rest, admin, ...dutiesOf(account) }
  if (limits === undefined) return current
  if (!isTokenUsable(row, now)) throw endedMeanwhile('personal token')
  return { ...current, limits: limitsOfToken(row) }
}

async function currentRobot(reader: Reader, actor: RobotActor, now: number): Promise<RobotActor> {
  // The prefix is a part of the name alone, and the name is known.
  const robot = await findRobotAccount(reader, standardRobotPrefix, actor.id)
  if (robot === undefined || !isRobotUsable(robot, now)) throw endedMeanwhile('robot')
  if (robot.version !== (actor.version ?? robot.version)) throw endedMeanwhile('robot')
  return { ...actor, rights: robot.rights }
}

function endedMeanwhile(what: string): DomainError {
  return new DomainError(
    'UNAUTHENTICATED',
    `the ${what} of this request was changed, ended or deleted since the request began; sign in again`,
  )
}

import { createHash } from 'node:crypto'
import type { Database } from '../../../database/database.ts'
import type { Clock } from '../../clock.ts'
import type { Events } from '../../events/events.ts'
import type { Actor } from '../actor.ts'
import { personOf } from '../accounts/person.ts'
import { hashOfSession } from './sessions.ts'

/** One browser of a person. */
export interface OwnSession {
  /** Tells sessions apart, and cannot be turned into what the table or the browser has. */
  readonly id: string
  readonly createdAt: number
  readonly expiresAt: number
  /** The one that asks. */
  readonly current: boolean
}

/** Nobody looks through more; older ones end by themselves. */
const maxListed = 200

/** The browsers in which somebody is signed in, for them to look at and to end. */
export class OwnSessions {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events

  constructor({ database, clock, events }: { database: Database; clock: Clock; events: Events }) {
    this.#database = database
    this.#clock = clock
    this.#events = events
  }

  /** The newest first. `token`: of the browser that asks. @throws DomainError FORBIDDEN */
  async listSessions(actor: Actor, token: string | undefined): Promise<readonly OwnSession[]> {
    const current = token === undefined ? undefined : hashOfSession(token)
    return (await this.#living(actor)).map((row) => ({
      id: publicIdOf(row.id_hash),
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      current: row.id_hash === current,
    }))
  }

  /** Idempotent; another person's session is as unknown as one that ended. @throws DomainError FORBIDDEN */
  async endSession(actor: Actor, id: string): Promise<void> {
    const person = personOf(actor, refusal)
    const found = (await this.#living(actor)).find((row) => publicIdOf(row.id_hash) === id)
    if (found === undefined) return
    await this.#database.write(async (tx) => {
      const { numDeletedRows } = await tx
        .deleteFrom('session')
        .where('id_hash', '=', found.id_hash)
        .where('user_id', '=', person.id)
        .executeTakeFirst()
      if (numDeletedRows === 0n) return
      const { id: userId, username } = person
      await this.#events.record(tx, actor, { type: 'logout_user', userId, username })
    })
  }

  /** Those that `Sessions.findSession` would still find. */
  async #living(actor: Actor) {
    return await this.#database.read
      .selectFrom('session')
      .innerJoin('user_account', (join) =>
        join
          .onRef('user_account.id', '=', 'session.user_id')
          .onRef('user_account.credentials_changed_at', '=', 'session.account_version'),
      )
      .select(['session.id_hash', 'session.created_at', 'session.expires_at'])
      .where('session.user_id', '=', personOf(actor, refusal).id)
      .where('session.expires_at', '>', this.#clock.now())
      .orderBy('session.created_at', 'desc')
      .orderBy('session.id_hash')
      .limit(maxListed)
      .execute()
  }
}

const refusal = 'sessions belong to people who signed in with their password'

function publicIdOf(idHash: string): string {
  return createHash('sha256').update(`session:${idHash}`).digest('base64url').slice(0, 22)
}

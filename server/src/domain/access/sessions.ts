import { createHash, randomBytes } from 'node:crypto'
import type { Database } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import type { Flag } from '../../database/schema.ts'
import type { Clock } from '../clock.ts'
import { recordEvent } from '../events.ts'
import { actorOf, type Account } from './accounts.ts'

export interface SessionsOptions {
  readonly database: Database
  readonly clock: Clock
  /** How long a session lives after it was last used. */
  readonly lifetimeMs: () => Promise<number>
}

/** A session that is used is prolonged, but not written at every request. */
const prolongEveryMs = 60_000
const tokenPattern = /^[A-Za-z0-9_-]{43}$/

interface SessionRow {
  readonly id: number
  readonly username: string
  readonly admin: Flag
  readonly disabled: Flag
  readonly credentials_changed_at: number
  readonly expires_at: number
}

// An account that changed has another version: its sessions are found no more, on every replica.
const selectSession = preparedQuery<{ idHash: string }, SessionRow>((db, param) =>
  db
    .selectFrom('session')
    .innerJoin('user_account', (join) =>
      join
        .onRef('user_account.id', '=', 'session.user_id')
        .onRef('user_account.credentials_changed_at', '=', 'session.account_version'),
    )
    .select([
      'user_account.id',
      'user_account.username',
      'user_account.admin',
      'user_account.disabled',
      'user_account.credentials_changed_at',
      'session.expires_at',
    ])
    .where('session.id_hash', '=', param('idHash')),
)

/** Browsers that signed in. What the browser has is a random token; what the database has is its hash. */
export class Sessions {
  readonly #database: Database
  readonly #clock: Clock
  readonly #lifetimeMs: () => Promise<number>

  constructor({ database, clock, lifetimeMs }: SessionsOptions) {
    this.#database = database
    this.#clock = clock
    this.#lifetimeMs = lifetimeMs
  }

  /** For an account that has just proved who it is; a new token every time. */
  async startSession(account: Account): Promise<string> {
    const token = randomBytes(32).toString('base64url')
    const lifetimeMs = await this.#lifetimeMs()
    await this.#database.write(async (tx) => {
      const now = this.#clock.now()
      await tx
        .insertInto('session')
        .values({
          id_hash: hashOf(token),
          user_id: account.id,
          account_version: account.version,
          created_at: now,
          expires_at: now + lifetimeMs,
        })
        .execute()
      const { id: userId, username } = account
      await recordEvent(tx, this.#clock, actorOf(account), { type: 'login_user', userId, username })
    })
    return token
  }

  /** The account as it is now; undefined when the session expired, was ended, or its account changed since. */
  async findSession(token: string, { prolong }: { prolong: boolean }): Promise<Account | undefined> {
    if (!tokenPattern.test(token)) return undefined
    const idHash = hashOf(token)
    const row = await selectSession.first(this.#database.read, { idHash })
    const now = this.#clock.now()
    if (row === undefined || row.disabled === 1 || row.expires_at <= now) return undefined
    if (prolong) await this.#prolong(idHash, row.expires_at, now)
    return {
      id: row.id,
      username: row.username,
      admin: row.admin === 1,
      disabled: false,
      version: row.credentials_changed_at,
    }
  }

  /** Idempotent. */
  async endSession(token: string): Promise<void> {
    if (!tokenPattern.test(token)) return
    await this.#database.write(async (tx) => {
      const ended = await tx
        .deleteFrom('session')
        .where('id_hash', '=', hashOf(token))
        .returning('user_id')
        .executeTakeFirst()
      if (ended === undefined) return
      const user = await tx
        .selectFrom('user_account')
        .select(['id', 'username', 'admin'])
        .where('id', '=', ended.user_id)
        .executeTakeFirstOrThrow()
      const actor = { kind: 'user', id: user.id, username: user.username, admin: user.admin === 1 } as const
      await recordEvent(tx, this.#clock, actor, { type: 'logout_user', userId: user.id, username: user.username })
    })
  }

  /** Forgets expired sessions, `limit` at the most; returns how many went. */
  async pruneSessions(limit: number): Promise<number> {
    const now = this.#clock.now()
    const expired = this.#database.read
      .selectFrom('session')
      .select('id_hash')
      .where('expires_at', '<=', now)
      .limit(limit)
    const ids = (await expired.execute()).map((row) => row.id_hash)
    if (ids.length === 0) return 0
    await this.#database.write(async (tx) => {
      await tx.deleteFrom('session').where('id_hash', 'in', ids).where('expires_at', '<=', now).execute()
    }, 'relaxed')
    return ids.length
  }

  async #prolong(idHash: string, expiresAt: number, now: number): Promise<void> {
    const until = now + (await this.#lifetimeMs())
    if (until - expiresAt < prolongEveryMs) return
    await this.#database.write(async (tx) => {
      await tx.updateTable('session').set({ expires_at: until }).where('id_hash', '=', idHash).execute()
    }, 'relaxed')
  }
}

/** The token is random and long: a plain hash cannot be turned around, and is looked up by equality. */
function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

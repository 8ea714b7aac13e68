import { createHash, randomBytes } from 'node:crypto'
import type { Database, Writer } from '../../../database/database.ts'
import { preparedQuery } from '../../../database/prepared.ts'
import type { Clock } from '../../clock.ts'
import type { Events } from '../../events/events.ts'
import { accountColumns, accountOf, actorOf, type Account, type AccountRow } from '../accounts/accounts.ts'

export interface SessionsOptions {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  /** How long a session lives after it was last used. */
  readonly lifetimeMs: () => Promise<number>
  /** Browsers of one person at once; 0, or left out: any number. */
  readonly maxPerUser?: () => Promise<number>
}

/** A session that is used is prolonged, but not written at every request. */
const prolongEveryMs = 60_000
const tokenPattern = /^[A-Za-z0-9_-]{43}$/

type SessionRow = AccountRow & { readonly expires_at: number }

// An account that changed has another version: its sessions are found no more, on every replica.
const selectSession = preparedQuery<{ idHash: string }, SessionRow>((db, param) =>
  db
    .selectFrom('session')
    .innerJoin('user_account', (join) =>
      join
        .onRef('user_account.id', '=', 'session.user_id')
        .onRef('user_account.credentials_changed_at', '=', 'session.account_version'),
    )
    .select(accountColumns)
    .select('session.expires_at')
    .where('session.id_hash', '=', param('idHash')),
)

/** Browsers that signed in. What the browser has is a random token; what the database has is its hash. */
export class Sessions {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events
  readonly #lifetimeMs: () => Promise<number>
  readonly #maxPerUser: () => Promise<number>

  constructor({ database, clock, events, lifetimeMs, maxPerUser }: SessionsOptions) {
    this.#maxPerUser = maxPerUser ?? (async () => 0)
    this.#database = database
    this.#clock = clock
    this.#events = events
    this.#lifetimeMs = lifetimeMs
  }

  /** For an account that has just proved who it is, `proved`: by a second factor too. A new token every time. */
  async startSession(account: Account, { proved = false }: { readonly proved?: boolean } = {}): Promise<string> {
    const token = randomBytes(32).toString('base64url')
    const lifetimeMs = await this.#lifetimeMs()
    const max = await this.#maxPerUser()
    await this.#database.write(async (tx) => {
      const now = this.#clock.now()
      await tx
        .insertInto('session')
        .values({
          id_hash: hashOfSession(token),
          user_id: account.id,
          account_version: account.version,
          created_at: now,
          expires_at: now + lifetimeMs,
          proved_at: proved ? now : null,
        })
        .execute()
      if (max > 0) await endOldest(tx, account.id, max)
      const { id: userId, username } = account
      await this.#events.record(tx, actorOf(account), { type: 'login_user', userId, username })
    })
    return token
  }

  /** The account as it is now; undefined when the session expired, was ended, or its account changed since. */
  async findSession(token: string, { prolong }: { prolong: boolean }): Promise<Account | undefined> {
    if (!tokenPattern.test(token)) return undefined
    const idHash = hashOfSession(token)
    const row = await selectSession.first(this.#database.read, { idHash })
    const now = this.#clock.now()
    if (row === undefined || row.disabled === 1 || row.expires_at <= now) return undefined
    if (prolong) await this.#prolong(idHash, row.expires_at, now)
    return accountOf(row)
  }

  /** Idempotent. */
  async endSession(token: string): Promise<void> {
    if (!tokenPattern.test(token)) return
    await this.#database.write(async (tx) => {
      const ended = await tx
        .deleteFrom('session')
        .where('id_hash', '=', hashOfSession(token))
        .returning('user_id')
        .executeTakeFirst()
      if (ended === undefined) return
      const user = await tx
        .selectFrom('user_account')
        .select(accountColumns)
        .where('id', '=', ended.user_id)
        .executeTakeFirstOrThrow()
      await this.#events.record(tx, actorOf(accountOf(user)), {
        type: 'logout_user',
        userId: user.id,
        username: user.username,
      })
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

/** Leaves the newest `max` sessions of a person: who signs in at one place too many is signed out where they were first. */
async function endOldest(tx: Writer, userId: number, max: number): Promise<void> {
  const newest = await tx
    .selectFrom('session')
    .select('id_hash')
    .where('user_id', '=', userId)
    .orderBy('created_at', 'desc')
    .orderBy('id_hash')
    .limit(max)
    .execute()
  const kept = newest.map(({ id_hash: hash }) => hash)
  await tx.deleteFrom('session').where('user_id', '=', userId).where('id_hash', 'not in', kept).execute()
}

/** The token is random and long: a plain hash cannot be turned around, and is looked up by equality. */
export function hashOfSession(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

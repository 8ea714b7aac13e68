import { createHash, randomBytes } from 'node:crypto'
import type { Database } from '../../database/database.ts'
import type { Clock } from '../clock.ts'

const tokenPattern = /^[A-Za-z0-9_-]{43}$/
const lifetimeMs = 10 * 60_000

/**
 * The state of sign-ins under way: between the way to a provider and back, and until a new person has chosen a name.
 * The browser has a random token, so any replica can go on.
 */
export class PendingSignIns {
  readonly #database: Database
  readonly #clock: Clock

  constructor({ database, clock }: { database: Database; clock: Clock }) {
    this.#database = database
    this.#clock = clock
  }

  /** Returns the token under which it is found again, once, for ten minutes. */
  async keep(kind: string, content: object): Promise<string> {
    const token = randomBytes(32).toString('base64url')
    const now = this.#clock.now()
    await this.#database.write(async (tx) => {
      // An abandoned sign-in leaves a row; each beginning takes some of them away.
      const expired = tx.selectFrom('pending_sign_in').select('id_hash').where('expires_at', '<=', now).limit(100)
      await tx.deleteFrom('pending_sign_in').where('id_hash', 'in', expired).execute()
      await tx
        .insertInto('pending_sign_in')
        .values({ id_hash: hashOf(token), kind, content: JSON.stringify(content), expires_at: now + lifetimeMs })
        .execute()
    }, 'relaxed')
    return token
  }

  /** The kept state, given out once; undefined when there is none, or it has expired. */
  async take<Content>(kind: string, token: string): Promise<Content | undefined> {
    if (!tokenPattern.test(token)) return undefined
    const row = await this.#database.write(
      async (tx) =>
        await tx
          .deleteFrom('pending_sign_in')
          .where('id_hash', '=', hashOf(token))
          .where('kind', '=', kind)
          .returning(['content', 'expires_at'])
          .executeTakeFirst(),
      'relaxed',
    )
    if (row === undefined || row.expires_at <= this.#clock.now()) return undefined
    return JSON.parse(row.content) as Content
  }
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url')

import { createHash, randomBytes } from 'node:crypto'
import type { Database } from '../../database/database.ts'
import type { Clock } from '../clock.ts'
import { placeIn, sealedColumn } from '../secrets/sealed-column.ts'
import type { Secrets } from '../secrets/secrets.ts'

const tokenPattern = /^[A-Za-z0-9_-]{43}$/
const lifetimeMs = 10 * 60_000

export const pendingSignInSecrets = sealedColumn({
  ...{ table: 'pending_sign_in', column: 'content', key: 'id_hash' },
  holds: 'sign-ins under way',
  givenUp: 'deleted',
})

/**
 * The state of sign-ins under way: between the way to a provider and back, and until a new person has chosen a name.
 * The browser has a random token, so any replica can go on.
 */
export class PendingSignIns {
  readonly #database: Database
  readonly #clock: Clock
  readonly #secrets: Secrets

  constructor({ database, clock, secrets }: { database: Database; clock: Clock; secrets: Secrets }) {
    this.#database = database
    this.#clock = clock
    this.#secrets = secrets
  }

  /** Returns the token under which it is found again, once, for ten minutes. */
  async keep(kind: string, content: object): Promise<string> {
    const token = randomBytes(32).toString('base64url')
    const now = this.#clock.now()
    await this.#database.write(async (tx) => {
      // An abandoned sign-in leaves a row; each beginning takes some of them away.
      const expired = tx.selectFrom('pending_sign_in').select('id_hash').where('expires_at', '<=', now).limit(100)
      await tx.deleteFrom('pending_sign_in').where('id_hash', 'in', expired).execute()
      const sealed = await this.#secrets.seal(tx, placeIn(pendingSignInSecrets, hashOf(token)), JSON.stringify(content))
      await tx
        .insertInto('pending_sign_in')
        .values({ id_hash: hashOf(token), kind, content: sealed, expires_at: now + lifetimeMs })
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
    const opened = await this.#secrets.open(
      this.#database.read,
      placeIn(pendingSignInSecrets, hashOf(token)),
      row.content,
    )
    return JSON.parse(opened) as Content
  }
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url')

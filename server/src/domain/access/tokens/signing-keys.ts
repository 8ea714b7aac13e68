import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose'
import type { Selectable } from 'kysely'
import type { Database } from '../../../database/database.ts'
import type { SigningKeyTable } from '../../../database/schema/access.ts'
import type { Actor } from '../actor.ts'
import type { Clock } from '../../clock.ts'
import type { Events } from '../../events/events.ts'
import { placeIn, sealedColumn } from '../../secrets/sealed-column.ts'
import type { Secrets } from '../../secrets/secrets.ts'

const algorithm = 'ES256'
const dayMs = 24 * 60 * 60_000
/** How long what other processes changed may stay unseen. */
const reloadAfterMs = 60_000
/** For clocks that disagree, and for a process that has not heard yet that its key is retired. */
const retiredMarginMs = 5 * 60_000
/** A flood of tokens with invented key ids reaches the database no more often than this. */
const unknownKeyReloadMs = 250

export interface SigningKey {
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string
  readonly algorithm: string
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
  readonly createdAt: number
  readonly retiredAt: number | undefined
}

export interface SigningKeysOptions {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly secrets: Secrets
  /** A key signs for this long. Milliseconds; 90 days when not given. */
  readonly rotateAfterMs?: number
  /** The longest life of a token; a retired key verifies until the last one it signed has expired. */
  readonly tokenLifetimeSeconds: () => Promise<number>
  /** Hears that this process has made a new key. */
  readonly onRotated?: () => void
}

export const signingKeySecrets = sealedColumn({
  ...{ table: 'signing_key', column: 'private_jwk', key: 'kid' },
  holds: 'keys that sign access tokens',
  givenUp: 'deleted',
})

const self: Actor = { kind: 'system', name: 'signing-keys' }

/** The keys that sign access tokens, shared by all processes through the database. */
export class SigningKeys {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events
  readonly #secrets: Secrets
  readonly #rotateAfterMs: number
  readonly #tokenLifetimeSeconds: () => Promise<number>
  readonly #onRotated: () => void
  #keys: ReadonlyMap<string, SigningKey> = new Map()
  #loadedAt: number | undefined
  /** A load that began before keys were forgotten counts for nothing. */
  #generation = 0
  #loading: Promise<void> | undefined
  #underWay: Promise<unknown> = Promise.resolve()

  constructor(options: SigningKeysOptions) {
    const { database, clock, events, secrets, tokenLifetimeSeconds, rotateAfterMs = 90 * dayMs } = options
    this.#onRotated = options.onRotated ?? (() => {})
    this.#database = database
    this.#clock = clock
    this.#events = events
    this.#secrets = secrets
    this.#rotateAfterMs = rotateAfterMs
    this.#tokenLifetimeSeconds = tokenLifetimeSeconds
  }

  /** The key that signs now; made when there is none, replaced when it is old. */
  async getCurrentKey(): Promise<SigningKey> {
    const current = await this.#freshCurrentKey()
    return (
      current ??
      (await this.#oneAtATime(async () => (await this.#freshCurrentKey()) ?? (await this.#rotate(self, true))))
    )
  }

  /** The key with exactly this id, as long as tokens signed by it may be alive. */
  async findKey(kid: string): Promise<SigningKey | undefined> {
    await this.#reloadAfter(reloadAfterMs)
    if (!this.#keys.has(kid)) await this.#reloadAfter(unknownKeyReloadMs)
    const key = this.#keys.get(kid)
    if (key?.retiredAt === undefined) return key
    return key.retiredAt + (await this.#keepRetiredMs()) < this.#clock.now() ? undefined : key
  }

  async #keepRetiredMs(): Promise<number> {
    return (await this.#tokenLifetimeSeconds()) * 1000 + retiredMarginMs
  }

  /** Makes a new key sign from now on. Tokens signed by the old one stay valid until they expire. */
  async rotateSigningKey(actor: Actor): Promise<string> {
    return (await this.#oneAtATime(() => this.#rotate(actor, false))).kid
  }

  /** Others may have changed the keys: they are read again before the next one is used. */
  forget(): void {
    this.#loadedAt = undefined
    this.#generation++
  }

  async #freshCurrentKey(): Promise<SigningKey | undefined> {
    await this.#reloadAfter(reloadAfterMs)
    const youngEnough = this.#clock.now() - this.#rotateAfterMs
    return [...this.#keys.values()].find((key) => key.retiredAt === undefined && key.createdAt > youngEnough)
  }

  async #rotate(actor: Actor, unlessFresh: boolean): Promise<SigningKey> {
    const made = await makeKey()
    // Before the transaction: no connection is taken inside another.
    const keepRetiredMs = await this.#keepRetiredMs()
    await this.#database.write(async (tx) => {
      const now = this.#clock.now()
      const active = await tx
        .selectFrom('signing_key')
        .select('created_at')
        .where('retired_at', 'is', null)
        .orderBy('created_at', 'desc')
        .executeTakeFirst()
      // Another process may have been quicker.
      if (unlessFresh && active !== undefined && active.created_at > now - this.#rotateAfterMs) return
      await tx.updateTable('signing_key').set({ retired_at: now }).where('retired_at', 'is', null).execute()
      await tx
        .deleteFrom('signing_key')
        .where('retired_at', '<', now - keepRetiredMs)
        .execute()
      const jwk = await this.#secrets.seal(tx, placeIn(signingKeySecrets, made.kid), JSON.stringify(made.jwk))
      await tx
        .insertInto('signing_key')
        .values({ kid: made.kid, algorithm, private_jwk: jwk, created_at: now, retired_at: null })
        .execute()
      await this.#events.record(tx, actor, { type: 'rotate_signing_key', kid: made.kid })
    })
    this.#onRotated()
    // A load under way may have read the rows from before.
    await this.#loading
    this.forget()
    const current = await this.#freshCurrentKey()
    if (current === undefined) throw new Error('there is no signing key although one was just made')
    return current
  }

  async #reloadAfter(ageMs: number): Promise<void> {
    if (this.#loadedAt !== undefined && Math.abs(this.#clock.now() - this.#loadedAt) < ageMs) return
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined
    })
    await this.#loading
  }

  async #load(): Promise<void> {
    const loadedAt = this.#clock.now()
    const generation = this.#generation
    const rows = await this.#database.read
      .selectFrom('signing_key')
      .selectAll()
      .orderBy('created_at', 'desc')
      .orderBy('kid')
      .execute()
    const known = this.#keys
    const keys = await Promise.all(
      rows.map(async (row): Promise<SigningKey> => {
        const imported = known.get(row.kid) ?? (await this.#open(row))
        return {
          kid: row.kid,
          algorithm: row.algorithm,
          privateKey: imported.privateKey,
          publicKey: imported.publicKey,
          createdAt: row.created_at,
          retiredAt: row.retired_at ?? undefined,
        }
      }),
    )
    this.#keys = new Map(keys.map((key) => [key.kid, key]))
    if (generation === this.#generation) this.#loadedAt = loadedAt
  }

  async #open({ kid, algorithm: of, private_jwk: sealed }: Selectable<SigningKeyTable>) {
    const jwk = await this.#secrets.open(this.#database.read, placeIn(signingKeySecrets, kid), sealed)
    return await importKey(of, JSON.parse(jwk) as JWK)
  }

  async #oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#underWay.then(work)
    // What failed for one caller is tried again for the next.
    this.#underWay = run.catch(() => undefined)
    return await run
  }
}

async function makeKey(): Promise<{ kid: string; jwk: JWK }> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true })
  const jwk = await exportJWK(privateKey)
  return { kid: await calculateJwkThumbprint(jwk), jwk }
}

async function importKey(keyAlgorithm: string, jwk: JWK): Promise<Pick<SigningKey, 'privateKey' | 'publicKey'>> {
  const { d: _private, ...publicJwk } = jwk
  return {
    privateKey: (await importJWK({ ...jwk, ext: false }, keyAlgorithm)) as CryptoKey,
    publicKey: (await importJWK(publicJwk, keyAlgorithm)) as CryptoKey,
  }
}

import type { Dialect, Reader, Writer } from '../../database/database.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import { EnvelopeRefused, keyIdOf, openText, sealText, type NamedKey, type SecretPlace } from './envelope.ts'
import { newDataKey, unwrapDataKey, type OuterKeys } from './outer-keys.ts'

export interface SecretsOptions {
  readonly dialect: Dialect
  readonly clock: Clock
  readonly outerKeys: OuterKeys
  /** Reads them anew: another process may have sealed with one that came since. */
  readonly readOuterKeys?: () => Promise<OuterKeys>
  /** Hears of each value that could not be opened. */
  readonly onUnreadable?: (table: string) => void
}

/** So often the key that seals may change while a transaction waits for it. */
const maxTries = 5

/**
 * Seals secrets before they are stored and opens them where they are used. Values are sealed with a key of the database
 * (`secret_key`), which is itself sealed with the outer key, so that all processes of a registry have the same one and a
 * copy of the database alone is of no use.
 */
export class Secrets {
  readonly #dialect: Dialect
  readonly #clock: Clock
  readonly #onUnreadable: (table: string) => void
  readonly #readOuterKeys: (() => Promise<OuterKeys>) | undefined
  readonly #dataKeys = new Map<string, NamedKey>()
  #learning: Promise<void> | undefined
  #outerKeys: OuterKeys

  constructor({ dialect, clock, outerKeys, readOuterKeys, onUnreadable = () => {} }: SecretsOptions) {
    this.#dialect = dialect
    this.#clock = clock
    this.#outerKeys = outerKeys
    this.#readOuterKeys = readOuterKeys
    this.#onUnreadable = onUnreadable
  }

  get outerKeys(): OuterKeys {
    return this.#outerKeys
  }

  /** Reads the outer keys anew. Before a rotation, which seals with the first of them. */
  async learnOuterKeys(): Promise<void> {
    if (this.#readOuterKeys === undefined) return
    this.#learning ??= this.#readOuterKeys()
      .then((keys) => void (this.#outerKeys = keys))
      .finally(() => (this.#learning = undefined))
    await this.#learning
  }

  /** The form in which a secret is stored, in the transaction that stores it. Nothing stays nothing. */
  async seal(tx: Writer, place: SecretPlace, text: string): Promise<string> {
    return text === '' ? '' : sealText(await this.sealingKey(tx), place, text)
  }

  /**
   * The secret again. A value that is not sealed is refused too: somebody put it there beside this program.
   * @throws DomainError SECRET_UNREADABLE, UNAVAILABLE when this process has not got its outer key
   */
  async open(reader: Reader, place: SecretPlace, stored: string): Promise<string> {
    if (stored === '') return ''
    try {
      const key = await this.#dataKeyOf(reader, stored)
      return openText(key, place, stored).toString('utf8')
    } catch (cause) {
      if (!(cause instanceof EnvelopeRefused)) throw cause
      this.#onUnreadable(place.table)
      throw new DomainError(
        'SECRET_UNREADABLE',
        `the secret in ${place.table} ${place.row} cannot be read: ${cause.message}; enter it again, or see berth secrets status`,
        { cause },
      )
    }
  }

  /** Whether a stored value opens. */
  async opens(reader: Reader, place: SecretPlace, stored: string): Promise<boolean> {
    try {
      openText(await this.#dataKeyOf(reader, stored), place, stored)
      return true
    } catch (error) {
      if (error instanceof EnvelopeRefused || error instanceof DomainError) return false
      throw error
    }
  }

  /**
   * The key that seals now. It keeps that part until the transaction ends: a rotation waits for the transaction, and finds what
   * it sealed.
   * @throws DomainError UNAVAILABLE when this process has not got the outer key that it is sealed with
   */
  async sealingKey(tx: Writer): Promise<NamedKey> {
    for (let tried = 0; tried < maxTries; tried++) {
      const row = await this.#findSealingRow(tx)
      if (row === undefined) {
        await this.ensureDataKey(tx)
        continue
      }
      const key = this.#dataKeys.get(row.id) ?? unwrapDataKey(this.#outerKeys, row)
      if (key === undefined) throw this.#lacks(row.outer_key_id)
      this.#dataKeys.set(key.id, key)
      return key
    }
    throw new DomainError('UNAVAILABLE', 'the key that seals secrets is being changed: try again', {
      retryAfterSeconds: 1,
    })
  }

  /** A key of the database, unless it has one that seals. */
  async ensureDataKey(tx: Writer): Promise<void> {
    if ((await this.#findSealingRow(tx)) !== undefined) return
    const { values } = this.#newRow()
    await tx
      .insertInto('secret_key')
      .values(values)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }

  /** One more, which seals once those before it are retired. Returns its id. */
  async addDataKey(tx: Writer): Promise<string> {
    const { id, values } = this.#newRow()
    await tx.insertInto('secret_key').values(values).execute()
    return id
  }

  #newRow() {
    const [outer] = this.#outerKeys
    if (outer === undefined) throw new DomainError('UNAVAILABLE', 'there is no outer key to seal secrets with')
    const { key, wrapped } = newDataKey(outer)
    const values = { id: key.id, wrapped, outer_key_id: outer.id, created_at: this.#clock.now(), retired_at: null }
    return { id: key.id, values }
  }

  /** Looks for it beside the request: a transaction reads no files. */
  #lacks(outerKeyId: string): DomainError {
    void this.learnOuterKeys().catch(() => {})
    return new DomainError(
      'UNAVAILABLE',
      `this process has not got the outer key ${outerKeyId}: give it the one that the others have (secrets.key_file), and start it again`,
      { retryAfterSeconds: 1 },
    )
  }

  /** On PostgreSQL under a lock that a rotation waits for; SQLite has one writer. */
  async #findSealingRow(tx: Writer) {
    const query = tx.selectFrom('secret_key').selectAll().where('retired_at', 'is', null)
    return await (this.#dialect === 'postgres' ? query.forShare() : query).executeTakeFirst()
  }

  async #dataKeyOf(reader: Reader, stored: string): Promise<NamedKey> {
    const id = keyIdOf(stored)
    if (id === undefined) throw new EnvelopeRefused('it is not sealed')
    const known = this.#dataKeys.get(id)
    if (known !== undefined) return known
    const row = await reader.selectFrom('secret_key').selectAll().where('id', '=', id).executeTakeFirst()
    if (row === undefined) throw new EnvelopeRefused(`its key ${id} is gone`)
    const key = unwrapDataKey(this.#outerKeys, row)
    if (key === undefined) throw this.#lacks(row.outer_key_id)
    this.#dataKeys.set(id, key)
    return key
  }
}

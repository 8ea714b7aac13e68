import type { Database } from '../../../database/database.ts'
import type { Clock } from '../../clock.ts'
import { AuditKey } from './statements.ts'

/** Finds the key that signs; made when there is none. */
export class AuditKeys {
  readonly #database: Database
  readonly #clock: Clock
  readonly #privatePem: string | undefined
  #current: Promise<AuditKey> | undefined

  /** `privatePem`: the operator's own, which the database then never has. */
  constructor({ database, clock, privatePem }: { database: Database; clock: Clock; privatePem?: string | undefined }) {
    this.#database = database
    this.#clock = clock
    this.#privatePem = privatePem
  }

  /** Never inside a transaction. */
  async current(): Promise<AuditKey> {
    this.#current ??= this.#find()
    try {
      return await this.#current
    } catch (error) {
      this.#current = undefined
      throw error
    }
  }

  async #find(): Promise<AuditKey> {
    if (this.#privatePem !== undefined) {
      const key = new AuditKey(this.#privatePem)
      await this.#keep(key, null)
      return key
    }
    const kept = await this.#oldest()
    if (kept !== undefined) return kept
    const { key, privatePem } = AuditKey.make()
    await this.#keep(key, privatePem)
    // Another process may have been quicker; all sign with the oldest.
    return (await this.#oldest())!
  }

  async #oldest(): Promise<AuditKey | undefined> {
    const row = await this.#database.read
      .selectFrom('audit_key')
      .select('private_key')
      .where('private_key', 'is not', null)
      .orderBy('created_at')
      .orderBy('fingerprint')
      .limit(1)
      .executeTakeFirst()
    return row === undefined ? undefined : new AuditKey(row.private_key!)
  }

  async #keep({ fingerprint, publicKey }: AuditKey, privatePem: string | null): Promise<void> {
    await this.#database.write(async (tx) => {
      await tx
        .insertInto('audit_key')
        .values({ fingerprint, public_key: publicKey, private_key: privatePem, created_at: this.#clock.now() })
        .onConflict((conflict) => conflict.column('fingerprint').doNothing())
        .execute()
    })
  }
}

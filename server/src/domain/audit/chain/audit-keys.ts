import type { Database } from '../../../database/database.ts'
import type { Clock } from '../../clock.ts'
import { placeIn, sealedColumn } from '../../secrets/sealed-column.ts'
import type { Secrets } from '../../secrets/secrets.ts'
import { AuditKey } from './statements.ts'

/** The public part stays when the private one is given up: it verifies what was signed until then. */
export const auditKeySecrets = sealedColumn({
  ...{ table: 'audit_key', column: 'private_key', key: 'fingerprint' },
  holds: 'keys that sign the audit log',
  givenUp: 'emptied',
})

interface AuditKeysOptions {
  readonly database: Database
  readonly clock: Clock
  readonly secrets: Secrets
  /** The operator's own key, which the database then never has. */
  readonly privatePem?: string | undefined
}

/** Finds the key that signs; made when there is none. */
export class AuditKeys {
  readonly #database: Database
  readonly #clock: Clock
  readonly #secrets: Secrets
  readonly #privatePem: string | undefined
  #current: Promise<AuditKey> | undefined

  constructor({ database, clock, secrets, privatePem }: AuditKeysOptions) {
    this.#database = database
    this.#clock = clock
    this.#secrets = secrets
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
    const { read } = this.#database
    const row = await read
      .selectFrom('audit_key')
      .select(['fingerprint', 'private_key'])
      .where('private_key', 'is not', null)
      .where('private_key', '<>', '')
      .orderBy('created_at')
      .orderBy('fingerprint')
      .limit(1)
      .executeTakeFirst()
    if (row === undefined) return undefined
    return new AuditKey(await this.#secrets.open(read, placeIn(auditKeySecrets, row.fingerprint), row.private_key!))
  }

  async #keep({ fingerprint, publicKey }: AuditKey, privatePem: string | null): Promise<void> {
    await this.#database.write(async (tx) => {
      const sealed =
        privatePem === null ? null : await this.#secrets.seal(tx, placeIn(auditKeySecrets, fingerprint), privatePem)
      await tx
        .insertInto('audit_key')
        .values({ fingerprint, public_key: publicKey, private_key: sealed, created_at: this.#clock.now() })
        .onConflict((conflict) => conflict.column('fingerprint').doNothing())
        .execute()
    })
  }
}

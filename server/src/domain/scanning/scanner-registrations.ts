import { randomUUID } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { Database, Reader, Writer } from '../../database/database.ts'
import type { ScannerTable } from '../../database/schema/scanning.ts'
import { isUniqueViolation } from '../../database/violations.ts'
import type { Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import { assertCanInSystem } from '../access/roles/authorise.ts'
import type { SystemPermission } from '../access/roles/grantable-permissions.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { ScannerFailure, type OpenScannerAdapter } from '../../clients/scanner/scanner-adapter.ts'
import { addressOfFields, checkScannerFields, type CheckedScannerFields, type ScannerFields } from './scanner-fields.ts'
import { placeIn } from '../secrets/sealed-column.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { scannerOf, scannerSecrets, type Scanner } from './scanners.ts'

export interface ScannerRegistrationsOptions {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly secrets: Secrets
  readonly openAdapter: OpenScannerAdapter
}

type Row = Selectable<ScannerTable>

/** The adapters that this registry knows. A new one is asked for its metadata before it is taken. */
export class ScannerRegistrations {
  readonly #options: ScannerRegistrationsOptions

  constructor(options: ScannerRegistrationsOptions) {
    this.#options = options
  }

  /**
   * @returns its UUID
   * @throws DomainError BAD_REQUEST, SCANNER_UNREACHABLE, CONFLICT, UNAUTHENTICATED, FORBIDDEN
   */
  async create(actor: Actor, given: ScannerFields): Promise<string> {
    assertCanInSystem(actor, 'scanner:create')
    const fields = checkScannerFields(given)
    await this.#assertUsable(fields)
    const { database, clock, events } = this.#options
    const id = randomUUID()
    const now = clock.now()
    await unlessTaken(async () =>
      database.write(async (tx) => {
        await this.#assertMayNow(tx, actor, 'scanner:create')
        await tx
          .insertInto('scanner')
          .values({
            id,
            ...(await this.#rowOf(tx, id, fields)),
            is_default: 0,
            is_built_in: 0,
            created_at: now,
            updated_at: now,
          })
          .execute()
        await events.record(tx, actor, { type: 'create_scanner', scanner: fields.name })
      }),
    )
    return id
  }

  /**
   * Everything that is left out becomes empty, as in Harbor, but for a credential that is still needed.
   * @throws DomainError SCANNER_UNKNOWN before anything else, FORBIDDEN for the engine of this program, BAD_REQUEST, PRECONDITION for
   *   a default that would be disabled, CONFLICT
   */
  async update(actor: Actor, id: string, given: ScannerFields): Promise<void> {
    assertCanInSystem(actor, 'scanner:update')
    const { database, clock, events } = this.#options
    await unlessTaken(async () =>
      database.write(async (tx) => {
        await this.#assertMayNow(tx, actor, 'scanner:update')
        const row = await this.#getChangeable(tx, id, 'update')
        const fields = checkScannerFields(await this.#withKnownCredential(tx, row, given))
        if (row.is_default === 1 && fields.disabled)
          throw new DomainError('PRECONDITION', `${row.name} is the default: make another scanner the default first`)
        await tx
          .updateTable('scanner')
          .set({ ...(await this.#rowOf(tx, id, fields)), updated_at: Math.max(clock.now(), row.updated_at + 1) })
          .where('id', '=', id)
          .execute()
        const changed = changedFields(row, fields, given)
        await events.record(tx, actor, { type: 'update_scanner', scanner: fields.name, changed })
      }),
    )
  }

  /**
   * Where it was the default, the engine of this program is again. Reports that it made stay with their images.
   * @throws DomainError SCANNER_UNKNOWN, FORBIDDEN for the engine of this program
   */
  async delete(actor: Actor, id: string): Promise<Scanner> {
    assertCanInSystem(actor, 'scanner:delete')
    const { database, clock, events } = this.#options
    return await database.write(async (tx) => {
      await this.#assertMayNow(tx, actor, 'scanner:delete')
      const row = await this.#getChangeable(tx, id, 'delete')
      await tx.deleteFrom('scanner').where('id', '=', id).execute()
      if (row.is_default === 1) {
        const now = clock.now()
        await tx
          .updateTable('scanner')
          .set({ is_default: 1, updated_at: now })
          .where('is_built_in', '=', 1)
          .where('disabled', '=', 0)
          .execute()
      }
      await events.record(tx, actor, { type: 'delete_scanner', scanner: row.name })
      return scannerOf(row)
    })
  }

  /**
   * Asks an adapter that is not known yet, or a known one over what is given.
   * @throws DomainError BAD_REQUEST, SCANNER_UNREACHABLE, SCANNER_UNKNOWN
   */
  async ping(actor: Actor, given: ScannerFields, id?: string): Promise<void> {
    assertCanInSystem(actor, 'scanner:read')
    if (id === undefined) return await this.#assertUsable(checkScannerFields(given))
    const row = await this.#options.database.read
      .selectFrom('scanner')
      .selectAll()
      .where('id', '=', id)
      .where('is_built_in', '=', 0)
      .executeTakeFirst()
    if (row === undefined) throw unknown(id)
    const fields = await this.#withKnownCredential(this.#options.database.read, row, given)
    await this.#assertUsable(checkScannerFields(fields))
  }

  async #assertUsable(fields: CheckedScannerFields): Promise<void> {
    try {
      await this.#options.openAdapter(addressOfFields(fields)).metadata()
    } catch (cause) {
      if (!(cause instanceof ScannerFailure)) throw cause
      throw new DomainError('SCANNER_UNREACHABLE', `the scanner cannot be used: ${cause.message}`, { cause })
    }
  }

  async #getChangeable(tx: Writer, id: string, verb: 'update' | 'delete'): Promise<Row> {
    const row = await tx.selectFrom('scanner').selectAll().where('id', '=', id).executeTakeFirst()
    if (row === undefined) throw unknown(id)
    if (row.is_built_in === 0) return row
    throw new DomainError(
      'FORBIDDEN',
      `registration ${row.name} is not allowed to ${verb} as it is immutable: scanner API: ${verb}`,
    )
  }

  async #rowOf(tx: Writer, id: string, fields: CheckedScannerFields) {
    const credential = await this.#options.secrets.seal(tx, placeIn(scannerSecrets, id), fields.credential)
    return { ...rowOf(fields), credential }
  }

  /**
   * A credential that is not given again stays, as long as it goes where it went.
   * @throws DomainError BAD_REQUEST when it would go to another address, or to anybody who answers there; SECRET_UNREADABLE
   */
  async #withKnownCredential(reader: Reader, row: Row, given: ScannerFields): Promise<ScannerFields> {
    if (given.credential !== '' || given.auth === '' || row.credential === '') return given
    const moved = !URL.canParse(given.url) || new URL(given.url).origin !== new URL(row.url).origin
    const weaker = given.skipsCertificateCheck && row.skip_certificate_check === 0
    if (moved || weaker)
      throw new DomainError(
        'BAD_REQUEST',
        'give the access_credential again: it was given for another url or for a verified one',
      )
    const credential = await this.#options.secrets.open(reader, placeIn(scannerSecrets, row.id), row.credential)
    return { ...given, credential }
  }

  /** Adapters take their time to answer: rights may have gone since. */
  async #assertMayNow(tx: Writer, actor: Actor, permission: SystemPermission): Promise<void> {
    assertCanInSystem(await currentActor(tx, actor, this.#options.clock.now()), permission)
  }
}

function rowOf(fields: CheckedScannerFields) {
  const flag = (value: boolean) => (value ? (1 as const) : (0 as const))
  return {
    name: fields.name,
    url: fields.url,
    description: fields.description,
    auth: fields.auth,
    skip_certificate_check: flag(fields.skipsCertificateCheck),
    use_internal_address: flag(fields.usesInternalAddress),
    disabled: flag(fields.disabled),
  }
}

/** Names of columns, never their values: one of them is a secret. */
function changedFields(row: Row, fields: CheckedScannerFields, given: ScannerFields): readonly string[] {
  const next = rowOf(fields)
  const changed = (Object.keys(next) as (keyof typeof next)[]).filter((key) => next[key] !== row[key])
  const hasOther = given.credential !== '' || (fields.credential === '') !== (row.credential === '')
  return hasOther ? [...changed, 'credential'] : changed
}

async function unlessTaken(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    throw new DomainError('CONFLICT', 'registration name or url already exists', { reason: 'NAME_TAKEN' })
  }
}

const unknown = (id: string): DomainError => new DomainError('SCANNER_UNKNOWN', `scanner ${id.slice(0, 100)} not found`)

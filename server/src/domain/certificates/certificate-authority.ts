import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Database, Reader, Writer } from '../../database/database.ts'
import { lockName } from '../../database/locking.ts'
import { refusalOfCertificates } from '../../runtime/pem.ts'
import type { Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import { assertSystemAdministrator } from '../access/roles/authorise.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { placeIn, sealedColumn, type SealedColumn } from '../secrets/sealed-column.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { fingerprintOf, makeIssuer, makeRoot, validityOf, type CertificateWithKey } from './x509.ts'

export interface CertificateServices {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  /** Keys are sealed before they are stored. */
  readonly secrets: Secrets
}

/** What everybody may know of the authority. */
export interface AuthorityFacts {
  /** PEM: what clients are told to trust. */
  readonly root: string
  readonly fingerprint: string
  readonly subject: string
  readonly rootNotAfter: number
  readonly issuerNotAfter: number
  /** Whether the key of the root lies in the database, so that the issuer is renewed without a person. */
  readonly rootKept: boolean
  readonly createdAt: number
}

/** An authority whose root's key stays elsewhere. PEM. */
export interface BroughtAuthority {
  readonly root: string
  readonly issuer: CertificateWithKey
}

export const rootKeySecrets = sealedColumn({
  ...{ table: 'certificate_authority', column: 'root_key', key: 'id' },
  holds: 'the key of the root of the registry’s own authority',
  givenUp: 'emptied',
})

export const issuerKeySecrets = sealedColumn({
  ...{ table: 'certificate_authority', column: 'issuer_key', key: 'id' },
  holds: 'the key of the issuer of the registry’s own authority',
  givenUp: 'emptied',
})

const dayMs = 24 * 60 * 60_000
/** An issuer is renewed so long before its end. */
const issuerRenewalMs = 365 * dayMs
const self: Actor = { kind: 'system', name: 'certificates' }
/** What makes and renews it waits for each other by. */
const oneAuthority = 'certificate authority'

type AuthorityRow = NonNullable<Awaited<ReturnType<typeof findRow>>>

const findRow = async (db: Reader) =>
  await db.selectFrom('certificate_authority').selectAll().where('current', '=', 1).executeTakeFirst()

/** The registry's own authority: clients trust its root, and its issuer signs what the registry serves. */
export class CertificateAuthority {
  readonly #services: CertificateServices

  constructor(services: CertificateServices) {
    this.#services = services
  }

  async find(): Promise<AuthorityFacts | undefined> {
    const row = await findRow(this.#services.database.read)
    return row === undefined ? undefined : factsOf(row)
  }

  /** @throws DomainError CERTIFICATE_UNKNOWN */
  async get(): Promise<AuthorityFacts> {
    const found = await this.find()
    if (found !== undefined) return found
    throw new DomainError(
      'CERTIFICATE_UNKNOWN',
      'this registry has no certificate authority of its own: berth ca init makes one',
    )
  }

  /**
   * Makes an authority, or takes one whose root is kept elsewhere.
   * @throws DomainError CONFLICT where there is one: clients trust its root
   */
  async create(actor: Actor, name: string, brought?: BroughtAuthority): Promise<AuthorityFacts> {
    assertSystemAdministrator(actor)
    if (brought !== undefined) assertIssues(brought, this.#services.clock.now())
    const made = brought ?? (await this.#make(name))
    return await this.#services.database.write(async (tx) => {
      assertSystemAdministrator(await currentActor(tx, actor, this.#services.clock.now()))
      await lockName(this.#services.database, tx, oneAuthority)
      const known = await findRow(tx)
      if (known !== undefined)
        throw new DomainError(
          'CONFLICT',
          `there is an authority already (${fingerprintOf(known.root_certificate)}), and clients trust it: berth ca show`,
        )
      return await this.#insert(tx, actor, made)
    })
  }

  /** The authority, made when there is none: several processes that start at once get the same one. */
  async ensure(name: string): Promise<AuthorityFacts> {
    const known = await this.find()
    if (known !== undefined) return known
    const made = await this.#make(name)
    return await this.#services.database.write(async (tx) => {
      await lockName(this.#services.database, tx, oneAuthority)
      const quicker = await findRow(tx)
      return quicker === undefined ? await this.#insert(tx, self, made) : factsOf(quicker)
    })
  }

  /** Takes a new issuer that the same root has signed elsewhere. */
  async renewIssuer(actor: Actor, issuer: CertificateWithKey): Promise<AuthorityFacts> {
    assertSystemAdministrator(actor)
    return await this.#services.database.write(async (tx) => {
      assertSystemAdministrator(await currentActor(tx, actor, this.#services.clock.now()))
      await lockName(this.#services.database, tx, oneAuthority)
      const known = await findRow(tx)
      if (known === undefined)
        throw new DomainError('CERTIFICATE_UNKNOWN', 'there is no authority to renew: berth ca init')
      assertIssues({ root: known.root_certificate, issuer }, this.#services.clock.now())
      return await this.#replaceIssuer(tx, actor, known, issuer)
    })
  }

  /**
   * What signs now. An issuer near its end is renewed first, where the root's key is here.
   * @throws DomainError CERTIFICATE_UNKNOWN without an authority; PRECONDITION when the issuer has ended
   */
  async issuer(): Promise<CertificateWithKey> {
    const { database, clock } = this.#services
    const row = await findRow(database.read)
    if (row === undefined) throw new DomainError('CERTIFICATE_UNKNOWN', 'there is no authority: berth ca init')
    const left = validityOf(row.issuer_certificate).notAfter - clock.now()
    if (left > issuerRenewalMs || row.root_key === null || row.root_key === '') {
      if (left > 0) return await this.#issuerOf(row)
      throw new DomainError(
        'PRECONDITION',
        'the issuer of the authority has ended, and the key of its root is kept elsewhere: berth ca renew',
      )
    }
    const root = {
      certificate: row.root_certificate,
      privateKey: await this.#open(rootKeySecrets, row.id, row.root_key),
    }
    const made = await makeIssuer(nameOfAuthority(row.root_certificate), root, clock.now())
    return await database.write(async (tx) => {
      await lockName(database, tx, oneAuthority)
      const known = await findRow(tx)
      // Another process was quicker.
      if (known === undefined || known.issuer_certificate !== row.issuer_certificate)
        return await this.#issuerOf(known ?? row, tx)
      await this.#replaceIssuer(tx, self, known, made)
      return made
    })
  }

  async #issuerOf(row: AuthorityRow, reader?: Reader): Promise<CertificateWithKey> {
    const privateKey = await this.#open(issuerKeySecrets, row.id, row.issuer_key, reader)
    return { certificate: row.issuer_certificate, privateKey }
  }

  async #open(column: SealedColumn, id: number, sealed: string, reader?: Reader): Promise<string> {
    const { secrets, database } = this.#services
    return await secrets.open(reader ?? database.read, placeIn(column, id), sealed)
  }

  async #seal(tx: Writer, column: SealedColumn, id: number, key: string): Promise<string> {
    return await this.#services.secrets.seal(tx, placeIn(column, id), key)
  }

  async #make(name: string): Promise<BroughtAuthority & { readonly rootKey: string }> {
    const now = this.#services.clock.now()
    const root = await makeRoot(name, now)
    return { root: root.certificate, rootKey: root.privateKey, issuer: await makeIssuer(name, root, now) }
  }

  async #insert(
    tx: Writer,
    actor: Actor,
    { root, issuer, rootKey }: BroughtAuthority & { readonly rootKey?: string },
  ): Promise<AuthorityFacts> {
    const row = {
      root_certificate: root,
      root_key: rootKey === undefined ? null : '',
      issuer_certificate: issuer.certificate,
      issuer_key: '',
      created_at: this.#services.clock.now(),
      current: 1 as const,
    }
    const { id } = await tx.insertInto('certificate_authority').values(row).returning('id').executeTakeFirstOrThrow()
    // A sealed key is bound to its row.
    const keys = {
      issuer_key: await this.#seal(tx, issuerKeySecrets, id, issuer.privateKey),
      ...(rootKey === undefined ? {} : { root_key: await this.#seal(tx, rootKeySecrets, id, rootKey) }),
    }
    await tx.updateTable('certificate_authority').set(keys).where('id', '=', id).execute()
    const facts = factsOf({ ...row, ...keys, id })
    await this.#services.events.record(tx, actor, {
      type: 'create_certificate_authority',
      fingerprint: facts.fingerprint,
      rootKept: facts.rootKept,
    })
    return facts
  }

  async #replaceIssuer(
    tx: Writer,
    actor: Actor,
    known: AuthorityRow,
    issuer: CertificateWithKey,
  ): Promise<AuthorityFacts> {
    const changed = {
      issuer_certificate: issuer.certificate,
      issuer_key: await this.#seal(tx, issuerKeySecrets, known.id, issuer.privateKey),
    }
    await tx.updateTable('certificate_authority').set(changed).where('id', '=', known.id).execute()
    const fingerprint = fingerprintOf(issuer.certificate)
    await this.#services.events.record(tx, actor, { type: 'renew_certificate_issuer', fingerprint })
    return factsOf({ ...known, ...changed })
  }
}

function factsOf(row: AuthorityRow): AuthorityFacts {
  return {
    root: row.root_certificate,
    fingerprint: fingerprintOf(row.root_certificate),
    subject: commonNameOf(row.root_certificate),
    rootNotAfter: validityOf(row.root_certificate).notAfter,
    issuerNotAfter: validityOf(row.issuer_certificate).notAfter,
    rootKept: row.root_key !== null,
    createdAt: row.created_at,
  }
}

const commonNameOf = (certificate: string): string =>
  /CN=([^\n]*)/.exec(new X509Certificate(certificate).subject)?.[1] ?? ''
const nameOfAuthority = (root: string): string => commonNameOf(root).replace(/ Root$/, '')

/** @throws DomainError VALIDATION that says what does not fit */
function assertIssues({ root, issuer }: BroughtAuthority, now: number): void {
  const refuse = (message: string) => {
    throw new DomainError('VALIDATION', message)
  }
  for (const [field, text] of [
    ['root_certificate', root],
    ['issuer_certificate', issuer.certificate],
  ] as const) {
    const refusal = refusalOfCertificates(text)
    if (refusal !== undefined) refuse(`${field} ${refusal}`)
  }
  const top = new X509Certificate(root)
  const below = new X509Certificate(issuer.certificate)
  if (!top.ca || !top.verify(top.publicKey)) refuse('root_certificate should be of an authority that signed itself')
  if (!below.ca) refuse('issuer_certificate should be of an authority: with basicConstraints CA:TRUE')
  if (!below.checkIssued(top) || !below.verify(top.publicKey))
    refuse('issuer_certificate should be signed by root_certificate, without another authority between them')
  if (Date.parse(below.validTo) <= now) refuse('issuer_certificate has ended')
  const key = readKey(issuer.privateKey)
  if (key === undefined) return refuse('issuer_key should be a private key in PEM, without a passphrase')
  if (!below.checkPrivateKey(key)) refuse('issuer_key should belong to issuer_certificate')
}

function readKey(pem: string) {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}

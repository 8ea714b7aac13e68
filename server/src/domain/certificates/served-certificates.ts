import type { Reader, Writer } from '../../database/database.ts'
import { lockName } from '../../database/locking.ts'
import type { Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import { assertSystemAdministrator } from '../access/roles/authorise.ts'
import { DomainError } from '../errors.ts'
import { placeIn, sealedColumn } from '../secrets/sealed-column.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { CertificateAuthority, CertificateServices } from './certificate-authority.ts'
import { certificateNames, coversNames } from './certificate-names.ts'
import { pauseAfter, renewalTime } from './renewal-time.ts'
import { issueServerCertificate, validityOf, type CertificateWithKey, type KeyType } from './x509.ts'

/** What issues the certificate that is served. */
export type CertificateSource = 'authority' | 'acme'

export interface CertificatePlan {
  readonly source: CertificateSource
  /** Names and addresses that clients use. */
  readonly names: readonly string[]
  readonly keyType: KeyType
  /** Of certificates of one's own authority. */
  readonly lifetimeMs: number
}

export interface ServedPair extends CertificateWithKey {
  readonly names: readonly string[]
  readonly notBefore: number
  readonly notAfter: number
  readonly issuedAt: number
  readonly renewAt: number
}

/** How getting certificates stands. */
export interface CertificateStatus {
  readonly source: CertificateSource
  readonly served: ServedPair | undefined
  readonly failures: number
  readonly lastError: string | undefined
  readonly failedAt: number | undefined
  /** When the next attempt comes: at the renewal, or when the pause after a failure is over. */
  readonly nextAt: number
}

/** Gets a certificate for the names from elsewhere. What it throws is kept as the last error. */
export type ObtainCertificate = (
  plan: CertificatePlan,
  before: ServedPair | undefined,
) => Promise<CertificateWithKey & { readonly renewAt?: number }>

export interface ServedCertificatesOptions extends CertificateServices {
  readonly plan: CertificatePlan
  readonly authority: CertificateAuthority
  /** For the source `acme`. */
  readonly obtain?: ObtainCertificate
  readonly chance?: () => number
  /** Hears that this process stored a new one. */
  readonly onIssued?: () => void
}

export const servedKeySecrets = sealedColumn({
  ...{ table: 'served_certificate', column: 'private_key', key: 'source' },
  holds: 'the key of the certificate that clients see',
  givenUp: 'deleted',
})

const self = { kind: 'system', name: 'certificates' } as const satisfies Actor
const maxErrorLength = 1_000

/** The certificate that all processes serve, in the database: each finds a new one there. */
export class ServedCertificates {
  readonly #options: ServedCertificatesOptions
  readonly #chance: () => number

  constructor(options: ServedCertificatesOptions) {
    this.#options = options
    this.#chance = options.chance ?? Math.random
  }

  get plan(): CertificatePlan {
    return this.#options.plan
  }

  async find(): Promise<ServedPair | undefined> {
    return await findPair(this.#options.database.read, this.plan.source, this.#options.secrets)
  }

  /** When the one that is served was issued: cheap to ask for again and again. */
  async issuedAt(): Promise<number | undefined> {
    const row = await this.#options.database.read
      .selectFrom('served_certificate')
      .select('issued_at')
      .where('source', '=', this.plan.source)
      .executeTakeFirst()
    return row?.issued_at
  }

  /** The pair to begin with. One of the own authority is made at once; a public one comes later. */
  async ensure(): Promise<ServedPair | undefined> {
    if (this.plan.source === 'authority' && (await this.isDue())) await this.renew()
    return await this.find()
  }

  async status(): Promise<CertificateStatus> {
    const { database } = this.#options
    const { source } = this.plan
    const served = await this.find()
    const attempt = await findAttempt(database.read, source)
    const plannedAt = attempt?.asked_at ?? served?.renewAt ?? 0
    const nextAt = attempt !== undefined && attempt.failures > 0 ? attempt.next_at : plannedAt
    return {
      source,
      served,
      failures: attempt?.failures ?? 0,
      lastError: attempt?.last_error ?? undefined,
      failedAt: attempt?.failed_at ?? undefined,
      nextAt,
    }
  }

  /** Whether an attempt is due: there is none, a name is missing, its time has come, or a person asked. */
  async isDue(): Promise<boolean> {
    const { database, clock } = this.#options
    const { source, names } = this.plan
    const now = clock.now()
    const attempt = await findAttempt(database.read, source)
    if (attempt !== undefined && attempt.next_at > now) return false
    if (typeof attempt?.asked_at === 'number') return true
    const served = await this.find()
    return served === undefined || served.renewAt <= now || !coversNames(served.names, names)
  }

  /**
   * Gets a new certificate and stores it for all processes. The old one stays when that fails; the failure is remembered
   * with the pause before the next attempt.
   */
  async renew(): Promise<void> {
    const before = await this.find()
    const plan = this.#planBeside(before)
    try {
      await this.#store(plan, before, await this.#obtain(plan, before))
      this.#options.onIssued?.()
    } catch (error) {
      await this.#remember(plan, error)
      throw error
    }
  }

  /** Moves the renewal of the one that is served, unless another has taken its place. */
  async reschedule({ issuedAt }: Pick<ServedPair, 'issuedAt'>, renewAt: number): Promise<void> {
    await this.#options.database.write(async (tx) => {
      await tx
        .updateTable('served_certificate')
        .set({ renew_at: renewAt })
        .where('source', '=', this.plan.source)
        .where('issued_at', '=', issuedAt)
        .execute()
    })
  }

  /** Asks for a new one now. The process that looks after it does so within seconds. */
  async request(actor: Actor): Promise<void> {
    assertSystemAdministrator(actor)
    const { database, clock, events } = this.#options
    const { source, names } = this.plan
    await database.write(async (tx) => {
      assertSystemAdministrator(await currentActor(tx, actor, clock.now()))
      const attempt = await findAttempt(tx, source)
      const now = clock.now()
      if (attempt !== undefined && attempt.next_at > now && attempt.failures > 0 && attempt.asked_at !== null)
        throw new DomainError('TOO_MANY_REQUESTS', 'a new certificate was asked for already, and its issuer said no', {
          retryAfterSeconds: Math.ceil((attempt.next_at - now) / 1000),
        })
      await writeAttempt(tx, { source, asked_at: now, failures: 0, last_error: null, failed_at: null, next_at: now })
      await events.record(tx, actor, { type: 'request_certificate', source, names })
    })
  }

  /** A process with names of its own does not take away those of another, until the next renewal. */
  #planBeside(before: ServedPair | undefined): CertificatePlan {
    const { plan } = this
    if (plan.source !== 'authority' || before === undefined || before.renewAt <= this.#options.clock.now()) return plan
    return { ...plan, names: certificateNames([...plan.names, ...before.names]) }
  }

  async #obtain(
    plan: CertificatePlan,
    before: ServedPair | undefined,
  ): Promise<CertificateWithKey & { readonly renewAt?: number }> {
    const { authority, obtain, clock } = this.#options
    if (plan.source === 'authority')
      return await issueServerCertificate(await authority.issuer(), { ...plan, now: clock.now() })
    if (obtain === undefined) throw new TypeError('there is nothing to get a certificate from')
    return await obtain(plan, before)
  }

  async #store(
    { source, names }: CertificatePlan,
    before: ServedPair | undefined,
    made: CertificateWithKey & { readonly renewAt?: number },
  ): Promise<void> {
    const { database, clock, events, secrets } = this.#options
    const { notBefore, notAfter } = validityOf(made.certificate)
    const renewAt = made.renewAt ?? renewalTime({ notBefore, notAfter }, this.#chance())
    await database.write(async (tx) => {
      await lockName(database, tx, `served certificate ${source}`)
      // Another process was quicker: all serve what it got.
      if ((await findRow(tx, source))?.issued_at !== before?.issuedAt) return
      const row = {
        source,
        certificate: made.certificate,
        private_key: await secrets.seal(tx, placeIn(servedKeySecrets, source), made.privateKey),
        names: JSON.stringify(names),
        not_before: notBefore,
        not_after: notAfter,
        issued_at: clock.now(),
        renew_at: renewAt,
      }
      await tx
        .insertInto('served_certificate')
        .values(row)
        .onConflict((conflict) => conflict.column('source').doUpdateSet(row))
        .execute()
      await tx.deleteFrom('certificate_attempt').where('source', '=', source).execute()
      await events.record(tx, self, {
        type: 'issue_certificate',
        source,
        names,
        notAfter: new Date(notAfter).toISOString(),
      })
    })
  }

  async #remember({ source, names }: CertificatePlan, error: unknown): Promise<void> {
    const { database, clock, events } = this.#options
    const reason = (error instanceof Error ? error.message : String(error)).slice(0, maxErrorLength)
    const waitMs = ((error as { retryAfterSeconds?: number }).retryAfterSeconds ?? 0) * 1000
    await database.write(async (tx) => {
      const attempt = await findAttempt(tx, source)
      const failures = (attempt?.failures ?? 0) + 1
      const now = clock.now()
      await writeAttempt(tx, {
        source,
        asked_at: attempt?.asked_at ?? null,
        failures,
        last_error: reason,
        failed_at: now,
        next_at: now + Math.max(pauseAfter(failures, this.#chance()), waitMs),
      })
      await events.record(tx, self, {
        type: 'fail_certificate',
        source,
        names,
        failed: true,
        username: self.name,
        reason,
      })
    })
  }
}

type AttemptRow = NonNullable<Awaited<ReturnType<typeof findAttempt>>>

async function findAttempt(db: Reader, source: CertificateSource) {
  return await db.selectFrom('certificate_attempt').selectAll().where('source', '=', source).executeTakeFirst()
}

async function writeAttempt(tx: Writer, row: AttemptRow): Promise<void> {
  await tx
    .insertInto('certificate_attempt')
    .values(row)
    .onConflict((conflict) => conflict.column('source').doUpdateSet(row))
    .execute()
}

const findRow = async (db: Reader, source: CertificateSource) =>
  await db.selectFrom('served_certificate').selectAll().where('source', '=', source).executeTakeFirst()

async function findPair(db: Reader, source: CertificateSource, secrets: Secrets): Promise<ServedPair | undefined> {
  const row = await findRow(db, source)
  if (row === undefined) return undefined
  return {
    certificate: row.certificate,
    privateKey: await secrets.open(db, placeIn(servedKeySecrets, source), row.private_key),
    names: JSON.parse(row.names) as readonly string[],
    notBefore: row.not_before,
    notAfter: row.not_after,
    issuedAt: row.issued_at,
    renewAt: row.renew_at,
  }
}

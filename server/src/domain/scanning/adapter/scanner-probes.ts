import type { Database } from '../../../database/database.ts'
import type { Clock } from '../../clock.ts'
import { DomainError } from '../../errors.ts'
import type { Secrets } from '../../secrets/secrets.ts'
import { readScannerAddress, type Scanner } from '../scanners.ts'
import {
  ScannerFailure,
  type OpenScannerAdapter,
  type ScannerMetadata,
} from '../../../clients/scanner/scanner-adapter.ts'

/** How an adapter answered when it was last asked. */
export type ScannerHealth =
  | { readonly kind: 'healthy'; readonly metadata: ScannerMetadata }
  | { readonly kind: 'unhealthy'; readonly reason: string }

export interface ScannerProbesOptions {
  readonly database: Database
  readonly clock: Clock
  readonly secrets: Secrets
  readonly openAdapter: OpenScannerAdapter
}

interface Probe {
  /** Of the registration: another one makes the probe worthless. */
  readonly updatedAt: number
  readonly askedAt: number
  readonly health: Promise<ScannerHealth>
}

/** As in Harbor. An adapter that is down is asked no more often than one that is up. */
const trustedMs = 30_000

/** What the adapters of this registry say of themselves, asked for at most twice a minute. */
export class ScannerProbes {
  readonly #options: ScannerProbesOptions
  readonly #probes = new Map<string, Probe>()

  constructor(options: ScannerProbesOptions) {
    this.#options = options
  }

  async health({ id, updatedAt }: Pick<Scanner, 'id' | 'updatedAt'>): Promise<ScannerHealth> {
    const now = this.#options.clock.now()
    const known = this.#probes.get(id)
    if (known?.updatedAt === updatedAt && now - known.askedAt < trustedMs) return await known.health
    const probe = { updatedAt, askedAt: now, health: this.#ask(id) }
    this.#probes.set(id, probe)
    return await probe.health
  }

  /** The same, or undefined when the answer takes longer: a list does not wait for an adapter that hangs. */
  async healthWithin(scanner: Pick<Scanner, 'id' | 'updatedAt'>, ms: number): Promise<ScannerHealth | undefined> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const tooLate = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), ms)))
    try {
      return await Promise.race([this.health(scanner), tooLate])
    } finally {
      clearTimeout(timer)
    }
  }

  async #ask(id: string): Promise<ScannerHealth> {
    const { database, secrets, openAdapter } = this.#options
    try {
      const address = await readScannerAddress(secrets, database.read, id)
      if (address === undefined) return { kind: 'unhealthy', reason: 'it was deleted' }
      return { kind: 'healthy', metadata: await openAdapter(address).metadata() }
    } catch (error) {
      if (error instanceof DomainError && error.code === 'SECRET_UNREADABLE')
        return { kind: 'unhealthy', reason: error.message }
      // The database may be away for a moment: that is nothing to remember.
      if (!(error instanceof ScannerFailure)) {
        this.#probes.delete(id)
        throw error
      }
      return { kind: 'unhealthy', reason: error.message }
    }
  }
}

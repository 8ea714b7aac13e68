import type { Clock } from '../../clock.ts'
import { DomainError } from '../../errors.ts'
import { addressBlock } from '../address-block.ts'
import { LruMap } from '../../../runtime/lru-map.ts'

/** Wrong passwords that one address may send for one username before it has to wait. */
const freeFailures = 5
const firstWaitMs = 1_000
const maxWaitMs = 15 * 60_000
/** Quiet time after which earlier failures are forgotten; longer than any wait. */
const forgetAfterMs = 30 * 60_000

/** Failures of one address, whatever the usernames: so many at once, then one every `leakMs`. */
const addressBurst = 50
const leakMs = 5_000

/** Trails kept of each kind; about 10 MB together when full. */
const capacity = 20_000

interface PairTrail {
  failures: number
  inFlight: number
  blockedUntil: number
  lastFailureAt: number
}

interface AddressTrail {
  /** Failures that have not leaked away yet. */
  level: number
  inFlight: number
  updatedAt: number
}

/** One attempt to sign in. Exactly one of its methods is called when its outcome is known. */
export interface LoginAttempt {
  /** Returns whether there were failures to forget. */
  succeeded(): boolean
  failed(): void
  /** Nothing was learned: the attempt could not be carried out. */
  abandoned(): void
}

/**
 * Makes guessing passwords slow: after a few failures an address waits longer and longer for the username it
 * fails with, and an address that fails with many usernames is held to a trickle. Other addresses are not
 * concerned, so nobody can lock a user out. Attempts under way count as failures until they are known.
 */
export class LoginBrake {
  readonly #clock: Clock
  readonly #pairs = new LruMap<string, PairTrail>(capacity)
  readonly #addresses = new LruMap<string, AddressTrail>(capacity)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @throws DomainError TOO_MANY_REQUESTS while the address has to wait */
  begin(clientAddress: string, username: string): LoginAttempt {
    const block = addressBlock(clientAddress)
    const pairKey = pairKeyOf(block, username)
    // Refused attempts leave no trail: a flood of them would push out the trails that are waited for.
    const pair = this.#findPair(pairKey) ?? newPair()
    const address = this.#findAddress(block) ?? this.#newAddress()
    this.#assertFree(pair, address)
    this.#pairs.set(pairKey, pair)
    this.#addresses.set(block, address)
    pair.inFlight += 1
    address.inFlight += 1
    const end = (): void => {
      pair.inFlight -= 1
      address.inFlight -= 1
    }
    return {
      succeeded: () => {
        end()
        return forgive(pair)
      },
      failed: () => {
        end()
        this.#recordFailure(pair, address)
        // Again, since a flood may have pushed them out while the password was verified.
        this.#pairs.set(pairKey, pair)
        this.#addresses.set(block, address)
      },
      abandoned: end,
    }
  }

  /** A failure that another process of the registry saw: an address gains nothing by trying one after the other. */
  failedElsewhere(clientAddress: string, username: string): void {
    const block = addressBlock(clientAddress)
    const pairKey = pairKeyOf(block, username)
    const pair = this.#findPair(pairKey) ?? newPair()
    const address = this.#findAddress(block) ?? this.#newAddress()
    this.#recordFailure(pair, address)
    this.#pairs.set(pairKey, pair)
    this.#addresses.set(block, address)
  }

  /** An account that was proved to another process: the failures that it told of are forgotten here too. */
  succeededElsewhere(clientAddress: string, username: string): void {
    const pair = this.#findPair(pairKeyOf(addressBlock(clientAddress), username))
    if (pair !== undefined) forgive(pair)
  }

  #findPair(key: string): PairTrail | undefined {
    const known = this.#pairs.get(key)
    if (known?.inFlight === 0 && this.#clock.now() - known.lastFailureAt > forgetAfterMs) known.failures = 0
    return known
  }

  #findAddress(block: string): AddressTrail | undefined {
    const known = this.#addresses.get(block)
    if (known === undefined) return undefined
    const now = this.#clock.now()
    // A clock set back leaks nothing rather than adding to the level.
    known.level = Math.max(0, known.level - Math.max(0, now - known.updatedAt) / leakMs)
    known.updatedAt = now
    return known
  }

  #newAddress(): AddressTrail {
    return { level: 0, inFlight: 0, updatedAt: this.#clock.now() }
  }

  #assertFree(pair: PairTrail, address: AddressTrail): void {
    const now = this.#clock.now()
    // The clock may have been set back since.
    pair.blockedUntil = Math.min(pair.blockedUntil, now + maxWaitMs)
    if (pair.blockedUntil > now) throw tooMany(pair.blockedUntil - now)
    // Once the free failures are used up, one at a time.
    if (pair.inFlight > 0 && pair.failures + pair.inFlight >= freeFailures) throw tooMany(firstWaitMs)
    const over = address.level + address.inFlight + 1 - addressBurst
    if (over > 0) throw tooMany(over * leakMs)
  }

  #recordFailure(pair: PairTrail, address: AddressTrail): void {
    const now = this.#clock.now()
    pair.failures += 1
    pair.lastFailureAt = now
    if (pair.failures >= freeFailures) {
      pair.blockedUntil = now + Math.min(maxWaitMs, firstWaitMs * 2 ** (pair.failures - freeFailures))
    }
    address.level += 1
  }
}

/** The address keeps its failures: who owns one account must not wipe out guesses at others with it. */
function forgive(pair: PairTrail): boolean {
  const hadFailures = pair.failures > 0
  pair.failures = 0
  pair.blockedUntil = 0
  return hadFailures
}

function newPair(): PairTrail {
  return { failures: 0, inFlight: 0, blockedUntil: 0, lastFailureAt: 0 }
}

/**
 * Directories compare names without case, width, accents, invisible characters and repeated spaces (RFC 4518). One
 * account under many spellings has one trail; two accounts that share a trail lose nothing but guesses.
 */
function pairKeyOf(block: string, username: string): string {
  const plain = username.normalize('NFKD').replace(/[\p{M}\p{C}\p{Default_Ignorable_Code_Point}]/gu, '')
  const folded = plain.toLowerCase().toUpperCase().toLowerCase().replace(/\s+/gu, ' ').trim()
  return `${block} ${folded}`
}

function tooMany(waitMs: number): DomainError {
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1_000))
  return new DomainError('TOO_MANY_REQUESTS', `too many failed logins; try again in ${retryAfterSeconds} s`, {
    retryAfterSeconds,
  })
}

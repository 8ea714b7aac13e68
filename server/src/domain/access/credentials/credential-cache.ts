import { createHmac, randomBytes } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { LruMap } from '../../../runtime/lru-map.ts'

const capacity = 10_000
const keepMs = 5 * 60_000

interface Verified {
  readonly accountId: number
  readonly version: number
  readonly expiresAt: number
}

/**
 * Remembers for a short time which passwords were verified, without remembering passwords: entries stand under
 * an HMAC with a key that only this process has and that no dump of the database contains. An entry holds for
 * one version of one account, which the caller reads from the database each time; so a changed account is
 * forgotten at once, whichever process changed it.
 */
export class CredentialCache {
  readonly #key = randomBytes(32)
  readonly #verified = new LruMap<string, Verified>(capacity)
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The name under which a credential may be kept in memory. */
  keyOf(username: string, password: string): string {
    // The length keeps "ab" + "c" apart from "a" + "bc".
    return createHmac('sha256', this.#key).update(`${username.length}:${username}${password}`).digest('base64')
  }

  isVerified(key: string, account: { readonly id: number; readonly version: number }): boolean {
    const verified = this.#verified.get(key)
    if (verified === undefined) return false
    const valid =
      verified.accountId === account.id &&
      verified.version === account.version &&
      this.#clock.now() < verified.expiresAt
    if (!valid) this.#verified.delete(key)
    return valid
  }

  remember(key: string, account: { readonly id: number; readonly version: number }): void {
    this.#verified.set(key, { accountId: account.id, version: account.version, expiresAt: this.#clock.now() + keepMs })
  }
}

import { LruMap } from '../../runtime/lru-map.ts'

export interface RateBoundOptions {
  readonly perMinute: number
  readonly now?: () => number
}

const minuteMs = 60_000
/** Addresses that are remembered; a flood from more of them is bounded by `perMinute` for all that were forgotten. */
const maxAddresses = 10_000

/** Requests that one address has in a minute, for doors that ask for no account. */
export class RateBound {
  readonly #perMinute: number
  readonly #now: () => number
  readonly #counts = new LruMap<string, { readonly since: number; count: number }>(maxAddresses)

  constructor({ perMinute, now = () => performance.now() }: RateBoundOptions) {
    this.#perMinute = perMinute
    this.#now = now
  }

  admits(address: string): boolean {
    const now = this.#now()
    const known = this.#counts.get(address)
    if (known === undefined || now - known.since >= minuteMs) {
      this.#counts.set(address, { since: now, count: 1 })
      return true
    }
    known.count += 1
    return known.count <= this.#perMinute
  }
}

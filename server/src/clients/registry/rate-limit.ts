/** How often a registry may be asked, as it says itself. */
export interface RateLimit {
  readonly limit: number | undefined
  readonly remaining: number | undefined
  /** Time that both are about. */
  readonly windowSeconds: number | undefined
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** Docker Hub's `ratelimit-limit: 100;w=21600` and `ratelimit-remaining: 76;w=21600`, and plain numbers of others. */
export function parseRateLimit(headers: Headers): RateLimit | undefined {
  const limit = parseAmount(headers['ratelimit-limit'] ?? headers['x-ratelimit-limit'])
  const remaining = parseAmount(headers['ratelimit-remaining'] ?? headers['x-ratelimit-remaining'])
  if (limit === undefined && remaining === undefined) return undefined
  return {
    limit: limit?.amount,
    remaining: remaining?.amount,
    windowSeconds: limit?.windowSeconds ?? remaining?.windowSeconds,
  }
}

function parseAmount(header: string | readonly string[] | undefined) {
  const text = typeof header === 'string' ? header : header?.[0]
  const match = /^\s*(\d{1,12})(?:\s*;.*?\bw=(\d{1,12}))?/.exec(text ?? '')
  if (match === null) return undefined
  return { amount: Number(match[1]), windowSeconds: match[2] === undefined ? undefined : Number(match[2]) }
}

/** Retry-After (RFC 9110 §10.2.3): seconds, or a date. Undefined when it is neither. */
export function parseRetryAfter(header: string | readonly string[] | undefined, now: number): number | undefined {
  const text = (typeof header === 'string' ? header : (header?.[0] ?? '')).trim()
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000
  const date = /^[A-Za-z]{3},/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

const hourMs = 3_600_000

/** Why a purge that leaves records of `keepMs` goes below the minimum of the configuration; undefined when it does not. */
export function whyTooShort(keepMs: number, leastMs = 0): string | undefined {
  if (keepMs >= leastMs) return undefined
  const [least, asked] = [leastMs, keepMs].map((ms) => `${Math.ceil(ms / hourMs)} hours`)
  return `audit.keep_at_least keeps records for ${least}, and this purge leaves ${asked}`
}

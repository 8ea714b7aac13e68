import { budgets, parseForeignJson } from '#contract/budget.ts'
import { ContractError } from '#contract/contract-error.ts'

export interface Token {
  readonly text: string
  /** On the clock of `performance.now()`. */
  readonly until: number
}

/** The life of a token whose answer gives none, by the token specification. */
const standardSeconds = 60
const maxSeconds = 3_600
/** Part of its life that a token is used for: its end must not come in the middle of a request. */
const usedPart = 0.8

/** A token as its service answers it; undefined when there is none, or one that could not stand in a header. */
export function parseToken(text: string): Token | undefined {
  let body: unknown
  try {
    body = parseForeignJson(text, budgets.remoteAnswer)
  } catch (error) {
    if (error instanceof ContractError) return undefined
    throw error
  }
  if (typeof body !== 'object' || body === null) return undefined
  const { token, access_token: accessToken, expires_in: expiresIn } = body as Record<string, unknown>
  const found = [token, accessToken].find((value) => typeof value === 'string' && value !== '')
  if (typeof found !== 'string' || !/^[\x21-\x7e]+$/.test(found)) return undefined
  const said = typeof expiresIn === 'number' && expiresIn > 0 ? expiresIn : standardSeconds
  return { text: found, until: performance.now() + Math.min(said, maxSeconds) * 1_000 * usedPart }
}

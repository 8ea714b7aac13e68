import { ContractError, quoted } from './contract-error.ts'

const maxTextLength = 1024

/**
 * How many entries a page may have: `n` of the query. More than `max` is cut to it, 0 asks for an empty page,
 * nothing means `fallback`. Throws `PAGE_INVALID` for what is not a whole number ≥ 0.
 */
export function parsePageSize(text: string | null, { fallback, max }: { fallback: number; max: number }): number {
  if (text === null || text === '') return fallback
  if (!/^\d+$/.test(text))
    throw new ContractError('PAGE_INVALID', `n must be a whole number from 0 on, not ${quoted(text)}`)
  return Math.min(Number(text), max)
}

/**
 * `last` of the query: the entry after which a page begins; undefined for the first page. Throws `PAGE_INVALID`
 * for what no entry can be named: too long, or with control characters (which PostgreSQL would refuse later).
 */
export function parseLast(text: string | null): string | undefined {
  return parseText('last', text)
}

/** `artifactType` of the query: only referrers of this type; undefined for all. Throws `PAGE_INVALID` as `parseLast`. */
export function parseTypeFilter(text: string | null): string | undefined {
  return parseText('artifactType', text)
}

function parseText(name: string, text: string | null): string | undefined {
  if (text === null || text === '') return undefined
  if (text.length > maxTextLength)
    throw new ContractError('PAGE_INVALID', `${name} may have at most ${maxTextLength} characters`)
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(text) || !text.isWellFormed()) {
    throw new ContractError('PAGE_INVALID', `${name} must not contain control characters: ${quoted(text)}`)
  }
  return text
}

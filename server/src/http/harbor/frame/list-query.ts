import { DomainError } from '../../../domain/errors.ts'
import { maxKeyLength, type Condition, type Listing, type SortKey } from '../../../domain/lists/listing.ts'
import { pageOf } from './paging.ts'

const maxConditions = 32
const maxSortKeys = 16

/**
 * `k=v` exact, `k=~v` case-insensitive substring, `k=[a~b]` range with either end empty, `k={a b}` any of,
 * `k=(a b)` all of; separated by commas, which a backslash escapes.
 * @throws DomainError BAD_REQUEST
 */
export function parseListQuery(q: string | undefined): Condition[] {
  if (q === undefined || q.trim() === '') return []
  const parts = splitUnescaped(decodedOnceMore(q), ',').filter((part) => part.trim() !== '')
  if (parts.length > maxConditions)
    throw new DomainError('BAD_REQUEST', `q may have ${maxConditions} conditions at the most`)
  return parts.map(parseCondition)
}

function parseCondition(text: string): Condition {
  const equals = text.indexOf('=')
  const key = text.slice(0, equals).trim()
  const value = text.slice(equals + 1).trim()
  if (equals <= 0 || key === '' || value === '') {
    throw new DomainError(
      'BAD_REQUEST',
      `the query string must contain "=" and a key and a value on its sides: ${text.slice(0, 100)}`,
    )
  }
  assertKey(key)
  const inside = value.slice(1, -1)
  if (value.startsWith('~')) return { kind: 'fuzzy', key, value: plain(value.slice(1)) }
  if (value.startsWith('[') && value.endsWith(']')) {
    const [from = '', to = '', more] = inside.split('~')
    if (more !== undefined || !inside.includes('~'))
      throw new DomainError('BAD_REQUEST', 'a range has the form k=[from~to]')
    return { kind: 'range', key, from: plain(from.trim()) || undefined, to: plain(to.trim()) || undefined }
  }
  if (value.startsWith('{') && value.endsWith('}')) return { kind: 'any', key, values: words(inside) }
  if (value.startsWith('(') && value.endsWith(')')) return { kind: 'all', key, values: words(inside) }
  return { kind: 'exact', key, value: plain(value) }
}

function words(text: string): string[] {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map(plain)
}

/**
 * Harbor unescapes the whole of `q` once more after the server has, and its Go client escapes `q` itself before it escapes
 * the address. Text that is no escape stays as it is. A plus sign is a space only where `q` came escaped as a whole, without
 * a `=` of its own: names of robots have a plus sign, and people type them.
 */
function decodedOnceMore(q: string): string {
  try {
    return decodeURIComponent(q.includes('=') ? q : q.replaceAll('+', ' '))
  } catch {
    return q
  }
}

function plain(text: string): string {
  const bare = text.startsWith('\\') ? text.slice(1) : text
  return bare.length >= 2 && /^(["']).*\1$/.test(bare) ? bare.slice(1, -1) : bare
}

function splitUnescaped(text: string, separator: string): string[] {
  const parts: string[] = []
  let part = ''
  for (let index = 0; index < text.length; index++) {
    if (text[index] === '\\' && text[index + 1] === separator) {
      part += separator
      index++
    } else if (text[index] === separator) {
      parts.push(part)
      part = ''
    } else {
      part += text[index]!
    }
  }
  return [...parts, part]
}

/** `a,-b`. Keys a list does not know are for it to ignore. @throws DomainError BAD_REQUEST */
export function parseSort(sort: string | undefined): SortKey[] {
  const keys = (sort ?? '')
    .split(',')
    .map((key) => key.trim())
    .filter((key) => key !== '' && key !== '-')
    .map((key) => (key.startsWith('-') ? { key: key.slice(1), descending: true } : { key, descending: false }))
  if (keys.length > maxSortKeys) throw new DomainError('BAD_REQUEST', `sort may have ${maxSortKeys} keys at the most`)
  for (const { key } of keys) assertKey(key)
  return keys
}

function assertKey(key: string): void {
  if (key.length > maxKeyLength)
    throw new DomainError('BAD_REQUEST', `a key of q or sort may have ${maxKeyLength} characters at the most`)
}

/** What a list with `q`, `sort`, `page` and `page_size` is asked for. @throws DomainError BAD_REQUEST */
export function listingOf(
  query: Parameters<typeof pageOf>[0] & { readonly q?: string | undefined; readonly sort?: string | undefined },
): Listing {
  return { conditions: parseListQuery(query.q), sort: parseSort(query.sort), ...pageOf(query) }
}

import { FilterParser, type Filter } from 'ldapts'
import { LdapFailure } from './ldap-names.ts'

/** @throws LdapFailure it is no filter (RFC 4515) */
export function parseFilter(text: string): Filter {
  const written = text.trim() === '' ? '(objectClass=*)' : text.trim()
  const bracketed = written.startsWith('(') ? written : `(${written})`
  try {
    assertBrackets(bracketed)
    return FilterParser.parseString(bracketed)
  } catch (cause) {
    throw new LdapFailure(`${text.slice(0, 200)} is no LDAP filter: ${(cause as Error).message}`, { cause })
  }
}

/** The library reads past an end that is missing. Brackets of a value are written as `\28` and `\29` (RFC 4515 §3). */
function assertBrackets(filter: string): void {
  let depth = 0
  for (let at = 0; at < filter.length; at++) {
    if (filter[at] === '(') depth++
    if (filter[at] === ')') depth--
    if (depth === 0 && at < filter.length - 1) throw new Error('something stands behind its last bracket')
  }
  if (depth > 0) throw new Error(`${depth} closing ${depth === 1 ? 'bracket is' : 'brackets are'} missing`)
}

/** The directory cannot be asked, or not like this; the sentence says why. */
export class LdapFailure extends Error {
  override readonly name = 'LdapFailure'
}

/**
 * `ldap://host[:port]` or `ldaps://…`; without a scheme, plain on port 389, as Harbor takes it.
 * @throws LdapFailure it is none of these
 */
export function parseLdapUrl(text: string): URL {
  const withScheme = /^[a-z]+:\/\//i.test(text) ? text : `ldap://${text}`
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined
  const known = url?.protocol === 'ldap:' || url?.protocol === 'ldaps:'
  if (url === undefined || !known || url.hostname === '' || url.username !== '' || url.search !== '')
    throw new LdapFailure(`ldap_url should look like ldaps://directory.example.org, not ${text.slice(0, 200)}`)
  return url
}

export function isLdapUrl(text: string): boolean {
  try {
    parseLdapUrl(text)
    return true
  } catch (error) {
    if (error instanceof LdapFailure) return false
    throw error
  }
}

/**
 * One spelling for distinguished names that are the same (RFC 4514): case and spaces do not matter (§3), and a character
 * may be written as itself, behind a backslash, as the hexadecimal of its bytes, or between quotes (RFC 2253 §4).
 */
export function normaliseDn(dn: string): string {
  return splitUnescaped(dn, ',;').map(normaliseRdn).join(',')
}

/** Several attributes of one entry's name have no order (RFC 4517 §4.2.15). */
function normaliseRdn(rdn: string): string {
  const parts = splitUnescaped(rdn, '+').map((part) => {
    const equals = part.indexOf('=')
    if (equals < 0) return part.trim().toLowerCase()
    return `${part.slice(0, equals).trim().toLowerCase()}=${normaliseValue(part.slice(equals + 1))}`
  })
  return parts.toSorted().join('+')
}

function normaliseValue(written: string): string {
  const value = decodeValue(written).normalize('NFKC').toLowerCase().replaceAll(/ +/g, ' ').trim()
  // oxlint-disable-next-line no-control-regex
  return value.replaceAll(/[,+"\\<>;]|^#/g, String.raw`\$&`).replaceAll('\u0000', String.raw`\00`)
}

const encoder = new TextEncoder()

/** The text that a value stands for. */
function decodeValue(written: string): string {
  const trimmed = written.trim()
  const quoted = /^"(.*)"$/s.exec(trimmed)
  const text = quoted?.[1] ?? trimmed
  const bytes: number[] = []
  for (let at = 0; at < text.length;) {
    const hex = /^\\([0-9a-f]{2})/i.exec(text.slice(at, at + 3))
    if (hex !== null) {
      bytes.push(Number.parseInt(hex[1]!, 16))
      at += 3
      continue
    }
    if (text[at] === '\\' && at + 1 < text.length) at += 1
    const character = String.fromCodePoint(text.codePointAt(at)!)
    bytes.push(...encoder.encode(character))
    at += character.length
  }
  return new TextDecoder().decode(new Uint8Array(bytes))
}

/** At separators that are neither behind a backslash nor between quotes. */
function splitUnescaped(text: string, separators: string): string[] {
  const parts: string[] = []
  let part = ''
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    if (character === '\\') {
      part += character + (text[at + 1] ?? '')
      at++
      continue
    }
    if (character === '"') quoted = !quoted
    if (!quoted && separators.includes(character)) {
      parts.push(part)
      part = ''
    } else part += character
  }
  return [...parts, part]
}

/** Whether the entry is the base or lies below it. */
export function isBelow(dn: string, baseDn: string): boolean {
  const partsOf = (name: string) => (name.trim() === '' ? [] : splitUnescaped(normaliseDn(name), ','))
  const [inner, outer] = [partsOf(dn), partsOf(baseDn)]
  const shared = inner.slice(Math.max(0, inner.length - outer.length))
  return shared.length === outer.length && shared.every((part, at) => part === outer[at])
}

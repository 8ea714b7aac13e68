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

/** One spelling for distinguished names that are the same but for case and spaces (RFC 4514 §3). */
export function normaliseDn(dn: string): string {
  return splitDn(dn)
    .map((part) => {
      const equals = part.indexOf('=')
      return equals < 0 ? part.trim() : `${part.slice(0, equals).trim()}=${part.slice(equals + 1).trim()}`
    })
    .join(',')
    .toLowerCase()
}

/** At commas that are not escaped. */
function splitDn(dn: string): string[] {
  const parts: string[] = []
  let part = ''
  for (let at = 0; at < dn.length; at++) {
    const character = dn[at]!
    if (character === '\\') {
      part += character + (dn[at + 1] ?? '')
      at++
    } else if (character === ',' || character === ';') {
      parts.push(part)
      part = ''
    } else part += character
  }
  return [...parts, part]
}

/** Whether the entry is the base or lies below it. */
export function isBelow(dn: string, baseDn: string): boolean {
  const [inner, outer] = [normaliseDn(dn), normaliseDn(baseDn)]
  return outer === '' || inner === outer || inner.endsWith(`,${outer}`)
}

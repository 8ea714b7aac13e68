import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'

/** How a served chain ends. */
export type ChainEnd =
  | { readonly kind: 'trusted'; readonly anchor: X509Certificate }
  /** The server sends only itself although another certificate stands between it and an authority. */
  | { readonly kind: 'incomplete'; readonly missing: string }
  /** A certificate that signed itself and that no client trusts. */
  | { readonly kind: 'self-signed' }
  | { readonly kind: 'unknown-authority'; readonly authority: string }

/**
 * Follows a served chain (leaf first) upwards as Go's x509 does. Signatures count, not names alone.
 * Time is not looked at here: `validityOf` does.
 */
export function followChain(served: readonly X509Certificate[], anchors: readonly X509Certificate[]): ChainEnd {
  const [leaf, ...others] = served
  if (leaf === undefined) throw new RangeError('a served chain has at least one certificate')
  let current = leaf
  for (let step = 0; step <= others.length; step += 1) {
    const here = current
    const anchor = anchors.find((each) => sameCertificate(each, here) || issued(each, here))
    if (anchor !== undefined) return { kind: 'trusted', anchor }
    const next = others.find((each) => !sameCertificate(each, here) && issued(each, here))
    if (next === undefined) break
    current = next
  }
  if (sameCertificate(current, leaf) && issued(leaf, leaf)) return { kind: 'self-signed' }
  if (issued(current, current)) return { kind: 'unknown-authority', authority: nameOf(current.subject) }
  // A chain must end in a certificate that an authority signed. When its end itself names an address to fetch its
  // issuer from, that issuer is not a root: roots are not fetched.
  const fetchable = /CA Issuers/.test(current.infoAccess ?? '')
  const authority = nameOf(current.issuer)
  return fetchable && sameCertificate(current, leaf)
    ? { kind: 'incomplete', missing: authority }
    : { kind: 'unknown-authority', authority }
}

function issued(authority: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
  } catch {
    return false // an algorithm that is not known here cannot be vouched for
  }
}

const sameCertificate = (one: X509Certificate, other: X509Certificate): boolean =>
  one.fingerprint256 === other.fingerprint256

/** `Test Root` of `CN=Test Root\nO=…`. */
export const nameOf = (distinguishedName: string): string =>
  /(?:^|\n)CN=(.+)/.exec(distinguishedName)?.[1] ?? distinguishedName.replaceAll('\n', ', ')

export interface NameMismatch {
  /** The words of Go's x509, which docker, containerd, podman, helm and oras print. */
  readonly clientSays: string
}

/** Undefined when the certificate may be used for this name or address. */
export function findNameMismatch(leaf: X509Certificate, name: string): NameMismatch | undefined {
  const { hosts, addresses } = alternativeNames(leaf)
  if (isIP(name) !== 0) {
    if (leaf.checkIP(name) !== undefined) return undefined
    return addresses.length === 0
      ? { clientSays: `x509: cannot validate certificate for ${name} because it doesn't contain any IP SANs` }
      : { clientSays: `x509: certificate is valid for ${addresses.join(', ')}, not ${name}` }
  }
  if (hosts.length === 0 && addresses.length === 0) {
    return { clientSays: 'x509: certificate relies on legacy Common Name field, use SANs instead' }
  }
  if (leaf.checkHost(name, { subject: 'never' }) !== undefined) return undefined
  return hosts.length === 0
    ? { clientSays: `x509: certificate is not valid for any names, but wanted to match ${name}` }
    : { clientSays: `x509: certificate is valid for ${hosts.join(', ')}, not ${name}` }
}

/** The Subject Alternative Names: the only names that clients look at. */
export function alternativeNames(leaf: X509Certificate): { hosts: string[]; addresses: string[] } {
  const entries = (leaf.subjectAltName ?? '').split(', ')
  const after = (prefix: string) =>
    entries.filter((entry) => entry.startsWith(prefix)).map((entry) => entry.slice(prefix.length))
  return { hosts: after('DNS:'), addresses: after('IP Address:') }
}

export type Validity =
  | { readonly kind: 'valid'; readonly daysLeft: number }
  | { readonly kind: 'expired'; readonly at: Date }
  | { readonly kind: 'not-yet'; readonly from: Date }

export function validityOf(certificate: X509Certificate, now: number): Validity {
  const from = new Date(certificate.validFrom)
  const to = new Date(certificate.validTo)
  if (now < from.getTime()) return { kind: 'not-yet', from }
  if (now > to.getTime()) return { kind: 'expired', at: to }
  return { kind: 'valid', daysLeft: Math.floor((to.getTime() - now) / 86_400_000) }
}

/** Every certificate of a PEM text that can be read. */
export function parseCertificates(text: string): X509Certificate[] {
  return (
    text.match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g) ?? []
  ).flatMap((pem) => {
    try {
      return [new X509Certificate(pem)]
    } catch {
      return []
    }
  })
}

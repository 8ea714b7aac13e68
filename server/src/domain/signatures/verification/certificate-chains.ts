import { isFor, type Certificate } from './certificates.ts'
import { SignatureRefused } from './refusals.ts'

/** Chains have three or four certificates; each look at a possible issuer costs a verification. */
export const maxChainLength = 8
const maxIssuerChecks = 64

export interface ChainWanted {
  /** The moment at which every certificate must be valid, in milliseconds. */
  readonly at: number
  /** The extended key usage that the leaf must be for. */
  readonly usage: string
}

/**
 * The path from the leaf to one of the anchors, the leaf first. An anchor may be the leaf itself: a person who names a
 * certificate trusts it, whoever issued it.
 * @throws SignatureRefused
 */
export function verifyChain(
  leaf: Certificate,
  others: readonly Certificate[],
  anchors: readonly Certificate[],
  wanted: ChainWanted,
): Certificate[] {
  assertLeaf(leaf, wanted.usage)
  const path = findPath(leaf, others, anchors)
  assertPath(path, wanted.at)
  return path
}

/** What a certificate needs that signs anything but certificates. */
export function assertLeaf(leaf: Certificate, usage: string): void {
  const why =
    leaf.isCa || leaf.keyUsage?.signsCertificates === true
      ? 'is that of an authority, which signs certificates and nothing else'
      : leaf.keyUsage?.digitalSignature === false
        ? 'does not have the key usage digitalSignature'
        : isFor(leaf, usage)
          ? undefined
          : 'is not for this use by its extended key usage'
  if (why !== undefined)
    throw new SignatureRefused('certificate-unsuitable', `the certificate ${leaf.subjectText} ${why}`)
}

/** Every link of a path whose links are known to be signed: authorities, depths and times. */
export function assertPath(path: readonly Certificate[], at: number): void {
  for (const [depth, certificate] of path.entries()) {
    if (depth > 0) assertAuthority(certificate, depth)
    assertValidAt(certificate, at)
  }
}

function assertAuthority(certificate: Certificate, depth: number): void {
  const why =
    !certificate.isCa || certificate.keyUsage?.signsCertificates === false
      ? 'is no authority, and signed another'
      : certificate.pathLength !== undefined && certificate.pathLength < depth - 1
        ? 'allows fewer authorities below it than there are'
        : undefined
  if (why !== undefined) {
    throw new SignatureRefused('certificate-unsuitable', `the certificate ${certificate.subjectText} ${why}`)
  }
}

export function assertValidAt({ subjectText, notBefore, notAfter }: Certificate, at: number): void {
  if (at >= notBefore && at <= notAfter) return
  const [from, to, then] = [notBefore, notAfter, at].map((time) => new Date(time).toISOString())
  throw new SignatureRefused(
    'certificate-expired',
    `the certificate ${subjectText} is valid from ${from} to ${to}, not at ${then}`,
  )
}

function findPath(leaf: Certificate, others: readonly Certificate[], anchors: readonly Certificate[]): Certificate[] {
  if (others.length > maxChainLength) {
    throw new SignatureRefused('too-many', `a chain of ${others.length + 1} certificates`)
  }
  const trusted = new Set(anchors.map(({ fingerprint }) => fingerprint))
  if (trusted.has(leaf.fingerprint)) return [leaf]
  let checks = 0
  const search = (path: readonly Certificate[]): Certificate[] | undefined => {
    const last = path.at(-1)!
    for (const issuer of [...anchors, ...others]) {
      if (!issuer.subjectDer.equals(last.issuerDer) || path.includes(issuer)) continue
      checks += 1
      if (checks > maxIssuerChecks) throw new SignatureRefused('too-many', 'too many certificates with one name')
      if (!last.isSignedBy(issuer)) continue
      if (trusted.has(issuer.fingerprint)) return [...path, issuer]
      const longer = path.length < maxChainLength ? search([...path, issuer]) : undefined
      if (longer !== undefined) return longer
    }
    return undefined
  }
  const path = search([leaf])
  if (path !== undefined) return path
  throw new SignatureRefused(
    'certificate-untrusted',
    `the certificate ${leaf.subjectText}, issued by ${leaf.issuerText}, leads to no certificate that is trusted here`,
  )
}

import { ASN1Obj } from '@sigstore/core'
import { serialOf, type Certificate } from './certificates.ts'
import { pemBlocks } from './pem.ts'
import { refusing, SignatureRefused } from './refusals.ts'
import { isSignedStructure } from './signature-algorithms.ts'

/** A list of revoked certificates (RFC 5280 §5), as an authority publishes it. */
export interface RevocationList {
  readonly issuerDer: Buffer
  readonly thisUpdate: number
  readonly nextUpdate: number | undefined
  /** It speaks of every certificate of its issuer, and of all that is known of them: it is no delta and no part. */
  readonly isWhole: boolean
  /** By serial number: since when, in milliseconds. */
  readonly revoked: ReadonlyMap<string, number>
  isSignedBy(issuer: Certificate): boolean
}

export const maxListBytes = 1 << 20

export function readRevocationLists(pem: string): RevocationList[] {
  return pemBlocks(pem, ['X509 CRL']).map(({ der }) => readRevocationList(der))
}

export function readRevocationList(der: Buffer): RevocationList {
  if (der.length > maxListBytes) throw new SignatureRefused('too-large', `a revocation list of ${der.length} bytes`)
  return refusing('malformed', 'a revocation list cannot be read', () => {
    const root = ASN1Obj.parseBuffer(Buffer.from(der))
    const [list, algorithm, signature] = root.subs
    const fields = list!.subs
    // A version, if there is one, is an integer; the algorithm of the list follows, then the issuer.
    const issuerAt = fields[0]!.tag.isInteger() ? 2 : 1
    const dates = fields.slice(issuerAt + 1).filter(({ tag }) => tag.isUTCTime() || tag.isGeneralizedTime())
    const entries = fields.slice(issuerAt + 2).find(({ tag }) => tag.isUniversal() && tag.number === 0x10)
    return {
      issuerDer: fields[issuerAt]!.toDER(),
      thisUpdate: dates[0]!.toDate().getTime(),
      nextUpdate: dates[1]?.toDate().getTime(),
      isWhole: !hasCriticalExtension(fields.slice(issuerAt + 2)),
      revoked: new Map(
        (entries?.subs ?? []).map((entry) => [serialOf(entry.subs[0]!.value), entry.subs[1]!.toDate().getTime()]),
      ),
      isSignedBy: (issuer) =>
        issuer.keyUsage?.signsCertificates !== false &&
        isSignedStructure({
          algorithm: algorithm!.subs[0]!.toOID(),
          key: issuer.key,
          bytes: list!.toDER(),
          // The first byte of a BIT STRING counts its unused bits.
          signature: signature!.value.subarray(1),
        }),
    }
  })
}

/**
 * What narrows a list to some certificates or some reasons, or makes it a difference to another one, is critical, and a critical
 * extension that is not understood forbids to conclude anything from what is not on the list (RFC 5280 §5.2).
 */
function hasCriticalExtension(fields: readonly ASN1Obj[]): boolean {
  const extensions = fields.find(({ tag }) => tag.isContextSpecific(0))?.subs[0]?.subs ?? []
  return extensions.some(({ subs }) => subs[1]?.tag.isBoolean() === true && subs[1].toBoolean())
}

/**
 * No certificate of the path is on a list of its issuer, whenever it came there: a time stamp from before does not help it. One that
 * names a place to ask, or of whose issuer a list was given, and for which no whole list is current, is unknown, and unknown is not
 * good. The last of the path is the anchor: it was given as trusted, and nobody is asked about it.
 * @returns until when all of this holds (ms): of each certificate, until the newest of the lists of its issuer has to be followed by
 *   another one, and of the path the first such moment; undefined: it rests on no list
 * @throws SignatureRefused certificate-revoked, revocation-unknown
 */
export function assertNotRevoked(
  path: readonly Certificate[],
  lists: readonly RevocationList[],
  now: number,
): number | undefined {
  let end: number | undefined
  for (const [place, certificate] of path.entries()) {
    const issuer = path[place + 1]
    if (issuer === undefined) break
    const own = lists.filter((list) => list.issuerDer.equals(certificate.issuerDer) && list.isSignedBy(issuer))
    const since = own.map((list) => list.revoked.get(certificate.serialNumber)).find((time) => time !== undefined)
    if (since !== undefined) {
      throw new SignatureRefused(
        'certificate-revoked',
        `the certificate ${certificate.subjectText} was revoked at ${new Date(since).toISOString()}`,
      )
    }
    if (!certificate.namesRevocation && own.length === 0) continue
    const ends = own.flatMap(({ isWhole, thisUpdate, nextUpdate }) =>
      isWhole && thisUpdate <= now && nextUpdate !== undefined ? nextUpdate : [],
    )
    const current = ends.length === 0 ? undefined : Math.max(...ends)
    if (current === undefined || now >= current) {
      throw new SignatureRefused(
        'revocation-unknown',
        `the certificate ${certificate.subjectText} can be revoked, and no current revocation list of its issuer is here`,
      )
    }
    end = Math.min(end ?? current, current)
  }
  return end
}

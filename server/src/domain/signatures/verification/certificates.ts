import { createHash, X509Certificate as NativeCertificate } from 'node:crypto'
import { X509Certificate as ParsedCertificate, type ASN1Obj } from '@sigstore/core'
import { formatName, namePartsOf, type NamePart } from './distinguished-names.ts'
import { pemBlocks } from './pem.ts'
import { publicKeyOf, type PublicKey } from './public-keys.ts'
import { refusing, SignatureRefused } from './refusals.ts'

/** What verification asks of a certificate. Nothing of it is believed before its chain is verified. */
export interface Certificate {
  readonly der: Buffer
  /** SHA-256 of the certificate, in hex. */
  readonly fingerprint: string
  readonly subject: readonly NamePart[]
  readonly subjectText: string
  readonly issuerText: string
  readonly subjectDer: Buffer
  readonly issuerDer: Buffer
  /** Upper-case hex without leading zeros. */
  readonly serialNumber: string
  readonly notBefore: number
  readonly notAfter: number
  readonly isCa: boolean
  readonly pathLength: number | undefined
  /** Undefined where the certificate does not say what its key is for. */
  readonly keyUsage: { readonly digitalSignature: boolean; readonly signsCertificates: boolean } | undefined
  readonly extendedKeyUsages: readonly string[] | undefined
  /** It says where to ask whether it was revoked. */
  readonly namesRevocation: boolean
  /** The names for which it was issued: addresses of mail, of workflows. */
  readonly alternativeNames: readonly string[]
  readonly key: PublicKey
  isSignedBy(issuer: Certificate): boolean
}

export const codeSigning = '1.3.6.1.5.5.7.3.3'
export const timeStamping = '1.3.6.1.5.5.7.3.8'
const anyUsage = '2.5.29.37.0'
const maxCertificateBytes = 16 << 10

const extensions = {
  subjectAlternativeName: '2.5.29.17',
  extendedKeyUsage: '2.5.29.37',
  crlDistributionPoints: '2.5.29.31',
  authorityInformation: '1.3.6.1.5.5.7.1.1',
}
const ocspAccess = '1.3.6.1.5.5.7.48.1'

/** Those that a verifier here understands; a critical one beyond them makes a certificate unusable (RFC 5280 §4.2). */
const understood = new Set(['2.5.29.15', '2.5.29.17', '2.5.29.19', '2.5.29.37', '2.5.29.14', '2.5.29.35', '2.5.29.32'])

/** Signatures by hashes for which collisions can be made are no signatures. */
const brokenHash = /^1\.2\.840\.113549\.1\.1\.[2-5]$|^1\.2\.840\.10045\.4\.1$|^1\.3\.14\.3\.2\./

export function readCertificate(der: Buffer): Certificate {
  if (der.length > maxCertificateBytes) {
    throw new SignatureRefused('too-large', `a certificate of ${der.length} bytes; the most are ${maxCertificateBytes}`)
  }
  return refusing('malformed', 'a certificate cannot be read', () => certificateOf(Buffer.from(der)))
}

/** Every certificate of a PEM text, in its order. */
export const readCertificates = (pem: string): Certificate[] =>
  pemBlocks(pem, ['CERTIFICATE']).map(({ der }) => readCertificate(der))

function certificateOf(der: Buffer<ArrayBuffer>): Certificate {
  const parsed = ParsedCertificate.parse(der)
  const native = new NativeCertificate(der)
  const present = extensionsOf(parsed)
  const { subject, issuer, serialNumber, validity, key } = fieldsOf(parsed)
  const [notBefore, notAfter] = validity.subs
  const usage = parsed.extKeyUsage
  const basic = parsed.extBasicConstraints
  return {
    der,
    fingerprint: createHash('sha256').update(der).digest('hex'),
    subject: namePartsOf(subject),
    subjectText: formatName(namePartsOf(subject)),
    issuerText: formatName(namePartsOf(issuer)),
    subjectDer: subject.toDER(),
    issuerDer: issuer.toDER(),
    serialNumber: serialOf(serialNumber.value),
    notBefore: notBefore!.toDate().getTime(),
    notAfter: notAfter!.toDate().getTime(),
    isCa: basic?.isCA ?? false,
    pathLength: basic?.pathLenConstraint === undefined ? undefined : Number(basic.pathLenConstraint),
    keyUsage:
      usage === undefined
        ? undefined
        : { digitalSignature: usage.digitalSignature, signsCertificates: usage.keyCertSign },
    extendedKeyUsages: extendedUsagesOf(parsed),
    namesRevocation: present.has(extensions.crlDistributionPoints) || namesOcsp(parsed),
    alternativeNames: alternativeNamesOf(parsed),
    key: publicKeyOf(key.toDER()),
    isSignedBy: (by) => {
      const algorithm = parsed.root.subs[1]?.subs[0]?.toOID() ?? ''
      if (brokenHash.test(algorithm)) return false
      try {
        return native.verify(new NativeCertificate(by.der).publicKey)
      } catch {
        // The runtime throws for a key of a kind that it does not have, such as SM2: with it nothing is verified.
        return false
      }
    },
  }
}

export const serialOf = (bytes: Buffer): string =>
  bytes
    .toString('hex')
    .toUpperCase()
    .replace(/^(00)+(?=.)/, '')

/** By their identifiers. @throws SignatureRefused for one that is there twice, or critical and not understood */
function extensionsOf(parsed: ParsedCertificate): ReadonlySet<string> {
  const present = new Set<string>()
  for (const each of parsed.extensions) {
    const oid = each.subs[0]!.toOID()
    if (present.has(oid)) throw new SignatureRefused('malformed', `a certificate has the extension ${oid} twice`)
    present.add(oid)
    if (each.subs.length === 3 && each.subs[1]!.toBoolean() && !understood.has(oid)) {
      throw new SignatureRefused(
        'certificate-unsuitable',
        `a certificate has the critical extension ${oid}, which is not understood`,
      )
    }
  }
  return present
}

/** TBSCertificate (RFC 5280 §4.1). The library counts its fields from the version, which a certificate of version 1 lacks. */
function fieldsOf(parsed: ParsedCertificate) {
  const fields = parsed.tbsCertificate.subs
  const [serialNumber, , issuer, validity, subject, key] = fields[0]!.tag.isContextSpecific(0)
    ? fields.slice(1)
    : fields
  return { serialNumber: serialNumber!, issuer: issuer!, validity: validity!, subject: subject!, key: key! }
}

/** The parts of the sequence that an extension holds in its OCTET STRING; undefined for one that is not there. */
const partsOf = (parsed: ParsedCertificate, oid: string): readonly ASN1Obj[] | undefined =>
  parsed.extension(oid)?.valueObj.subs[0]?.subs

const extendedUsagesOf = (parsed: ParsedCertificate): string[] | undefined =>
  partsOf(parsed, extensions.extendedKeyUsage)?.map((each) => each.toOID())

function namesOcsp(parsed: ParsedCertificate): boolean {
  const access = partsOf(parsed, extensions.authorityInformation) ?? []
  return access.some((each) => each.subs[0]?.toOID() === ocspAccess)
}

/** Addresses of mail, DNS names and URIs: the kinds of GeneralName that are text (RFC 5280 §4.2.1.6). */
function alternativeNamesOf(parsed: ParsedCertificate): string[] {
  const names = partsOf(parsed, extensions.subjectAlternativeName) ?? []
  return names
    .filter(({ tag }) => [1, 2, 6].some((kind) => tag.isContextSpecific(kind)))
    .map(({ value }) => value.toString('utf8'))
}

/** A certificate may be used for this: it says so, or says nothing of its use. */
export const isFor = (certificate: Certificate, usage: string): boolean =>
  certificate.extendedKeyUsages === undefined ||
  certificate.extendedKeyUsages.some((each) => each === usage || each === anyUsage)

import { createHash } from 'node:crypto'
import { ASN1Obj } from '@sigstore/core'
import { verifyChain } from './certificate-chains.ts'
import { readCertificate, serialOf, timeStamping, type Certificate } from './certificates.ts'
import { refusing, SignatureRefused } from './refusals.ts'
import { isSignedStructure } from './signature-algorithms.ts'

/** A moment that somebody other than the signer attests. */
export interface Timestamp {
  readonly at: number
  /** The subject of the certificate that attests it. */
  readonly by: string
}

const maxTokenBytes = 64 << 10

const oids = {
  signedData: '1.2.840.113549.1.7.2',
  timestampInfo: '1.2.840.113549.1.9.16.1.4',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
}

const hashOf: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}

/** An algorithm that leaves the hash to the field of the signer. */
const rsaEncryption = '1.2.840.113549.1.1.1'

/**
 * A time-stamp token of RFC 3161 over `stamped`, by an authority that leads to one of the anchors at the time it says.
 * @throws SignatureRefused
 */
export function verifyTimestamp(token: Buffer, stamped: Uint8Array, anchors: readonly Certificate[]): Timestamp {
  if (token.length > maxTokenBytes) throw new SignatureRefused('too-large', `a time stamp of ${token.length} bytes`)
  return refusing('timestamp-invalid', 'the time stamp cannot be read', () => {
    const signed = readSignedData(Buffer.from(token))
    const info = readInfo(signed.content)
    assertStamps(info, stamped)
    const signer = signerOf(signed)
    assertSigned(signed, signer)
    try {
      verifyChain(
        signer,
        signed.certificates.filter((each) => each !== signer),
        anchors,
        {
          at: info.at,
          usage: timeStamping,
        },
      )
    } catch (cause) {
      // Its chain is not that of the signature: the reason is the time stamp.
      throw new SignatureRefused('timestamp-invalid', `time stamp: ${cause instanceof Error ? cause.message : ''}`, {
        cause,
      })
    }
    if (signer.extendedKeyUsages?.includes(timeStamping) !== true) {
      throw new SignatureRefused('timestamp-invalid', `the certificate ${signer.subjectText} is not for time stamps`)
    }
    return { at: info.at, by: signer.subjectText }
  })
}

interface SignedData {
  /** The bytes that the signer's digest is of. */
  readonly content: Buffer
  readonly certificates: readonly Certificate[]
  readonly signer: ASN1Obj
}

/** RFC 5652 §5.1. Beside the bare token, the whole answer of an authority is taken (RFC 3161 §2.4.2). */
function readSignedData(der: Buffer<ArrayBuffer>): SignedData {
  const root = ASN1Obj.parseBuffer(der)
  const token = isOid(root.subs[0]) ? root : root.subs[1]
  if (token?.subs[0]?.toOID() !== oids.signedData) throw invalid('it is no signed data')
  const data = token.subs[1]!.subs[0]!
  const encapsulated = data.subs[2]!
  if (encapsulated.subs[0]!.toOID() !== oids.timestampInfo) throw invalid('it has no time-stamp information')
  const signers = data.subs.at(-1)!.subs
  if (signers.length !== 1) throw invalid(`it has ${signers.length} signers`)
  const certificates = data.subs.slice(3).find(({ tag }) => tag.isContextSpecific(0))?.subs ?? []
  return {
    content: encapsulated.subs[1]!.subs[0]!.value,
    certificates: certificates.slice(0, 16).map((each) => readCertificate(each.toDER())),
    signer: signers[0]!,
  }
}

const isOid = (each: ASN1Obj | undefined): boolean => each?.tag.isOID() ?? false
const invalid = (why: string) => new SignatureRefused('timestamp-invalid', `the time stamp cannot be used: ${why}`)

interface Info {
  readonly hash: string
  readonly hashed: Buffer
  readonly at: number
}

/** TSTInfo: version, policy, imprint, serial number, time. */
function readInfo(content: Buffer): Info {
  const [, , imprint, , time] = ASN1Obj.parseBuffer(Buffer.from(content)).subs
  const hash = hashOf[imprint!.subs[0]!.subs[0]!.toOID()]
  if (hash === undefined) throw invalid('its hash is not used')
  return { hash, hashed: imprint!.subs[1]!.value, at: time!.toDate().getTime() }
}

function assertStamps({ hash, hashed }: Info, stamped: Uint8Array): void {
  if (!createHash(hash).update(stamped).digest().equals(hashed)) throw invalid('it is of another signature')
}

/** The certificate that the signer names by issuer and serial number, and by its hash in a signed attribute. */
function signerOf({ certificates, signer }: SignedData): Certificate {
  const [issuer, serial] = signer.subs[1]!.subs
  const found = certificates.find(
    (each) => each.issuerDer.equals(issuer!.toDER()) && each.serialNumber === serialOf(serial!.value),
  )
  if (found === undefined) throw invalid('it does not have the certificate of its signer')
  return found
}

function assertSigned({ content, signer }: SignedData, certificate: Certificate): void {
  const hash = hashOf[signer.subs[2]!.subs[0]!.toOID()]
  if (hash === undefined) throw invalid('the hash of its signer is not used')
  const attributes = signer.subs.find(({ tag }) => tag.isContextSpecific(0))
  if (attributes === undefined) throw invalid('it has no signed attributes')
  const valueOf = (oid: string) => attributes.subs.find((each) => each.subs[0]!.toOID() === oid)?.subs[1]?.subs[0]
  if (valueOf(oids.contentType)?.toOID() !== oids.timestampInfo) throw invalid('what it signs is no time')
  const digest = createHash(hash).update(content).digest()
  if (valueOf(oids.messageDigest)?.value.equals(digest) !== true) throw invalid('its time was changed')
  assertNamesCertificate(valueOf(oids.signingCertificateV2), valueOf(oids.signingCertificate), certificate)
  const [algorithm, signature] = signer.subs.slice(signer.subs.indexOf(attributes) + 1)
  const signed = attributes.toDER()
  // The attributes are signed as a SET, whatever tag they are sent with (RFC 5652 §5.4).
  signed[0] = 0x31
  const oid = algorithm!.subs[0]!.toOID()
  const structure = { algorithm: oid, key: certificate.key, bytes: signed, signature: signature!.value }
  if (!isSignedStructure(structure, ...(oid === rsaEncryption ? [hash] : []))) throw invalid('its signature is wrong')
}

/** RFC 5816: the signer's certificate is a part of what is signed, so that another with the same key does not do. */
function assertNamesCertificate(v2: ASN1Obj | undefined, v1: ASN1Obj | undefined, { der }: Certificate): void {
  const named = (v2 ?? v1)?.subs[0]?.subs[0]?.subs
  if (named === undefined) throw invalid('it does not say which certificate signed it')
  const [first, second] = named
  // The hash of the first version is SHA-1; that of the second is SHA-256 where none is named.
  const isNamed = first !== undefined && first.subs.length > 0 && isOid(first.subs[0])
  const hash = v2 === undefined ? 'sha1' : isNamed ? hashOf[first.subs[0]!.toOID()] : 'sha256'
  const hashed = isNamed ? second : first
  if (hash === undefined || hashed?.value.equals(createHash(hash).update(der).digest()) !== true) {
    throw invalid('it was signed with another certificate')
  }
}

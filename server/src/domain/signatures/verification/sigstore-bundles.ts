import { bundleFromJSON, type Bundle } from '@sigstore/bundle'
import type { TrustedRoot } from '@sigstore/protobuf-specs'
import { PolicyError, toSignedEntity, toTrustMaterial, VerificationError, Verifier } from '@sigstore/verify'
import { budgets, parseForeignJson } from '#contract/budget.ts'
import type { Digest } from '#contract/digest.ts'
import { assertLeaf } from './certificate-chains.ts'
import { codeSigning, readCertificate } from './certificates.ts'
import type { PublicKey } from './public-keys.ts'
import { refusing, SignatureRefused, type Refusal } from './refusals.ts'
import { nativeKey } from './signature-algorithms.ts'
import type { SignedContent } from './signed-content.ts'
import { attestedType, preAuthEncoding } from './statements.ts'
import type { Timestamp } from './timestamps.ts'

/** Of one bundle; each costs a verification. */
const maxLogEntries = 8
const maxTimestamps = 8

/** What is signed. */
export interface SignedSubject {
  readonly digest: Digest
  /** The manifest, exactly as pushed. */
  readonly bytes: Buffer
}

/** A bundle of Sigstore (versions 0.1 to 0.3) over the subject. @throws SignatureRefused */
export function readBundle(bytes: Uint8Array, subject: SignedSubject): SignedContent {
  return contentOf(parseBundle(bytes), subject)
}

function parseBundle(bytes: Uint8Array): Bundle {
  if (bytes.length > budgets.sigstoreBundle.maxBytes) {
    throw new SignatureRefused('too-large', `a bundle of ${bytes.length} bytes`)
  }
  return refusing('malformed', 'the bundle cannot be read', () => {
    const bundle = bundleFromJSON(parseForeignJson(bytes, budgets.sigstoreBundle))
    const { tlogEntries, timestampVerificationData } = bundle.verificationMaterial
    if (
      tlogEntries.length > maxLogEntries ||
      (timestampVerificationData?.rfc3161Timestamps.length ?? 0) > maxTimestamps
    ) {
      throw new SignatureRefused('too-many', 'a bundle with more log entries or time stamps than a signature needs')
    }
    return bundle
  })
}

function contentOf(bundle: Bundle, subject: SignedSubject): SignedContent {
  const certificates = certificatesOf(bundle)
  const common = {
    leaf: certificates[0],
    chain: certificates.slice(1),
    bundle,
    timestamps: (bundle.verificationMaterial.timestampVerificationData?.rfc3161Timestamps ?? []).map((each) =>
      Buffer.from(each.signedTimestamp),
    ),
  }
  if (bundle.content.$case === 'messageSignature') {
    const { signature } = bundle.content.messageSignature
    return { ...common, signedBytes: subject.bytes, signature, artifact: subject.bytes, predicateType: undefined }
  }
  const { payload, payloadType, signatures } = bundle.content.dsseEnvelope
  if (signatures.length !== 1)
    throw new SignatureRefused('malformed', `an envelope with ${signatures.length} signatures`)
  return {
    ...common,
    signedBytes: preAuthEncoding(payloadType, payload),
    signature: signatures[0]!.sig,
    artifact: undefined,
    predicateType: attestedType({ payload, payloadType }, subject.digest),
  }
}

function certificatesOf(bundle: Bundle) {
  const { content } = bundle.verificationMaterial
  switch (content.$case) {
    case 'certificate':
      return [readCertificate(Buffer.from(content.certificate.rawBytes))]
    case 'x509CertificateChain':
      return content.x509CertificateChain.certificates
        .slice(0, 8)
        .map(({ rawBytes }) => readCertificate(Buffer.from(rawBytes)))
    case 'publicKey':
      return []
  }
}

export interface KeylessIdentity {
  /** Names that the certificate was issued for. */
  readonly subjects: readonly string[]
  /** The provider where they signed in. */
  readonly issuer: string | undefined
  /** When a log took it up; undefined where none did, or its log does not tell the time. */
  readonly logged: Timestamp | undefined
}

/**
 * Certificate, log and time stamp are those of the root. Where the root has no log, none is asked for: a site may run
 * without.
 * @throws SignatureRefused
 */
export function verifyKeyless({ bundle, artifact, leaf }: SignedContent, root: TrustedRoot): KeylessIdentity {
  if (bundle === undefined) throw new SignatureRefused('log-entry-missing', 'the signature has no entry of a log')
  if (leaf === undefined) throw new SignatureRefused('signer-unknown', 'the signature has no certificate')
  assertLeaf(leaf, codeSigning)
  const signer = runVerifier(bundle, artifact, root, undefined)
  return {
    subjects: leaf.alternativeNames,
    issuer: signer.identity?.extensions?.issuer,
    logged: loggedAt(bundle, root),
  }
}

/** Only an entry with a promise of its log tells a time that the log signed. */
function loggedAt({ verificationMaterial }: Bundle, root: TrustedRoot): Timestamp | undefined {
  const entry = verificationMaterial.tlogEntries.find((each) => each.inclusionPromise !== undefined)
  if (entry === undefined) return undefined
  const log = root.tlogs.find(({ logId }) => entry.logId !== undefined && logId?.keyId.equals(entry.logId.keyId))
  return { at: Number(entry.integratedTime) * 1000, by: log?.baseUrl ?? '' }
}

/** The key signed, and logs of the root have seen it. @throws SignatureRefused */
export function verifyKeyInLog({ bundle, artifact }: SignedContent, key: PublicKey, root: TrustedRoot): void {
  if (bundle === undefined) throw new SignatureRefused('log-entry-missing', 'the signature has no entry of a log')
  runVerifier(bundle, artifact, root, key)
}

function runVerifier(bundle: Bundle, artifact: Buffer | undefined, root: TrustedRoot, key: PublicKey | undefined) {
  const keys = key === undefined ? undefined : () => ({ publicKey: nativeKey(key), validFor: () => true })
  const verifier = new Verifier(toTrustMaterial(root, keys), {
    tlogThreshold: root.tlogs.length > 0 ? 1 : 0,
    ctlogThreshold: root.ctlogs.length > 0 ? 1 : 0,
    timestampThreshold: key === undefined ? 1 : 0,
  })
  try {
    return verifier.verify(toSignedEntity(bundle, artifact))
  } catch (cause) {
    if (cause instanceof VerificationError || cause instanceof PolicyError) {
      throw new SignatureRefused(refusalOf(cause), cause.message, { cause })
    }
    // A bundle in which a part is missing makes the library stumble.
    throw new SignatureRefused('malformed', 'the bundle cannot be verified', { cause })
  }
}

function refusalOf({ code }: VerificationError | PolicyError): Refusal {
  switch (code) {
    case 'TIMESTAMP_ERROR':
      return 'timestamp-invalid'
    case 'CERTIFICATE_ERROR':
      return 'certificate-untrusted'
    case 'SIGNATURE_ERROR':
      return 'signature-invalid'
    case 'PUBLIC_KEY_ERROR':
    case 'UNTRUSTED_SIGNER_ERROR':
      return 'signer-unknown'
    case 'NOT_IMPLEMENTED_ERROR':
      return 'unsupported-format'
    case 'TLOG_MISSING_INCLUSION_ERROR':
      return 'log-entry-missing'
    default:
      return 'log-entry-invalid'
  }
}

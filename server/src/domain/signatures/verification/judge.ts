import { matcherOf } from '#contract/doublestar.ts'
import { verifyChain } from './certificate-chains.ts'
import { codeSigning, type Certificate } from './certificates.ts'
import { refusals, SignatureRefused, type Refusal } from './refusals.ts'
import { assertNotRevoked } from './revocation.ts'
import type { SignedContent } from './signed-content.ts'
import type { CertificateSigner, KeylessSigner, KeySigner, Signer } from './signers.ts'
import { verifyKeyInLog, verifyKeyless } from './sigstore-bundles.ts'
import { verifyTimestamp, type Timestamp } from './timestamps.ts'

/** What is known of a signature once it was looked at. */
export interface Judgement {
  /**
   * `verified`: by somebody who is trusted. `untrusted`: well formed over this digest, and by none of those who are trusted.
   * `unnamed`: the same where nobody is trusted yet. `refused`: forged, of something else, or unreadable; it never counts.
   */
  readonly state: 'verified' | 'untrusted' | 'unnamed' | 'refused'
  readonly refusal: Refusal | undefined
  /** For a person who looks for the cause. */
  readonly detail: string | undefined
  /** Whose signature it is, of those who are trusted. */
  readonly signer: { readonly id: number; readonly name: string } | undefined
  /** As the signature names itself: the subject of its certificate, or the fingerprint of its key. */
  readonly identity: string | undefined
  readonly issuer: string | undefined
  readonly certificates: readonly Certificate[]
  readonly timestamp: Timestamp | undefined
  /** The moment at which it stops being valid, in milliseconds. */
  readonly validUntil: number | undefined
  /** Of an attestation, which is no signature. */
  readonly predicateType: string | undefined
}

type Verified = Pick<Judgement, 'identity' | 'issuer' | 'timestamp' | 'validUntil'> & {
  readonly path: readonly Certificate[]
}

/** @param now in milliseconds. Never throws: what cannot be believed is a judgement. */
export function judge(content: SignedContent, signers: readonly Signer[], now: number): Judgement {
  const { leaf, predicateType } = content
  const claims = { ...nothingKnown, identity: leaf && identityOf(leaf), issuer: leaf?.issuerText, predicateType }
  if (leaf !== undefined && !leaf.key.verifies(content.signedBytes, content.signature)) {
    return {
      ...claims,
      state: 'refused',
      refusal: 'signature-invalid',
      detail: 'its own certificate does not verify it',
    }
  }
  if (leaf === undefined && !isShapedLikeOne(content.signature)) {
    return { ...claims, state: 'refused', refusal: 'malformed', detail: 'no algorithm makes such a signature' }
  }
  const shown = { ...claims, certificates: leaf === undefined ? [] : [leaf, ...content.chain] }
  const attempts = signers.filter(({ kind }) => kind !== 'notation').map((signer) => attempt(signer, content, now))
  const success = attempts.find((each) => !(each instanceof SignatureRefused))
  if (success !== undefined && !(success instanceof SignatureRefused)) {
    const { path, signer, ...verified } = success
    return {
      ...shown,
      ...verified,
      state: 'verified',
      signer,
      certificates: path.length > 0 ? path : shown.certificates,
    }
  }
  if (signers.length === 0) return { ...shown, state: 'unnamed' }
  const closest = closestOf(attempts.filter((each) => each instanceof SignatureRefused))
  return { ...shown, state: 'untrusted', refusal: closest.refusal, detail: closest.message }
}

/** The first of several moments; undefined where there is none. */
export function firstOf(moments: readonly (number | undefined)[]): number | undefined {
  const known = moments.filter((moment) => moment !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

export const nothingKnown = {
  refusal: undefined,
  detail: undefined,
  signer: undefined,
  identity: undefined,
  issuer: undefined,
  certificates: [],
  timestamp: undefined,
  validUntil: undefined,
  predicateType: undefined,
} satisfies Partial<Judgement>

/** A name that the certificate was issued for, else its subject. */
export const identityOf = (certificate: Certificate): string =>
  certificate.alternativeNames[0] ?? certificate.subjectText

/** A signature without certificate can only be looked at: DER of two numbers, or the length of RSA or Ed25519. */
function isShapedLikeOne(signature: Buffer): boolean {
  const isDer = signature[0] === 0x30 && signature[1] === signature.length - 2 && signature[2] === 0x02
  const isLongDer = signature[0] === 0x30 && signature[1] === 0x81 && signature[2] === signature.length - 3
  return isDer || isLongDer || [64, 256, 384, 512].includes(signature.length)
}

function attempt(signer: Signer, content: SignedContent, now: number) {
  try {
    return { signer: { id: signer.id, name: signer.name }, ...verifyBy(signer, content, now) }
  } catch (error) {
    if (error instanceof SignatureRefused) return error
    throw error
  }
}

function verifyBy(signer: Signer, content: SignedContent, now: number): Verified {
  switch (signer.kind) {
    case 'key':
      return verifyByKey(signer, content)
    case 'certificate':
      return verifyByCertificate(signer, content, now)
    case 'keyless':
      return verifyByIdentity(signer, content)
    case 'notation':
      throw new SignatureRefused('signer-unknown', `${signer.name} trusts signatures of the Notary Project`)
  }
}

function verifyByKey({ name, key, root }: KeySigner, content: SignedContent): Verified {
  if (!key.verifies(content.signedBytes, content.signature)) {
    throw new SignatureRefused('signer-unknown', `it is not of the key ${name}`)
  }
  if (root !== undefined) verifyKeyInLog(content, key, root)
  return {
    identity: `sha256:${key.fingerprint}`,
    issuer: undefined,
    timestamp: undefined,
    validUntil: undefined,
    path: [],
  }
}

function verifyByCertificate(signer: CertificateSigner, content: SignedContent, now: number): Verified {
  const { leaf, chain } = content
  if (leaf === undefined) throw new SignatureRefused('signer-unknown', 'it has no certificate')
  const timestamp = firstTimestamp(content, signer.timestampAnchors)
  const at = timestamp?.at ?? now
  const path = verifyChain(leaf, chain, signer.anchors, { at, usage: codeSigning })
  const listsEnd = assertNotRevoked(path, signer.revocationLists, now)
  const names = [...leaf.alternativeNames, leaf.subjectText]
  if (signer.subject !== undefined && !names.some((name) => isNamed(name, signer.subject!))) {
    throw new SignatureRefused(
      'identity-mismatch',
      `it is of ${names.join(', ').slice(0, 300)}, not of ${signer.subject}`,
    )
  }
  return {
    identity: identityOf(leaf),
    issuer: leaf.issuerText,
    timestamp,
    validUntil: firstOf([...(timestamp === undefined ? path.map(({ notAfter }) => notAfter) : []), listsEnd]),
    path,
  }
}

/** Undefined where the signature has none, or nobody is trusted to make one. @throws SignatureRefused for a wrong one */
function firstTimestamp({ timestamps, signature }: SignedContent, anchors: readonly Certificate[]) {
  const [token] = timestamps
  return token === undefined || anchors.length === 0 ? undefined : verifyTimestamp(token, signature, anchors)
}

function verifyByIdentity({ root, issuer, subject }: KeylessSigner, content: SignedContent): Verified {
  const { leaf } = content
  // A look at the name costs nothing, and the rest is dear: what strangers sign ends here.
  if (leaf !== undefined && !leaf.alternativeNames.some((name) => isNamed(name, subject))) {
    throw new SignatureRefused('identity-mismatch', `it is of ${identityOf(leaf).slice(0, 300)}, not of ${subject}`)
  }
  const found = verifyKeyless(content, root)
  const said = `${found.subjects.join(', ')} of ${found.issuer ?? 'nowhere'}`.slice(0, 300)
  if (found.issuer !== issuer || !found.subjects.some((name) => isNamed(name, subject))) {
    throw new SignatureRefused('identity-mismatch', `it is of ${said}, not of ${subject} of ${issuer}`)
  }
  return { identity: found.subjects[0], issuer: found.issuer, timestamp: found.logged, validUntil: undefined, path: [] }
}

/** Exactly, or by a pattern: `*` stands for anything but a slash, `**` for anything. */
const isNamed = (name: string, wanted: string): boolean =>
  name === wanted || (wanted.includes('*') && matcherOf(wanted)(name))

/** Reasons that say more stand behind those that say less: who comes closest to a signature explains it best. */
const farthestFirst: readonly Refusal[] = [
  'signer-unknown',
  'log-entry-missing',
  'certificate-untrusted',
  'identity-mismatch',
]

export function closestOf(failures: readonly SignatureRefused[]): SignatureRefused {
  const rank = ({ refusal }: SignatureRefused) =>
    farthestFirst.includes(refusal) ? farthestFirst.indexOf(refusal) : refusals.length + refusals.indexOf(refusal)
  return failures.reduce(
    (closest, each) => (rank(each) > rank(closest) ? each : closest),
    failures[0] ?? new SignatureRefused('signer-unknown', 'nobody who is trusted signs in this way'),
  )
}

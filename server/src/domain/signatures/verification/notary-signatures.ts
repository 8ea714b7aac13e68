import { z } from 'zod'
import { budgets, parseForeignJson } from '#contract/budget.ts'
import type { Digest } from '#contract/digest.ts'
import { assertLeaf, assertPath } from './certificate-chains.ts'
import { codeSigning, type Certificate } from './certificates.ts'
import { nameCovers } from './distinguished-names.ts'
import { closestOf, firstOf, identityOf, nothingKnown, type Judgement } from './judge.ts'
import type { NotaryEnvelope } from './notary-envelopes.ts'
import { policyFor, type Check, type TrustPolicy } from './notary-trust-policy.ts'
import { refusing, SignatureRefused } from './refusals.ts'
import { assertNotRevoked } from './revocation.ts'
import type { NotationSigner, Signer } from './signers.ts'
import { verifyTimestamp, type Timestamp } from './timestamps.ts'

const payloadFields = z.object({
  targetArtifact: z.object({ mediaType: z.string(), digest: z.string(), size: z.int() }),
})

/** What the signature is of: digest and size of the manifest both. @throws SignatureRefused */
export function assertTargets(payload: Buffer, subject: { readonly digest: Digest; readonly size: number }): void {
  const { targetArtifact } = refusing('malformed', 'the payload cannot be read', () =>
    payloadFields.parse(parseForeignJson(payload, budgets.signedPayload)),
  )
  if (targetArtifact.digest !== subject.digest || targetArtifact.size !== subject.size) {
    throw new SignatureRefused(
      'digest-mismatch',
      `the payload is of ${targetArtifact.digest.slice(0, 100)} with ${targetArtifact.size} bytes`,
    )
  }
}

export interface NotaryQuestion {
  /** `project/name`, by which the statement of a trust policy is chosen. */
  readonly repository: string
  readonly signers: readonly Signer[]
  readonly now: number
}

/** Never throws: what cannot be believed is a judgement. That it is of the right digest is known by now. */
export function judgeNotary(envelope: NotaryEnvelope, { repository, signers, now }: NotaryQuestion): Judgement {
  const leaf = envelope.certificates[0]!
  const claims = { ...nothingKnown, identity: leaf.subjectText, issuer: leaf.issuerText }
  if (!envelope.isIntact) {
    return {
      ...claims,
      state: 'refused',
      refusal: 'signature-invalid',
      detail: 'its own certificate does not verify it',
    }
  }
  const shown = { ...claims, certificates: envelope.certificates }
  if (signers.length === 0) return { ...shown, state: 'unnamed' }
  const failures: SignatureRefused[] = []
  for (const signer of signers.filter((each) => each.kind === 'notation')) {
    try {
      const found = verifyByPolicy(envelope, signer, repository, now)
      return { ...shown, ...found, state: 'verified', signer: { id: signer.id, name: signer.name } }
    } catch (error) {
      if (!(error instanceof SignatureRefused)) throw error
      failures.push(error)
    }
  }
  const closest = closestOf(failures)
  return { ...shown, state: 'untrusted', refusal: closest.refusal, detail: closest.message }
}

/**
 * A trust policy may log a check instead of enforcing it. Authenticity is the exception: without it nobody signed, so a
 * signature by somebody unknown is never verified here, whatever a policy lets pass.
 */
function verifyByPolicy(envelope: NotaryEnvelope, signer: NotationSigner, repository: string, now: number) {
  const policy = policyFor(signer.policies, repository)
  if (policy === undefined)
    throw new SignatureRefused('scope-not-covered', `${signer.name} has no statement for ${repository}`)
  if (policy.level === 'skip') {
    throw new SignatureRefused('verification-skipped', `the statement ${policy.name} skips verification`)
  }
  const logged: string[] = []
  const enforce = (check: Check, verify: () => void) => {
    try {
      verify()
    } catch (error) {
      if (!(error instanceof SignatureRefused) || policy.checks[check] === 'enforce') throw error
      logged.push(error.message)
    }
  }
  assertAuthentic(envelope, storesOf(signer, policy, envelope), policy)
  enforce('expiry', () => assertUnexpired(envelope, now))
  let timestamp: Timestamp | undefined
  enforce('authenticTimestamp', () => {
    timestamp = attestedTime(envelope, signer, policy, now)
  })
  let listsEnd: number | undefined
  if (policy.checks.revocation !== 'skip') {
    enforce('revocation', () => {
      listsEnd = assertNotRevoked(envelope.certificates, signer.revocationLists, now)
    })
  }
  return {
    identity: identityOf(envelope.certificates[0]!),
    timestamp,
    validUntil: endOf(envelope, policy, { timestamp, listsEnd }),
    detail: logged.length === 0 ? undefined : `logged by the policy: ${logged.join('; ')}`.slice(0, 500),
  }
}

function storesOf({ stores }: NotationSigner, { stores: named }: TrustPolicy, { scheme }: NotaryEnvelope) {
  const kind = scheme === 'notary.x509' ? 'ca:' : 'signingAuthority:'
  return named.filter((name) => name.startsWith(kind)).flatMap((name) => stores.get(name) ?? [])
}

/** The chain is whole, each certificate signed by the next, and one of them is in a trust store of the policy. */
function assertAuthentic(envelope: NotaryEnvelope, anchors: readonly Certificate[], policy: TrustPolicy): void {
  const [leaf, ...issuers] = envelope.certificates
  assertLeaf(leaf!, codeSigning)
  for (const [place, issuer] of issuers.entries()) {
    const below = envelope.certificates[place]!
    if (!below.issuerDer.equals(issuer.subjectDer) || !below.isSignedBy(issuer)) {
      throw new SignatureRefused(
        'certificate-untrusted',
        `the certificate ${below.subjectText} was not signed by the next one`,
      )
    }
  }
  const root = envelope.certificates.at(-1)!
  if (!root.issuerDer.equals(root.subjectDer) || !root.isSignedBy(root)) {
    throw new SignatureRefused('certificate-untrusted', 'the chain does not end at a root')
  }
  const trusted = new Set(anchors.map(({ fingerprint }) => fingerprint))
  if (!envelope.certificates.some(({ fingerprint }) => trusted.has(fingerprint))) {
    throw new SignatureRefused(
      'certificate-untrusted',
      `no certificate of ${leaf!.subjectText} is in a trust store of ${policy.name}`,
    )
  }
  if (policy.identities !== undefined && !policy.identities.some((wanted) => nameCovers(leaf!.subject, wanted))) {
    throw new SignatureRefused('identity-mismatch', `${leaf!.subjectText} is none of the identities of ${policy.name}`)
  }
}

function assertUnexpired({ expiry }: NotaryEnvelope, now: number): void {
  if (expiry !== undefined && now >= expiry) {
    throw new SignatureRefused('signature-expired', `the signature expired at ${new Date(expiry).toISOString()}`)
  }
}

/**
 * Every certificate was valid when it was signed. An authority that signs says when that was; of others a time-stamp
 * authority does, and where none is trusted, it is now (signature verification §steps, authentic timestamp).
 */
function attestedTime(
  { scheme, signingTime, certificates, timestamp, signature }: NotaryEnvelope,
  { stores }: NotationSigner,
  policy: TrustPolicy,
  now: number,
): Timestamp | undefined {
  if (scheme === 'notary.x509.signingAuthority') {
    assertPath(certificates, signingTime!)
    return { at: signingTime!, by: certificates[0]!.subjectText }
  }
  const anchors = policy.stores.filter((name) => name.startsWith('tsa:')).flatMap((name) => stores.get(name) ?? [])
  const isPast = certificates.some(({ notAfter }) => now > notAfter)
  if (anchors.length === 0 || (policy.verifyTimestamp === 'afterCertExpiry' && !isPast)) {
    assertPath(certificates, now)
    return undefined
  }
  if (timestamp === undefined) throw new SignatureRefused('timestamp-missing', 'the signature has no time stamp')
  const attested = verifyTimestamp(timestamp, signature, anchors)
  assertPath(certificates, attested.at)
  return attested
}

/** The first moment at which a check that the policy enforces would fail. */
function endOf(
  { expiry, certificates }: NotaryEnvelope,
  { checks }: TrustPolicy,
  { timestamp, listsEnd }: { readonly timestamp: Timestamp | undefined; readonly listsEnd: number | undefined },
) {
  const ends = (check: Check, moments: readonly (number | undefined)[]) => (checks[check] === 'enforce' ? moments : [])
  return firstOf([
    ...ends('expiry', [expiry]),
    ...ends('authenticTimestamp', timestamp === undefined ? certificates.map(({ notAfter }) => notAfter) : []),
    ...ends('revocation', [listsEnd]),
  ])
}

import { z } from 'zod'
import { ContractError } from '#contract/contract-error.ts'
import { matcherOf } from '#contract/doublestar.ts'
import { DomainError } from '../errors.ts'
import { readCertificates, type Certificate } from './verification/certificates.ts'
import { firstOf } from './verification/judge.ts'
import { readTrustPolicies } from './verification/notary-trust-policy.ts'
import { readPublicKey } from './verification/public-keys.ts'
import { SignatureRefused } from './verification/refusals.ts'
import { readRevocationLists } from './verification/revocation.ts'
import type { Signer } from './verification/signers.ts'
import { readTrustedRoot } from './verification/trusted-roots.ts'

const pem = z.string().max(256 << 10)
const document = z.record(z.string(), z.unknown())

/**
 * Whose signatures count, as people name them. Strict: a word that is passed over might have narrowed who is trusted.
 */
export const signerDefinition = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('key'),
    public_key: pem.describe('PEM: ECDSA, RSA, Ed25519 or SM2.'),
    trusted_root: document.optional().describe('trusted_root.json of Sigstore: logs in which signatures must be.'),
  }),
  z.strictObject({
    kind: z.literal('certificate'),
    certificates: pem.describe('PEM: authorities, or the certificates of signers themselves.'),
    subject: z.string().min(1).max(1024).optional().describe('A name of the certificate; * and ** stand for anything.'),
    timestamp_certificates: pem.optional().describe('PEM: authorities whose time stamps count.'),
    revocation_lists: pem.optional().describe('PEM: X509 CRL.'),
  }),
  z.strictObject({
    kind: z.literal('keyless'),
    issuer: z.string().min(1).max(1024).describe('The provider at which signers sign in, exactly.'),
    subject: z.string().min(1).max(1024).describe('Address or workflow; * and ** stand for anything.'),
    trusted_root: document.describe('trusted_root.json of Sigstore.'),
  }),
  z.strictObject({
    kind: z.literal('notation'),
    trust_policy: document.describe('trustpolicy.json of notation, as it is.'),
    trust_stores: z.record(z.string().max(200), pem).describe('By ca:NAME, tsa:NAME or signingAuthority:NAME, PEM.'),
    revocation_lists: pem.optional().describe('PEM: X509 CRL.'),
  }),
])

export type SignerDefinition = z.infer<typeof signerDefinition>

/** A signer of this name, ready to verify with. @throws DomainError BAD_REQUEST with what is wrong with the definition */
export function signerOf(named: { readonly id: number; readonly name: string }, definition: SignerDefinition): Signer {
  try {
    return { ...named, ...materialOf(definition) }
  } catch (error) {
    if (!(error instanceof SignatureRefused) && !(error instanceof ContractError)) throw error
    throw new DomainError('BAD_REQUEST', `the signer ${named.name} cannot be used: ${error.message}`, { cause: error })
  }
}

/** A signer without its name; each kind keeps its own fields. */
type Material = Signer extends infer Each ? (Each extends Signer ? Omit<Each, 'id' | 'name'> : never) : never

function materialOf(definition: SignerDefinition): Material {
  switch (definition.kind) {
    case 'key': {
      const { public_key: key, trusted_root: root } = definition
      return { kind: 'key', key: readPublicKey(key), root: root && readTrustedRoot(JSON.stringify(root)) }
    }
    case 'certificate':
      return {
        kind: 'certificate',
        anchors: someCertificates(definition.certificates, 'certificates'),
        subject: patternOf(definition.subject),
        timestampAnchors: readCertificates(definition.timestamp_certificates ?? ''),
        revocationLists: readRevocationLists(definition.revocation_lists ?? ''),
      }
    case 'keyless':
      return {
        kind: 'keyless',
        root: readTrustedRoot(JSON.stringify(definition.trusted_root)),
        issuer: definition.issuer,
        subject: patternOf(definition.subject)!,
      }
    case 'notation':
      return notationOf(definition)
  }
}

function notationOf({ trust_policy, trust_stores, revocation_lists }: Extract<SignerDefinition, { kind: 'notation' }>) {
  const policies = readTrustPolicies(JSON.stringify(trust_policy))
  const missing = policies.flatMap(({ stores }) => stores).find((store) => !Object.hasOwn(trust_stores, store))
  if (missing !== undefined) {
    throw new SignatureRefused(
      'malformed',
      `the trust policy names the trust store ${missing}, whose certificates are not among trust_stores`,
    )
  }
  const stores = Object.entries(trust_stores).map(([name, text]) => [name, someCertificates(text, name)] as const)
  return {
    kind: 'notation',
    policies,
    stores: new Map(stores),
    revocationLists: readRevocationLists(revocation_lists ?? ''),
  } as const
}

function someCertificates(text: string, where: string): Certificate[] {
  const certificates = readCertificates(text)
  if (certificates.length === 0) throw new SignatureRefused('malformed', `${where} has no PEM block BEGIN CERTIFICATE`)
  return certificates
}

/** A pattern is parsed when it is named. @throws ContractError PATTERN_INVALID */
function patternOf(subject: string | undefined): string | undefined {
  if (subject?.includes('*') === true) matcherOf(subject)
  return subject
}

/** One line for people: what the signer is known by. */
export function describeSigner(signer: Signer): string {
  switch (signer.kind) {
    case 'key':
      return `${signer.key.kind} sha256:${signer.key.fingerprint}`
    case 'certificate':
      return [
        ...(signer.subject === undefined ? [] : [signer.subject]),
        ...signer.anchors.map((each) => each.subjectText),
      ].join('; ')
    case 'keyless':
      return `${signer.subject} (${signer.issuer})`
    case 'notation':
      return signer.policies.map(({ name }) => name).join(', ')
  }
}

/** When the first of its certificates or revocation lists ends, in milliseconds; undefined for a signer without any. */
export function endOfSigner(signer: Signer): number | undefined {
  if (signer.kind !== 'certificate' && signer.kind !== 'notation') return undefined
  const certificates = signer.kind === 'certificate' ? signer.anchors : [...signer.stores.values()].flat()
  return firstOf([
    ...certificates.map(({ notAfter }) => notAfter),
    ...signer.revocationLists.map(({ nextUpdate }) => nextUpdate),
  ])
}

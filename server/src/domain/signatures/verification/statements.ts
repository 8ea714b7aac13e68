import { budgets, parseForeignJson } from '#contract/budget.ts'
import { encodedOf, type Digest } from '#contract/digest.ts'
import { z } from 'zod'
import { base64Bytes } from './pem.ts'
import { refusing, SignatureRefused } from './refusals.ts'

/** What an envelope of DSSE holds (the signed bytes are `signedBytes`). */
export interface Envelope {
  readonly payload: Buffer
  readonly payloadType: string
  readonly signature: Buffer
  readonly signedBytes: Buffer
}

/** What a statement of in-toto says, and of which digests. */
interface Statement {
  readonly predicateType: string
  /** Hex of the SHA-256 of each subject. */
  readonly subjects: readonly string[]
}

export const statementType = 'application/vnd.in-toto+json'
/** The statement that cosign 3 signs where earlier versions signed a payload of their own. */
export const cosignSignPredicate = 'https://sigstore.dev/cosign/sign/v1'

const envelopeFields = z.object({
  payload: z.string(),
  payloadType: z.string(),
  // More than one signature would leave open which of them counts.
  signatures: z.array(z.object({ sig: z.string() })).length(1),
})

const statementFields = z.object({
  _type: z.enum(['https://in-toto.io/Statement/v0.1', 'https://in-toto.io/Statement/v1']),
  predicateType: z.string(),
  subject: z
    .array(z.object({ digest: z.record(z.string(), z.string()) }))
    .min(1)
    .max(1000),
})

export function readEnvelope(json: unknown): Envelope {
  return refusing('malformed', 'the envelope cannot be read', () => {
    const { payload, payloadType, signatures } = envelopeFields.parse(json)
    const bytes = base64Bytes(payload)
    return {
      payload: bytes,
      payloadType,
      signature: base64Bytes(signatures[0]!.sig),
      signedBytes: preAuthEncoding(payloadType, bytes),
    }
  })
}

/** DSSE §PAE: types and lengths are a part of what is signed. */
export function preAuthEncoding(type: string, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload])
}

/**
 * The type of an attestation of this digest; undefined for the statement with which cosign signs. An attestation may be
 * of several artifacts, a signature is of one.
 * @throws SignatureRefused
 */
export function attestedType(envelope: Pick<Envelope, 'payload' | 'payloadType'>, digest: Digest): string | undefined {
  const { predicateType, subjects } = readStatement(envelope)
  const isSignature = predicateType === cosignSignPredicate
  if (isSignature && subjects.length !== 1) {
    throw new SignatureRefused(
      'malformed',
      `the statement is of ${subjects.length} subjects, where a signature is of one`,
    )
  }
  if (!digest.startsWith('sha256:') || !subjects.includes(encodedOf(digest))) {
    throw new SignatureRefused(
      'digest-mismatch',
      `the statement is of ${subjects.slice(0, 3).join(', ').slice(0, 250)}`,
    )
  }
  return isSignature ? undefined : predicateType
}

function readStatement({ payload, payloadType }: Pick<Envelope, 'payload' | 'payloadType'>): Statement {
  if (payloadType !== statementType) {
    throw new SignatureRefused('unsupported-format', `the envelope holds ${payloadType}, not a statement of in-toto`)
  }
  return refusing('malformed', 'the statement cannot be read', () => {
    const { predicateType, subject } = statementFields.parse(parseForeignJson(payload, budgets.statement))
    return { predicateType, subjects: subject.flatMap(({ digest }) => digest.sha256 ?? []) }
  })
}

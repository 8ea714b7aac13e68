import { z } from 'zod'
import type { RecordedSignature } from '../../../domain/signatures/recorded-signatures.ts'
import { refusals } from '../../../domain/signatures/verification/refusals.ts'
import { timeAnswer, timeOf } from '../frame/answers.ts'

const certificateAnswer = z.object({
  subject: z.string(),
  issuer: z.string(),
  fingerprint: z.string().describe('SHA-256, in hex.'),
  not_before: timeAnswer,
  not_after: timeAnswer,
})

/** A signature as it was judged last. */
export const signatureAnswer = z.object({
  digest: z.string().describe('Of the manifest that holds it.'),
  position: z.number().int().describe('Its layer there.'),
  method: z.enum(['cosign', 'notation']),
  format: z.string(),
  state: z
    .enum(['verified', 'untrusted', 'unnamed', 'refused'])
    .describe('unnamed: well formed, where nobody is trusted yet. refused: forged, of something else, or unreadable.'),
  reason: z.enum(refusals).optional().describe('Why it does not count.'),
  detail: z.string().optional().describe('For a person who looks for the cause.'),
  signer: z.object({ id: z.number().int(), name: z.string() }).optional().describe('Of those who are trusted.'),
  identity: z.string().optional().describe('As the signature names itself.'),
  issuer: z.string().optional(),
  certificates: z.array(certificateAnswer).nullable(),
  signed_at: timeAnswer.optional().describe('As a time-stamp authority or a log attests.'),
  time_attested_by: z.string().optional(),
  expires_at: timeAnswer.optional(),
  predicate_type: z.string().optional().describe('Of an attestation, which states something and signs nothing.'),
  check_time: timeAnswer,
})

export function presentSignature(signature: RecordedSignature): z.input<typeof signatureAnswer> {
  const { timestamp, validUntil, signer, certificates } = signature
  return {
    digest: signature.digest,
    position: signature.position,
    method: signature.method,
    format: signature.format,
    state: signature.state,
    reason: signature.refusal,
    detail: signature.detail,
    ...(signer === undefined ? {} : { signer: { ...signer } }),
    identity: signature.identity,
    issuer: signature.issuer,
    certificates:
      certificates.length === 0
        ? null
        : certificates.map(({ notBefore, notAfter, ...named }) => ({
            ...named,
            not_before: timeOf(notBefore),
            not_after: timeOf(notAfter),
          })),
    ...(timestamp === undefined ? {} : { signed_at: timeOf(timestamp.at), time_attested_by: timestamp.by }),
    ...(validUntil === undefined ? {} : { expires_at: timeOf(validUntil) }),
    predicate_type: signature.predicateType,
    check_time: timeOf(signature.checkedAt),
  }
}

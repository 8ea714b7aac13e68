import { parseForeignJson, budgets } from '#contract/budget.ts'
import type { Digest } from '#contract/digest.ts'
import { z } from 'zod'
import { refusing, SignatureRefused } from './refusals.ts'

export const simpleSigningType = 'application/vnd.dev.cosign.simplesigning.v1+json'

/** The annotations of a layer in which cosign puts what belongs to a signature. */
export const cosignAnnotations = {
  signature: 'dev.cosignproject.cosign/signature',
  certificate: 'dev.sigstore.cosign/certificate',
  chain: 'dev.sigstore.cosign/chain',
  bundle: 'dev.sigstore.cosign/bundle',
  timestamp: 'dev.sigstore.cosign/rfc3161timestamp',
} as const

const payloadFields = z.object({
  critical: z.object({
    type: z.literal('cosign container image signature'),
    image: z.object({ 'docker-manifest-digest': z.string() }),
    identity: z.object({ 'docker-reference': z.string() }).optional(),
  }),
})

/**
 * The payload that cosign signs names this very digest. The name in it is that under which the image was signed: it stays
 * when an image is copied, so it decides nothing.
 * @throws SignatureRefused
 */
export function assertPayloadNames(payload: Uint8Array, subject: Digest): void {
  const { critical } = refusing('malformed', 'the payload cannot be read', () =>
    payloadFields.parse(parseForeignJson(payload, budgets.signedPayload)),
  )
  const named = critical.image['docker-manifest-digest']
  if (named !== subject) throw new SignatureRefused('digest-mismatch', `the payload is of ${named.slice(0, 100)}`)
}

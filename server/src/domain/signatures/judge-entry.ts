import { budgets } from '#contract/budget.ts'
import type { Digest } from '#contract/digest.ts'
import type { SignatureEntry } from './signature-manifests.ts'
import { readCosignAttestation, readCosignSignature } from './verification/cosign-signatures.ts'
import { judge, nothingKnown, type Judgement } from './verification/judge.ts'
import { readNotaryEnvelope } from './verification/notary-envelopes.ts'
import { assertTargets, judgeNotary } from './verification/notary-signatures.ts'
import { SignatureRefused } from './verification/refusals.ts'
import { readBundle } from './verification/sigstore-bundles.ts'
import type { Signer } from './verification/signers.ts'

export interface EntryQuestion {
  readonly entry: SignatureEntry
  /** The blob of its layer; undefined where the repository does not have it, or it is too large to be one. */
  readonly payload: Buffer | undefined
  readonly subject: { readonly digest: Digest; readonly bytes: Buffer }
  /** `project/name`. */
  readonly repository: string
  readonly signers: readonly Signer[]
  readonly now: number
}

/** The largest blob that a signature of each format may be. */
export const maxBytesOf: Readonly<Record<SignatureEntry['format'], number>> = {
  'simple-signing': budgets.signedPayload.maxBytes,
  dsse: budgets.sigstoreBundle.maxBytes,
  bundle: budgets.sigstoreBundle.maxBytes,
  jws: budgets.signatureEnvelope.maxBytes,
  cose: budgets.signatureEnvelope.maxBytes,
  unknown: 0,
}

/** One signature, looked at. Never throws: what is wrong with it is a part of the answer. */
export function judgeEntry({ entry, payload, subject, repository, signers, now }: EntryQuestion): Judgement {
  try {
    if (payload === undefined) {
      const isTooLarge = (entry.layer.size ?? 0) > maxBytesOf[entry.format]
      throw new SignatureRefused(
        isTooLarge ? 'too-large' : 'content-missing',
        `its blob ${entry.layer.digest} cannot be read`,
      )
    }
    const layer = { payload, annotations: entry.layer.annotations ?? {} }
    switch (entry.format) {
      case 'simple-signing':
        return judge(readCosignSignature(layer, subject), signers, now)
      case 'dsse':
        return judge(readCosignAttestation(layer, subject), signers, now)
      case 'bundle':
        return judge(readBundle(payload, subject), signers, now)
      case 'jws':
      case 'cose': {
        const envelope = readNotaryEnvelope(payload, entry.layer.mediaType)
        assertTargets(envelope.payload, { digest: subject.digest, size: subject.bytes.length })
        return judgeNotary(envelope, { repository, signers, now })
      }
      case 'unknown':
        throw new SignatureRefused('unsupported-format', `its layer is ${entry.layer.mediaType}`)
    }
  } catch (error) {
    if (!(error instanceof SignatureRefused)) throw error
    return { ...nothingKnown, state: 'refused', refusal: error.refusal, detail: error.message.slice(0, 500) }
  }
}

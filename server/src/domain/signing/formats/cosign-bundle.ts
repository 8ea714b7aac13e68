import { createHash, sign } from 'node:crypto'
import { encodedOf } from '#contract/digest.ts'
import { mediaTypes } from '#contract/media-types.ts'
import { cosignSignPredicate, preAuthEncoding, statementType } from '../../signatures/verification/statements.ts'
import {
  createdAnnotation,
  secondsOf,
  type MadeSignature,
  type OpenKey,
  type SigningSubject,
} from './made-signature.ts'

const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json'

/** The statement that cosign 3 signs, in a bundle without a log: the key alone vouches. */
export const makeCosignBundle = (key: OpenKey, subject: SigningSubject, now: number): MadeSignature =>
  makeBundle(key, statementOf(subject, cosignSignPredicate, {}), cosignSignPredicate, now)

/** A statement of in-toto about the artifact (spec v1). */
export function statementOf(subject: SigningSubject, predicateType: string, predicate: object): Buffer {
  return Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ digest: { sha256: encodedOf(subject.digest) } }],
      predicateType,
      predicate,
    }),
  )
}

/** A signed statement as a bundle of Sigstore 0.3 with an envelope of DSSE, as a referrer (cosign's BUNDLE_SPEC). */
export function makeBundle(key: OpenKey, statement: Buffer, predicateType: string, now: number): MadeSignature {
  const signature = sign('sha256', preAuthEncoding(statementType, statement), key.privateKey)
  const spki = key.publicKey.export({ format: 'der', type: 'spki' })
  const bundle = {
    mediaType: bundleType,
    verificationMaterial: {
      publicKey: { hint: createHash('sha256').update(spki).digest('base64') },
      tlogEntries: [],
      timestampVerificationData: { rfc3161Timestamps: [] },
    },
    dsseEnvelope: {
      payload: statement.toString('base64'),
      payloadType: statementType,
      signatures: [{ sig: signature.toString('base64') }],
    },
  }
  return {
    artifactType: bundleType,
    configType: mediaTypes.ociEmpty,
    layerType: bundleType,
    layer: Buffer.from(JSON.stringify(bundle)),
    layerAnnotations: {},
    annotations: {
      'dev.sigstore.bundle.content': 'dsse-envelope',
      'dev.sigstore.bundle.predicateType': predicateType,
      [createdAnnotation]: secondsOf(now),
    },
  }
}

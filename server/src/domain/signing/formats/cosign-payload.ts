import { sign } from 'node:crypto'
import { mediaTypes } from '#contract/media-types.ts'
import { cosignAnnotations, simpleSigningType } from '../../signatures/verification/simple-signing.ts'
import type { MadeSignature, OpenKey, SigningSubject } from './made-signature.ts'

/** The payload and the annotation of cosign before its version 3 (cosign's SIGNATURE_SPEC). It lies under a tag. */
export function makeCosignPayload(key: OpenKey, subject: SigningSubject): MadeSignature {
  const payload = Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': subject.name },
        image: { 'docker-manifest-digest': subject.digest },
        type: 'cosign container image signature',
      },
      optional: null,
    }),
  )
  return {
    artifactType: undefined,
    configType: mediaTypes.ociConfig,
    layerType: simpleSigningType,
    layer: payload,
    layerAnnotations: { [cosignAnnotations.signature]: sign('sha256', payload, key.privateKey).toString('base64') },
    annotations: {},
  }
}

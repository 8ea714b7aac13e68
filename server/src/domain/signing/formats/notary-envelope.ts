import { createHash, sign, X509Certificate } from 'node:crypto'
import { notaryArtifactType } from '../../signatures/signature-manifests.ts'
import { envelopeTypes, headerNames, notaryPayloadType } from '../../signatures/verification/notary-envelopes.ts'
import { version } from '../../../version.ts'
import {
  createdAnnotation,
  secondsOf,
  type MadeSignature,
  type OpenKey,
  type SigningSubject,
} from './made-signature.ts'

/** An envelope of the Notary Project in JWS (signature-envelope-jws), in the scheme `notary.x509`. */
export function makeNotaryEnvelope(key: OpenKey, subject: SigningSubject, now: number): MadeSignature {
  const certificate = new X509Certificate(key.certificate).raw
  const { mediaType, digest, size } = subject
  const payload = base64Url({ targetArtifact: { mediaType, digest, size } })
  const headers = base64Url({
    alg: 'ES256',
    crit: [headerNames.scheme],
    cty: notaryPayloadType,
    [headerNames.scheme]: 'notary.x509',
    [headerNames.signingTime]: secondsOf(now),
  })
  const signature = sign('sha256', Buffer.from(`${headers}.${payload}`), {
    key: key.privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  const envelope = {
    payload,
    protected: headers,
    header: { x5c: [certificate.toString('base64')], 'io.cncf.notary.signingAgent': `berth/${version}` },
    signature: signature.toString('base64url'),
  }
  const thumbprint = createHash('sha256').update(certificate).digest('hex')
  return {
    artifactType: undefined,
    configType: notaryArtifactType,
    layerType: envelopeTypes.jws,
    layer: Buffer.from(JSON.stringify(envelope)),
    layerAnnotations: {},
    annotations: {
      'io.cncf.notary.x509chain.thumbprint#S256': JSON.stringify([thumbprint]),
      [createdAnnotation]: secondsOf(now),
    },
  }
}

const base64Url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

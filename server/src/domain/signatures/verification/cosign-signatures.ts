import { createHash } from 'node:crypto'
import { bundleFromJSON, type Bundle } from '@sigstore/bundle'
import { budgets, parseForeignJson } from '#contract/budget.ts'
import { z } from 'zod'
import { maxChainLength } from './certificate-chains.ts'
import { readCertificates } from './certificates.ts'
import { base64Bytes } from './pem.ts'
import { refusing, SignatureRefused } from './refusals.ts'
import type { SignedSubject } from './sigstore-bundles.ts'
import type { SignedContent } from './signed-content.ts'
import { assertPayloadNames, cosignAnnotations } from './simple-signing.ts'
import { attestedType, readEnvelope } from './statements.ts'

/** A layer of a manifest in which cosign keeps signatures: its bytes, and the annotations of its descriptor. */
export interface CosignLayer {
  readonly payload: Buffer
  readonly annotations: Readonly<Record<string, string>>
}

/** A signature as cosign wrote it before its version 3: a payload and annotations. @throws SignatureRefused */
export function readCosignSignature(layer: CosignLayer, subject: SignedSubject): SignedContent {
  assertPayloadNames(layer.payload, subject.digest)
  const signature = base64Bytes(layer.annotations[cosignAnnotations.signature] ?? '')
  if (signature.length === 0)
    throw new SignatureRefused('malformed', 'the layer has no signature among its annotations')
  return {
    ...sigstorePartsOf(layer, {
      messageSignature: {
        messageDigest: {
          algorithm: 'SHA2_256',
          digest: createHash('sha256').update(layer.payload).digest('base64'),
        },
        signature: signature.toString('base64'),
      },
    }),
    signedBytes: layer.payload,
    signature,
    artifact: layer.payload,
    predicateType: undefined,
  }
}

/** An attestation in the same places: an envelope of DSSE, whose signature lies in it. @throws SignatureRefused */
export function readCosignAttestation(layer: CosignLayer, subject: SignedSubject): SignedContent {
  const json = refusing('malformed', 'the envelope cannot be read', () =>
    parseForeignJson(layer.payload, budgets.sigstoreBundle),
  )
  const envelope = readEnvelope(json)
  const predicateType = attestedType(envelope, subject.digest)
  const { payloadType } = envelope
  const content = {
    dsseEnvelope: {
      payload: envelope.payload.toString('base64'),
      payloadType,
      signatures: [{ sig: envelope.signature.toString('base64'), keyid: '' }],
    },
  }
  return {
    ...sigstorePartsOf(layer, content),
    signedBytes: envelope.signedBytes,
    signature: envelope.signature,
    artifact: undefined,
    predicateType,
  }
}

/** What cosign writes beside a signature: its certificate, and what a log and a time-stamp authority said of it. */
function sigstorePartsOf({ annotations }: CosignLayer, content: object) {
  const written = annotations[cosignAnnotations.certificate] ?? ''
  const chain = readCertificates(annotations[cosignAnnotations.chain] ?? '').slice(0, maxChainLength)
  const [leaf] = readCertificates(written)
  if (leaf === undefined && written !== '') throw new SignatureRefused('malformed', 'the certificate is no PEM text')
  const tokens = timestampsOf(annotations)
  const entry = logEntryOf(annotations[cosignAnnotations.bundle])
  const json = {
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
    verificationMaterial: {
      ...(leaf === undefined
        ? { publicKey: { hint: '' } }
        : { x509CertificateChain: { certificates: [{ rawBytes: leaf.der.toString('base64') }] } }),
      tlogEntries: entry === undefined ? [] : [entry],
      timestampVerificationData: {
        rfc3161Timestamps: tokens.map((token) => ({ signedTimestamp: token.toString('base64') })),
      },
    },
    ...content,
  }
  const bundle: Bundle = refusing('malformed', 'the parts of the signature do not fit together', () =>
    bundleFromJSON(json),
  )
  return { leaf, chain, bundle, timestamps: tokens }
}

const timestampFields = z.object({ SignedRFC3161Timestamp: z.string() })

function timestampsOf(annotations: CosignLayer['annotations']): Buffer[] {
  const text = annotations[cosignAnnotations.timestamp]
  if (text === undefined) return []
  return refusing('malformed', 'the time stamp cannot be read', () => [
    base64Bytes(timestampFields.parse(parseForeignJson(text, budgets.signedPayload)).SignedRFC3161Timestamp),
  ])
}

const logFields = z.object({
  SignedEntryTimestamp: z.string(),
  Payload: z.object({ body: z.string(), integratedTime: z.int(), logIndex: z.int(), logID: z.string() }),
})
const bodyFields = z.object({ kind: z.string(), apiVersion: z.string() })

/** The annotation of cosign in the form of a bundle. */
function logEntryOf(text: string | undefined) {
  if (text === undefined) return undefined
  return refusing('malformed', 'the entry of the log cannot be read', () => {
    const { SignedEntryTimestamp, Payload } = logFields.parse(parseForeignJson(text, budgets.signedPayload))
    const body = bodyFields.parse(parseForeignJson(base64Bytes(Payload.body), budgets.signedPayload))
    return {
      logIndex: String(Payload.logIndex),
      logId: { keyId: Buffer.from(Payload.logID, 'hex').toString('base64') },
      kindVersion: { kind: body.kind, version: body.apiVersion },
      integratedTime: String(Payload.integratedTime),
      inclusionPromise: { signedEntryTimestamp: SignedEntryTimestamp },
      canonicalizedBody: Payload.body,
    }
  })
}

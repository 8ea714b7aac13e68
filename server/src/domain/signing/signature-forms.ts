import { createHash } from 'node:crypto'
import type { Descriptor } from '#contract/manifest.ts'
import { mediaTypes } from '#contract/media-types.ts'
import { digestOf, type MadeManifest } from '../artifacts/store-made.ts'
import { makeCosignBundle } from './formats/cosign-bundle.ts'
import { makeCosignPayload } from './formats/cosign-payload.ts'
import type { MadeSignature, MakeSignature, SigningSubject } from './formats/made-signature.ts'
import { makeNotaryEnvelope } from './formats/notary-envelope.ts'

/** `cosign`: a bundle, as cosign 3 writes it; `cosign-tag`: under a tag, for older ones; `notation`: of the Notary Project. */
export const signatureForms = ['cosign', 'cosign-tag', 'notation'] as const
export type SignatureForm = (typeof signatureForms)[number]

export const makers: Readonly<Record<SignatureForm, MakeSignature>> = {
  cosign: makeCosignBundle,
  'cosign-tag': makeCosignPayload,
  notation: makeNotaryEnvelope,
}

const empty = Buffer.from('{}')

/** A signature as a manifest that names what it signs (image-spec v1.1, artifacts). */
export function referrerOf(made: MadeSignature, subject: SigningSubject): MadeManifest {
  const { mediaType, digest, size } = subject
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    ...(made.artifactType === undefined ? {} : { artifactType: made.artifactType }),
    config: { mediaType: made.configType, digest: digestOf(empty), size: empty.length },
    layers: [layerOf(made)],
    subject: { mediaType, digest, size },
    annotations: made.annotations,
  }
  return { bytes: Buffer.from(JSON.stringify(manifest)), blobs: [made.layer, empty] }
}

/** A signature behind those that lie under the tag of cosign already. */
export function tagged(made: MadeSignature, known: readonly Descriptor[]): Omit<MadeManifest, 'tag'> {
  const layers = [...known, layerOf(made)]
  const config = Buffer.from(
    JSON.stringify({
      architecture: '',
      os: '',
      config: {},
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    }),
  )
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: made.configType, digest: digestOf(config), size: config.length },
    layers,
  }
  return { bytes: Buffer.from(JSON.stringify(manifest)), blobs: [made.layer, config] }
}

function layerOf({ layer, layerType, layerAnnotations }: MadeSignature) {
  const annotations = Object.keys(layerAnnotations).length === 0 ? {} : { annotations: layerAnnotations }
  const digest = `sha256:${createHash('sha256').update(layer).digest('hex')}`
  return { mediaType: layerType, digest, size: layer.byteLength, ...annotations }
}

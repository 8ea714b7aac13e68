import { createHash } from 'node:crypto'
import type { Digest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import { mediaTypes } from '#contract/media-types.ts'
import type { Reference, TagName } from '#contract/reference.ts'
import type { Admission } from '../access/admission.ts'
import type { ContentServices } from './content-services.ts'
import { pushManifest } from './push.ts'

/** A manifest that the registry itself makes, in OCI's form, with the blobs that it names. */
export interface MadeManifest {
  readonly bytes: Uint8Array
  /** In the order in which they are stored: what may be refused first. */
  readonly blobs: readonly Uint8Array[]
  /** By which it is named, too. */
  readonly tag?: TagName | undefined
}

/**
 * Stores what the registry made as the registry itself brings content in: gates, quota and events are those of any manifest.
 * @throws DomainError of the gates and of a push
 */
export async function storeMade(
  services: Pick<ContentServices, 'database' | 'clock' | 'events' | 'uploads' | 'pushedSignatures'>,
  fill: () => Promise<Admission<'fill'>>,
  { bytes, blobs, tag }: MadeManifest,
): Promise<Digest> {
  const digest = digestOf(bytes)
  for (const blob of blobs) await services.uploads.uploadAtOnce(await fill(), digestOf(blob), once(blob))
  const manifest = parseManifest(bytes, mediaTypes.ociManifest)
  const reference: Reference = { kind: 'digest', digest }
  await pushManifest(services, await fill(), { reference, tags: tag === undefined ? [] : [tag], manifest, bytes })
  return digest
}

export const digestOf = (bytes: Uint8Array): Digest =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

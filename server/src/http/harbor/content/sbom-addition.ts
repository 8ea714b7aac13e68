import { artifactTypeOf, parseManifest } from '#contract/manifest.ts'
import { isIndexMediaType } from '#contract/media-types.ts'
import type { Actor } from '../../../domain/access/actor.ts'
import type { Admission, Reading } from '../../../domain/access/admission.ts'
import { DomainError } from '../../../domain/errors.ts'
import { findInventory } from '../../../domain/scanning/kept-inventories.ts'
import { isScannable } from '../../../domain/scanning/scannable.ts'
import { harborSbomType, type SbomFormat } from '../../../domain/scanning/sboms/sbom-format.ts'
import { sbomOf } from '../../../domain/scanning/sboms/sbom-document.ts'
import { isSbomArtifact, listSboms, openSbom, sbomUnknown } from '../../../domain/scanning/sboms/stored-sboms.ts'
import type { StoredManifest } from '../../../domain/artifacts/pull.ts'
import type { HarborServices } from '../frame/services.ts'
import { openManifest, type ArtifactCall } from './artifacts.ts'
import { repositoryNameOf } from './repositories.ts'

type SbomCall = ArtifactCall & {
  readonly actor: Actor
  readonly request: Request
  readonly query: { readonly format?: SbomFormat | undefined }
}

/**
 * The SBOM that an artifact is, as Harbor answers it. Beyond Harbor also that of an image: the stored one, or in a form that none is stored
 * in, one made of the packages that are known.
 */
export async function answerSbom(call: SbomCall, services: HarborServices): Promise<Response> {
  const { admission, manifest } = await openManifest(call, services)
  const artifactType = artifactTypeOf(parseManifest(manifest.bytes, manifest.mediaType)) ?? ''
  if (isSbomArtifact(artifactType)) return await answerStored(services, admission, manifest)
  if (!isScannable({ mediaType: manifest.mediaType, artifactType }) || isIndexMediaType(manifest.mediaType)) {
    throw new DomainError('BAD_REQUEST', `addition SBOM isn't supported for ${kindOfManifest(manifest.mediaType)}`)
  }
  const { format } = call.query
  const { read } = services.database
  const within = admission.repositoryId === undefined ? [] : [admission.repositoryId]
  const [stored] = await listSboms(read, within, [manifest.digest], format)
  if (stored !== undefined) {
    const reference = { kind: 'digest', digest: stored.digest } as const
    const found = await services.content.manifests.getManifest(admission, reference)
    return await answerStored(services, admission, found)
  }
  const kept = format === undefined ? undefined : await findInventory(services, manifest.digest)
  if (format === undefined || kept === undefined) throw sbomUnknown()
  const { host } = new URL(services.system.originOf(call.request))
  const image = { host, repository: repositoryNameOf(call), digest: manifest.digest, foundAt: kept.foundAt }
  return documentAnswer(sbomOf(kept.inventory, image, format))
}

async function answerStored(
  { content: { blobs } }: HarborServices,
  admission: Admission<Reading>,
  manifest: StoredManifest,
): Promise<Response> {
  const { body, size } = await openSbom(blobs, admission, manifest)
  return documentAnswer(body as BodyInit, size)
}

/** What somebody pushed is a document to keep, and run as nothing. */
function documentAnswer(body: BodyInit | Uint8Array, size?: number): Response {
  return new Response(body as BodyInit, {
    headers: {
      'content-type': harborSbomType,
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      ...(size === undefined ? {} : { 'content-length': String(size) }),
    },
  })
}

/** Harbor's word for what is no SBOM. */
const kindOfManifest = (mediaType: string): string => (isIndexMediaType(mediaType) ? 'IMAGE(index)' : 'this artifact')

import { kindOfMediaType } from '#contract/artifact-types.ts'
import { artifactTypeOf, parseManifest } from '#contract/manifest.ts'
import type { Reader } from '../../database/database.ts'

/** What a manifest says of what it holds, for a reader who looks at a list of them. */
export interface ManifestFacts {
  /** Its artifact type; of a manifest in the clothes of an image (cosign, BuildKit) the type of what it holds. */
  readonly contentType: string
  /** The name that it or its only file has (`org.opencontainers.image.title`). */
  readonly title: string | undefined
  /** Types of the statements of an attestation. */
  readonly predicateTypes: readonly string[]
  /** Of an index: what it says of its children, by digest. */
  readonly children: ReadonlyMap<string, ChildFacts>
}

export interface ChildFacts {
  readonly platform: string | undefined
  /** BuildKit: the child that this one is an attestation of (docs/attestations/attestation-storage.md). */
  readonly attests: string | undefined
}

/** A larger manifest is not read for a list; it has its type all the same. */
const maxBytes = 32 << 10
export const titleAnnotation = 'org.opencontainers.image.title'
const predicateAnnotations = ['in-toto.io/predicate-type', 'predicateType', 'dev.sigstore.bundle.predicateType']

/** By id of the artifact; those whose manifest is too large are left out. */
export async function readManifestFacts(
  reader: Reader,
  artifactIds: readonly number[],
): Promise<ReadonlyMap<number, ManifestFacts>> {
  if (artifactIds.length === 0) return new Map()
  const rows = await reader
    .selectFrom('artifact')
    .innerJoin('artifact_payload', 'artifact_payload.artifact_id', 'artifact.id')
    .select(['artifact.id', 'artifact.media_type', 'artifact_payload.bytes'])
    .where('artifact.id', 'in', artifactIds)
    .where('artifact.manifest_size', '<=', maxBytes)
    .execute()
  return new Map(rows.map(({ id, bytes, media_type: mediaType }) => [id, manifestFactsOf(bytes, mediaType)]))
}

export function manifestFactsOf(bytes: Uint8Array, mediaType: string): ManifestFacts {
  const manifest = parseManifest(bytes, mediaType)
  const { layers, manifests, annotations = {} } = manifest
  const said = artifactTypeOf(manifest) ?? manifest.mediaType
  const held = layers[0]?.mediaType ?? ''
  const isDisguised = [undefined, 'image'].includes(kindOfMediaType(said)) && kindOfMediaType(held) !== undefined
  const notes = [annotations, ...layers.map((layer) => layer.annotations ?? {})]
  const titles = layers.length === 1 ? notes : notes.slice(0, 1)
  const predicates = notes.flatMap((each) => predicateAnnotations.flatMap((name) => each[name] ?? []))
  return {
    contentType: isDisguised ? held : said,
    title: titles.map((each) => each[titleAnnotation]).find((title) => title !== undefined && title !== ''),
    predicateTypes: [...new Set(predicates)],
    children: new Map(
      manifests.map(({ digest, platform, annotations: about }) => [
        digest,
        { platform: platformName(platform), attests: about?.['vnd.docker.reference.digest'] },
      ]),
    ),
  }
}

/** `linux/arm64/v8`; undefined for what runs nowhere. */
function platformName(platform: { os?: string; architecture?: string; variant?: string } | undefined) {
  if (platform === undefined || platform.os === 'unknown') return undefined
  const parts = [platform.os, platform.architecture, platform.variant].filter((part) => (part ?? '') !== '')
  return parts.length === 0 ? undefined : parts.join('/')
}

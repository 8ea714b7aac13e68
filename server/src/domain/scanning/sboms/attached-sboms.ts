import type { Digest } from '#contract/digest.ts'
import { parseManifest, type Descriptor, type ParsedManifest } from '#contract/manifest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Reader } from '../../../database/database.ts'
import type { Actor } from '../../access/actor.ts'
import type { Admission, Reading } from '../../access/admission.ts'
import { accessoryTagsOf } from '../../artifacts/accessories.ts'
import type { Manifests } from '../../artifacts/pull.ts'
import type { Blobs } from '../../content/blobs.ts'
import { DomainError } from '../../errors.ts'
import type { Admit } from '../../policies/admit.ts'
import { maxBomBytes } from '../detection/sbom/bill-of-materials.ts'
import type { Inventory } from '../inventory.ts'
import type { ReadBomStream } from './bom-threads.ts'
import { sbomArtifactTypes } from './sbom-format.ts'
import { isGenerated } from './stored-sboms.ts'

export interface AttachedSbomServices {
  readonly admit: Admit
  readonly manifests: Manifests
  readonly blobs: Blobs
  readonly readBom: ReadBomStream
}

/** Statements of in-toto, signed or not, which may have a bill of materials in them. */
const attestationTypes: readonly string[] = [
  'application/vnd.in-toto+json',
  'application/vnd.dsse.envelope.v1+json',
  'application/vnd.dev.sigstore.bundle.v0.3+json',
]

/** Types of artifacts in which others attach bills of materials. */
export const attachedSbomTypes: readonly string[] = [...sbomArtifactTypes, ...attestationTypes]

/** Of one image: somebody who pushes pays for no more. */
const limits = { referrers: 20, layers: 20, bytes: 2 * maxBomBytes }

export interface AttachedSbom {
  /** Of the manifest that has it. */
  readonly digest: Digest
  readonly inventory: Inventory
}

export interface AttachedPlace {
  readonly repositoryId: number
  readonly repository: RepositoryName
  readonly digest: Digest
  /** Indexes that have the image: BuildKit puts attestations beside it. */
  readonly indexes: readonly Digest[]
}

/**
 * The newest bill of materials that somebody attached to an image in a repository: a referrer, what cosign names by a tag, or what BuildKit put
 * into an index. Those that a registry made itself are none. What cannot be read is none either; `onUnread` hears of it.
 */
export async function readAttachedSbom(
  services: AttachedSbomServices,
  reader: Reader,
  actor: Actor,
  place: AttachedPlace,
  onUnread: (digest: Digest, why: string) => void,
): Promise<AttachedSbom | undefined> {
  const admission = await services.admit(actor, 'read-artifact', place.repository)
  const named = await namedSboms(reader, place)
  const besides = await besidesInIndexes(services.manifests, admission, place)
  let left = limits.bytes
  for (const digest of [...new Set([...named, ...besides])].slice(0, limits.referrers)) {
    try {
      const { bytes, mediaType } = await services.manifests.getManifest(admission, { kind: 'digest', digest })
      for (const layer of layersWithBoms(parseManifest(bytes, mediaType))) {
        const blob = await services.blobs.getBlob(admission, layer.digest)
        left -= blob.size
        if (blob.size > maxBomBytes || left < 0) throw new Error('it has more bytes than are read of one image')
        const inventory = await services.readBom(() => opened(services.blobs, admission, blob))
        // A VEX document of CycloneDX lists none.
        if (inventory.packages.length > 0) return { digest, inventory }
      }
    } catch (error) {
      if (error instanceof DomainError && !gone.includes(error.code)) throw error
      onUnread(digest, error instanceof Error ? error.message : String(error))
    }
  }
  return undefined
}

/** It was deleted meanwhile, or its bytes are damaged. */
const gone: readonly string[] = ['MANIFEST_UNKNOWN', 'BLOB_UNKNOWN']

async function* opened(blobs: Blobs, admission: Admission<Reading>, blob: Awaited<ReturnType<Blobs['getBlob']>>) {
  const body = await blobs.openBlob(admission, blob)
  yield* (body instanceof Blob ? body.stream() : body) as AsyncIterable<Uint8Array>
}

/** The newest first; tags of cosign behind them. */
async function namedSboms(reader: Reader, { repositoryId, digest }: AttachedPlace): Promise<readonly Digest[]> {
  const rows = await reader
    .selectFrom('artifact')
    .select(['digest', 'annotations'])
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', digest)
    .where('artifact_type', 'in', attachedSbomTypes)
    .orderBy('id', 'desc')
    .limit(limits.referrers)
    .execute()
  const tags = accessoryTagsOf(digest).filter((tag) => tag.endsWith('.att') || tag.endsWith('.sbom'))
  const named = await reader
    .selectFrom('tag')
    .innerJoin('artifact', 'artifact.id', 'tag.artifact_id')
    .select(['artifact.digest', 'artifact.annotations'])
    .where('tag.repository_id', '=', repositoryId)
    .where('tag.name', 'in', tags)
    .orderBy('tag.name', 'desc')
    .execute()
  return [...rows, ...named].filter((row) => !isGenerated(row)).map((row) => row.digest as Digest)
}

/** Attestations about the image that lie beside it in indexes. */
async function besidesInIndexes(
  manifests: Manifests,
  admission: Admission<Reading>,
  { digest, indexes }: AttachedPlace,
): Promise<readonly Digest[]> {
  const found: Digest[] = []
  for (const index of indexes) {
    try {
      const { bytes, mediaType } = await manifests.getManifest(admission, { kind: 'digest', digest: index })
      for (const { digest: child, annotations = {} } of parseManifest(bytes, mediaType).manifests)
        if (annotations['vnd.docker.reference.digest'] === digest) found.push(child)
    } catch (error) {
      if (!(error instanceof DomainError) || !gone.includes(error.code)) throw error
    }
  }
  return found
}

const predicateOf = ({ annotations = {} }: Descriptor): string =>
  annotations['in-toto.io/predicate-type'] ?? annotations['predicateType'] ?? ''

/** Those that may have one: where somebody says that it is something else, it is not read. */
function layersWithBoms({ layers, annotations = {} }: ParsedManifest): readonly Descriptor[] {
  const ofAll = annotations['dev.sigstore.bundle.predicateType'] ?? ''
  return layers.slice(0, limits.layers).filter((layer) => {
    const predicate = predicateOf(layer) || ofAll
    return predicate === '' || /spdx|cyclonedx/i.test(predicate)
  })
}

import type { Digest } from '#contract/digest.ts'
import type { Descriptor } from '#contract/manifest.ts'
import { mediaTypes } from '#contract/media-types.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Actor } from '../../access/actor.ts'
import type { ContentServices } from '../../artifacts/content-services.ts'
import { deleteManifest } from '../../artifacts/delete.ts'
import { findArtifactId } from '../../artifacts/find-artifact.ts'
import { titleAnnotation } from '../../artifacts/manifest-facts.ts'
import { digestOf, storeMade } from '../../artifacts/store-made.ts'
import { DomainError } from '../../errors.ts'
import { artifactTypesOf, maker, makerAnnotation, sbomMediaTypes, type SbomFormat } from './sbom-format.ts'
import { isGenerated } from './stored-sboms.ts'

/** What storing needs of the content of this registry. */
export type SbomStorage = Pick<
  ContentServices,
  'database' | 'clock' | 'events' | 'admit' | 'uploads' | 'pushedSignatures' | 'trashWindowMs'
>

export interface NewSbom {
  readonly actor: Actor
  readonly repository: RepositoryName
  /** The image that it is about. */
  readonly subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>
  readonly format: SbomFormat
  readonly document: Uint8Array
  /** When what stands in it was found (ms). */
  readonly foundAt: number
}

/**
 * Stores an SBOM as a referrer of its image (image-spec v1.1, artifacts), as the registry itself brings content in: gates, quota and events
 * are those of any manifest. The same one is stored once; older ones that a registry made go.
 * @throws DomainError of the gates and of a push
 */
export async function storeSbom(
  services: SbomStorage,
  sbom: NewSbom,
): Promise<{ readonly digest: Digest; readonly isNew: boolean; readonly replaced: number }> {
  const { actor, repository, document } = sbom
  const empty = new TextEncoder().encode('{}')
  const bytes = manifestOf(sbom, empty)
  const digest = digestOf(bytes)
  const fill = async () => await services.admit(actor, 'fill', repository)
  const { repositoryId } = await fill()
  const known =
    repositoryId === undefined ? undefined : await findArtifactId(services.database.read, repositoryId, digest)
  if (known === undefined) {
    // The document first: it is what a quota refuses, and then nothing has come in.
    await storeMade(services, fill, { bytes, blobs: [document, empty] })
    await assertSubjectStays(services, sbom, digest)
  }
  return { digest, isNew: known === undefined, replaced: await removeOlder(services, sbom, digest) }
}

function manifestOf({ subject, format, document, foundAt }: NewSbom, empty: Uint8Array): Uint8Array {
  const mediaType = sbomMediaTypes[format]
  const { mediaType: subjectType, digest, size } = subject
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: mediaType,
    config: { mediaType: mediaTypes.ociEmpty, digest: digestOf(empty), size: empty.byteLength },
    layers: [
      {
        mediaType,
        digest: digestOf(document),
        size: document.byteLength,
        annotations: { [titleAnnotation]: format === 'spdx' ? 'sbom.spdx.json' : 'sbom.cdx.json' },
      },
    ],
    subject: { mediaType: subjectType, digest, size },
    annotations: {
      [makerAnnotation]: maker,
      'org.opencontainers.image.created': `${new Date(foundAt).toISOString().slice(0, 19)}Z`,
      'org.opencontainers.artifact.description': format === 'spdx' ? 'SPDX JSON SBOM' : 'CycloneDX JSON SBOM',
    },
  }
  return new TextEncoder().encode(JSON.stringify(manifest))
}

/** An image that was deleted meanwhile took along what it had then. @throws DomainError MANIFEST_UNKNOWN */
async function assertSubjectStays(services: SbomStorage, { actor, repository, subject }: NewSbom, sbom: Digest) {
  const admission = await services.admit(actor, 'delete', repository)
  const { repositoryId } = admission
  if (repositoryId !== undefined && (await findArtifactId(services.database.read, repositoryId, subject.digest))) return
  await deleteManifest(services, admission, sbom)
  throw new DomainError('MANIFEST_UNKNOWN', `${repository} has no manifest ${subject.digest} any more`)
}

/** Of one image; the next one made takes the rest. */
const maxRemoved = 100

/** Where deletes are switched off, older ones stay: the newest is the one that is shown. */
async function removeOlder(services: SbomStorage, sbom: NewSbom, kept: Digest): Promise<number> {
  const { actor, repository, subject, format } = sbom
  const { repositoryId } = await services.admit(actor, 'read-artifact', repository)
  if (repositoryId === undefined) return 0
  const rows = await services.database.read
    .selectFrom('artifact')
    .select(['digest', 'annotations'])
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', subject.digest)
    .where('artifact_type', 'in', artifactTypesOf(format))
    .where('digest', '!=', kept)
    .orderBy('id')
    .limit(maxRemoved)
    .execute()
  let removed = 0
  for (const { digest } of rows.filter(isGenerated)) {
    try {
      await deleteManifest(services, await services.admit(actor, 'delete', repository), digest as Digest)
      removed += 1
    } catch (error) {
      // Somebody deleted it meanwhile, or it may not go.
      if (!(error instanceof DomainError) || !['MANIFEST_UNKNOWN', 'DELETE_DISABLED'].includes(error.code)) throw error
    }
  }
  return removed
}

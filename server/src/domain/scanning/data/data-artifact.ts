import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseDigest, type Digest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import { formatReference, parseReference } from '#contract/reference.ts'
import { parseRepositoryName } from '#contract/repository-name.ts'
import type { Actor } from '../../access/actor.ts'
import type { Manifests } from '../../artifacts/pull.ts'
import type { Blobs } from '../../content/blobs.ts'
import { DomainError } from '../../errors.ts'
import type { Admit } from '../../policies/admit.ts'
import type { RegistryAddress } from '../../registries/probe-registry.ts'
import { limitedData, maxDataBytes } from './import-limits.ts'

/** What the database of Trivy is published with, and what Trivy asks for. */
export const trivyDbMediaTypes = {
  config: 'application/vnd.aquasec.trivy.config.v1+json',
  layer: 'application/vnd.aquasec.trivy.db.layer.v1.tar+gzip',
} as const

/** An artifact that has vulnerability data in it, wherever it lies. */
export interface DataArtifact {
  readonly digest: string
  readonly bytes: Uint8Array
  readonly mediaType: string | undefined
  openBlob(digest: Digest, sizeBytes: number): Promise<AsyncIterable<Uint8Array>>
}

/** The parts of an artifact's place in a registry. */
export interface ArtifactPlace {
  readonly repository: string
  readonly reference: string
}

/** Fetches from another registry; undefined when the artifact is not there. @throws an Error with a sentence and a `code` */
export type WithRemoteArtifact = <Result>(
  address: RegistryAddress,
  place: ArtifactPlace,
  signal: AbortSignal,
  use: (artifact: DataArtifact | undefined) => Promise<Result>,
) => Promise<Result>

export interface DataLayer {
  readonly digest: Digest
  readonly size: number
  /** As whoever pushed it called it; it may say a date. */
  readonly name: string
}

/** The one layer with the data. @throws DomainError BAD_REQUEST when there is none, or it is too large */
export function dataLayerOf({ bytes, mediaType }: Pick<DataArtifact, 'bytes' | 'mediaType'>): DataLayer {
  const { kind, layers } = parseManifest(bytes, mediaType)
  if (kind === 'index') throw noData('it is an index')
  const ofTrivy = layers.find((layer) => layer.mediaType === trivyDbMediaTypes.layer)
  const [layer = ofTrivy] = ofTrivy === undefined && layers.length === 1 ? layers : []
  if (layer === undefined) throw noData(`it has ${layers.length} layers, and none of ${trivyDbMediaTypes.layer}`)
  if (layer.size === undefined) throw noData('its layer has no size')
  if (layer.size > maxDataBytes) throw noData(`its layer has more than ${maxDataBytes} bytes`)
  const title = layer.annotations?.['org.opencontainers.image.title'] ?? ''
  return { digest: parseDigest(layer.digest), size: layer.size, name: title.split('/').at(-1) ?? '' }
}

const noData = (why: string) => new DomainError('BAD_REQUEST', `this artifact is no vulnerability data: ${why}`)

export interface OwnContent {
  readonly admit: Admit
  readonly blobs: Blobs
  readonly manifests: Manifests
}

/** An artifact of this registry, that the actor may read. @throws DomainError as a pull */
export async function openOwnArtifact(
  { admit, blobs, manifests }: OwnContent,
  actor: Actor,
  { repository, reference }: ArtifactPlace,
): Promise<DataArtifact> {
  const admission = await admit(actor, 'read-artifact', parseRepositoryName(repository))
  const { digest, bytes, mediaType } = await manifests.getManifest(admission, parseReference(reference))
  return {
    digest,
    bytes,
    mediaType,
    async openBlob(blobDigest) {
      const body = await blobs.openBlob(admission, await blobs.getBlob(admission, blobDigest))
      return (body instanceof Blob ? body.stream() : body) as AsyncIterable<Uint8Array>
    },
  }
}

/** `aquasecurity/trivy-db:2`, behind the host it lies at. @throws ContractError for what is no name */
export function sayPlace(host: string | undefined, { repository, reference }: ArtifactPlace): string {
  const parsed = parseReference(reference)
  const end = `${repository}${parsed.kind === 'digest' ? '@' : ':'}${formatReference(parsed)}`
  return host === undefined ? end : `${host}/${end}`
}

/** Writes the layer to a file. @throws DomainError BAD_REQUEST for more bytes than vulnerability data has */
export async function copyLayer(
  artifact: DataArtifact,
  { digest, size }: DataLayer,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const bytes = limitedData(await artifact.openBlob(digest, size))
  await pipeline(Readable.from(bytes), createWriteStream(path, { mode: 0o600 }), { signal })
}

import { describeBytes, type Descriptor } from './image.ts'
import { expectStatus, type V2Client } from './v2-client.ts'

/** A blob of an artifact, and what its manifest says of it. */
export interface ArtifactPart {
  readonly mediaType: string
  readonly bytes: Uint8Array
  readonly annotations?: object
}

/** An artifact of any kind: whatever is given stands in its manifest. */
export interface ArtifactParts {
  readonly config?: ArtifactPart
  readonly layers: readonly ArtifactPart[]
  readonly annotations?: object
  readonly artifactType?: string
  readonly subject?: object
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const emptyConfig: ArtifactPart = {
  mediaType: 'application/vnd.oci.empty.v1+json',
  bytes: new TextEncoder().encode('{}'),
}

/** Pushes the blobs, then the manifest over them: by a tag, or by its digest alone. */
export async function pushArtifact(
  client: V2Client,
  repository: string,
  tag: string | undefined,
  { config = emptyConfig, layers, ...rest }: ArtifactParts,
): Promise<Descriptor> {
  const pushed = async ({ mediaType, bytes, ...more }: ArtifactPart) => ({
    ...(await client.pushBlob(repository, bytes)),
    mediaType,
    ...more,
  })
  const manifest = new TextEncoder().encode(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: await pushed(config),
      layers: await Promise.all(layers.map(pushed)),
      ...rest,
    }),
  )
  const descriptor = describeBytes(manifestType, manifest)
  await expectStatus(await client.pushManifest(repository, tag ?? descriptor.digest, manifestType, manifest), 201)
  return descriptor
}

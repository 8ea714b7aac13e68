import { createHash } from 'node:crypto'
import { tarOf, writePieces, type ArchiveEntry } from './archive.ts'

/** Section "OCI Content Descriptors" of the image specification. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly annotations?: Readonly<Record<string, string>>
  readonly platform?: { readonly architecture: string; readonly os: string }
  readonly artifactType?: string
}

export const ociManifest = 'application/vnd.oci.image.manifest.v1+json'
export const ociIndex = 'application/vnd.oci.image.index.v1+json'
const empty = Buffer.from('{}')

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** An OCI image layout (image-layout.md) in memory: blobs by digest, and the descriptors of its index.json. */
export class Layout {
  readonly #blobs = new Map<string, Uint8Array>()
  readonly #top: Descriptor[] = []

  add(mediaType: string, bytes: Uint8Array): Descriptor {
    const hex = sha256(bytes)
    this.#blobs.set(hex, bytes)
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length }
  }

  addJson(mediaType: string, value: object): Descriptor {
    return this.add(mediaType, Buffer.from(JSON.stringify(value)))
  }

  json<T>({ digest }: Descriptor): T {
    return JSON.parse(Buffer.from(this.#blobs.get(digest.slice('sha256:'.length))!).toString()) as T
  }

  /** Names a manifest in index.json. */
  name(descriptor: Descriptor, reference?: string): void {
    const annotations = reference === undefined ? {} : { 'org.opencontainers.image.ref.name': reference }
    this.#top.push(reference === undefined ? descriptor : { ...descriptor, annotations })
  }

  /** A document about a manifest: a referrer (image-spec, "Guidelines for Artifact Usage"). */
  attach(subject: Descriptor, artifactType: string, document: Uint8Array): Descriptor {
    const { mediaType, digest, size } = subject
    const descriptor = this.addJson(ociManifest, {
      schemaVersion: 2,
      mediaType: ociManifest,
      artifactType,
      config: this.add('application/vnd.oci.empty.v1+json', empty),
      layers: [this.add(artifactType, document)],
      subject: { mediaType, digest, size },
    })
    this.name({ ...descriptor, artifactType })
    return descriptor
  }

  /** As one tar that skopeo, podman, oras and Docker (25 or newer) read; `more` are further files at its top. */
  async write(file: string, epoch: number, more: readonly ArchiveEntry[] = []): Promise<void> {
    const index = { schemaVersion: 2, mediaType: ociIndex, manifests: this.#top }
    const entries: ArchiveEntry[] = [
      { path: 'oci-layout', mode: 0o644, content: '{"imageLayoutVersion":"1.0.0"}' },
      { path: 'index.json', mode: 0o644, content: JSON.stringify(index) },
      { path: 'blobs', mode: 0o755, folder: true },
      { path: 'blobs/sha256', mode: 0o755, folder: true },
      ...[...this.#blobs].map(([hex, content]) => ({ path: `blobs/sha256/${hex}`, mode: 0o644, content })),
      ...more,
    ]
    writePieces(file, [await tarOf(entries, epoch)])
  }
}

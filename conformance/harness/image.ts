import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { tar, type TarFile } from './tar.ts'

export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly platform?: { readonly os: string; readonly architecture: string }
  readonly annotations?: Readonly<Record<string, string>>
}

/** A manifest and everything below it. */
export interface Image {
  readonly descriptor: Descriptor
  /** By digest; manifests too. */
  readonly content: ReadonlyMap<string, Uint8Array>
}

const mediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
}

export function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

export function describeBytes(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: sha256(bytes), size: bytes.length }
}

export interface ImageOptions {
  /** One gzipped layer per list of files. */
  readonly layers: readonly (readonly TarFile[])[]
  readonly architecture?: string
  /** The step of the build that made each layer. */
  readonly steps?: readonly string[]
}

/** A runnable-looking image for linux, made from nothing but the given files. */
export function createImage({ layers, architecture = 'amd64', steps = [] }: ImageOptions): Image {
  const content = new Map<string, Uint8Array>()
  const archives = layers.map((files) => tar(files))
  const packed = archives.map((archive) => add(content, mediaTypes.layer, gzipSync(archive)))
  const config = add(
    content,
    mediaTypes.config,
    json({
      architecture,
      os: 'linux',
      config: { Cmd: ['/hello'] },
      rootfs: { type: 'layers', diff_ids: archives.map((archive) => sha256(archive)) },
      history: archives.map((_, at) => ({
        created: '2024-01-01T00:00:00Z',
        created_by: steps[at] ?? 'conformance',
      })),
    }),
  )
  const manifest = json({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: packed })
  return {
    descriptor: { ...add(content, mediaTypes.manifest, manifest), platform: { os: 'linux', architecture } },
    content,
  }
}

/** An image index over images of several architectures. */
export function createIndex(images: readonly Image[]): Image {
  const content = new Map(images.flatMap((image) => [...image.content]))
  const index = json({
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: images.map((image) => image.descriptor),
  })
  return { descriptor: add(content, mediaTypes.index, index), content }
}

/** A small image whose bytes no other call gives. */
export function createUniqueImage(architecture = 'amd64'): Image {
  const name = crypto.randomUUID()
  return createImage({
    architecture,
    layers: [
      [{ path: 'hello', content: `#!/bin/sh\necho ${name} ${architecture}\n`, mode: 0o755 }],
      [{ path: 'etc/name', content: `${name}\n` }],
    ],
  })
}

/** Writes an OCI image layout (image-spec v1.1 image-layout.md) with one tag. */
export async function writeLayout(folder: string, image: Image, tag: string): Promise<void> {
  const blobs = join(folder, 'blobs', 'sha256')
  await mkdir(blobs, { recursive: true })
  for (const [digest, bytes] of image.content) await writeFile(join(blobs, digest.slice('sha256:'.length)), bytes)
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  const descriptor = { ...image.descriptor, annotations: { 'org.opencontainers.image.ref.name': tag } }
  await writeFile(
    join(folder, 'index.json'),
    json({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [descriptor] }),
  )
}

/** A layout whose index is the given one, which holds images only: the form that crane pushes whole. */
export async function writeIndexAsLayout(folder: string, index: Image): Promise<void> {
  await writeLayout(folder, index, 'unused')
  await writeFile(join(folder, 'index.json'), index.content.get(index.descriptor.digest) ?? '')
}

function add(content: Map<string, Uint8Array>, mediaType: string, bytes: Uint8Array): Descriptor {
  const descriptor = describeBytes(mediaType, bytes)
  content.set(descriptor.digest, bytes)
  return descriptor
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

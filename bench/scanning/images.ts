import { createHash, randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { packTar } from 'modern-tar'

const types = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
}

export interface Blob {
  readonly digest: string
  readonly bytes: Uint8Array
}

export interface Layer extends Blob {
  readonly diffId: string
}

export interface Image {
  readonly layers: readonly Layer[]
  readonly config: Blob
  readonly manifest: Blob
}

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const blob = (bytes: Uint8Array): Blob => ({ digest: digestOf(bytes), bytes })
const described = ({ digest, bytes }: Blob, mediaType: string) => ({ mediaType, digest, size: bytes.byteLength })
const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

/** A layer with npm packages, `lodash` 4.17.4 first, and a file of bytes that cannot be packed. */
export async function makeLayer(name: string, packages: number, fillerBytes: number): Promise<Layer> {
  const files = Array.from({ length: packages }, (_, at) => {
    const [called, version] = at === 0 ? ['lodash', '4.17.4'] : [`${name}-${at}`, '1.0.0']
    return { path: `app/${name}/node_modules/${called}/package.json`, body: json({ name: called, version }) }
  })
  const filler = { path: `usr/share/${name}.bin`, body: new Uint8Array(randomBytes(fillerBytes)) }
  const archive = await packTar(
    [...files, filler].map(({ path, body }) => ({ header: { name: path, size: body.byteLength }, body })),
  )
  return { diffId: digestOf(archive), ...blob(gzipSync(archive, { level: 1 })) }
}

export function makeImage(layers: readonly Layer[]): Image {
  const config = blob(
    json({
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
      history: layers.map(() => ({ created_by: 'bench' })),
    }),
  )
  const manifest = blob(
    json({
      schemaVersion: 2,
      mediaType: types.manifest,
      config: described(config, types.config),
      layers: layers.map((layer) => described(layer, types.layer)),
    }),
  )
  return { layers, config, manifest }
}

export const manifestType = types.manifest

/** For programs that read images from a disk. */
export async function writeLayout(folder: string, { layers, config, manifest }: Image): Promise<void> {
  const place = join(folder, 'blobs', 'sha256')
  await mkdir(place, { recursive: true })
  for (const { digest, bytes } of [...layers, config, manifest])
    await writeFile(join(place, digest.slice('sha256:'.length)), bytes)
  await writeFile(join(folder, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }))
  await writeFile(
    join(folder, 'index.json'),
    json({ schemaVersion: 2, manifests: [described(manifest, types.manifest)] }),
  )
}

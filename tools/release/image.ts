import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzip, tarOf, type ArchiveEntry } from './archive.ts'
import { account, readBaseSystem, type BaseSystem } from './base-files.ts'
import { type Layout, ociIndex, ociManifest, sha256, type Descriptor } from './layout.ts'
import { root, type Source } from './source.ts'

const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip'
const configType = 'application/vnd.oci.image.config.v1+json'

export interface BuiltImage {
  readonly arch: string
  readonly manifest: Descriptor
  readonly base: BaseSystem['packages']
}

interface Layer {
  readonly descriptor: Descriptor
  readonly diffId: string
}

/** Adds the image of one processor: a layer of Debian's files, which rarely changes, and one of the program. */
export async function addImage(layout: Layout, source: Source, arch: string, executable: string): Promise<BuiltImage> {
  const base = readBaseSystem(arch)
  const program: readonly ArchiveEntry[] = [
    { path: 'usr', mode: 0o755, folder: true },
    { path: 'usr/local', mode: 0o755, folder: true },
    { path: 'usr/local/bin', mode: 0o755, folder: true },
    { path: 'usr/local/bin/berth', mode: 0o755, content: readFileSync(executable) },
    { path: 'usr/local/share', mode: 0o755, folder: true },
    { path: 'usr/local/share/berth', mode: 0o755, folder: true },
    { path: 'usr/local/share/berth/LICENSE', mode: 0o644, content: readFileSync(join(root, 'LICENSE')) },
  ]
  const layers = [await layerOf(layout, base.entries, source.epoch), await layerOf(layout, program, source.epoch)]
  const created = new Date(source.epoch * 1000).toISOString()
  const config = layout.addJson(configType, {
    created,
    architecture: arch,
    os: 'linux',
    config: runtimeConfig(source),
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: [
      { created, created_by: 'packages of Debian' },
      { created, created_by: `berth ${source.version}` },
    ],
  })
  const manifest = layout.addJson(ociManifest, {
    schemaVersion: 2,
    mediaType: ociManifest,
    config,
    layers: layers.map(({ descriptor }) => descriptor),
    annotations: annotationsOf(source),
  })
  return { arch, manifest: { ...manifest, platform: { architecture: arch, os: 'linux' } }, base: base.packages }
}

async function layerOf(layout: Layout, entries: readonly ArchiveEntry[], epoch: number): Promise<Layer> {
  const tar = await tarOf(entries, epoch)
  return { descriptor: layout.add(layerType, gzip(tar)), diffId: `sha256:${sha256(tar)}` }
}

/** What `deploy/Dockerfile` says, which builds the same on a machine with Docker. */
const runtimeConfig = (source: Source) => ({
  User: `${account.id}:${account.id}`,
  ExposedPorts: { '8080/tcp': {} },
  Env: [
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'BERTH_DATA_FOLDER=/data',
    'BERTH_REQUIRE_ADMIN_PASSWORD=true',
    'BERTH_LOG_FORMAT=json',
  ],
  Entrypoint: ['berth'],
  Cmd: ['serve'],
  Volumes: { '/data': {} },
  WorkingDir: '/data',
  StopSignal: 'SIGTERM',
  Labels: annotationsOf(source),
  // Docker's and Podman's own field: the specification of the image has none (times in nanoseconds).
  Healthcheck: { Test: ['CMD', 'berth', 'health'], Interval: 30e9, Timeout: 5e9, StartPeriod: 20e9 },
})

const annotationsOf = ({ version, commit, epoch }: Source) => ({
  'org.opencontainers.image.title': 'Berth',
  'org.opencontainers.image.description': 'A container registry for organisations that keep their images at home',
  'org.opencontainers.image.version': version,
  'org.opencontainers.image.licenses': 'Apache-2.0',
  'org.opencontainers.image.created': new Date(epoch * 1000).toISOString(),
  ...(commit === undefined ? {} : { 'org.opencontainers.image.revision': commit }),
})

export const addIndex = (layout: Layout, source: Source, images: readonly BuiltImage[]): Descriptor =>
  layout.addJson(ociIndex, {
    schemaVersion: 2,
    mediaType: ociIndex,
    manifests: images.map(({ manifest }) => manifest),
    annotations: annotationsOf(source),
  })

/** What `docker load` and `podman load` of every age look for beside the layout, in an archive of one processor. */
export function dockerManifest(layout: Layout, { manifest }: BuiltImage, name: string): ArchiveEntry {
  const { config, layers } = layout.json<{ config: Descriptor; layers: readonly Descriptor[] }>(manifest)
  const blob = ({ digest }: Descriptor): string => `blobs/${digest.replace(':', '/')}`
  const content = JSON.stringify([{ Config: blob(config), RepoTags: [name], Layers: layers.map(blob) }])
  return { path: 'manifest.json', mode: 0o644, content }
}

import { afterAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { inventoryOf, type LayerInventories } from '../detect.ts'
import { namesOf, nodePackage } from '../image-for-test.ts'
import type { LayerInventory } from '../layer-inventory.ts'
import { defaultLimits } from '../limits.ts'
import { readLayer } from '../read-layer.ts'
import { tarForTest, type TestEntry } from '../tar-for-test.ts'
import { archiveTree, type FileTree, folderTree } from './file-tree.ts'
import type { LayerSource } from './image-source.ts'
import { type ImageChoice, imageIn } from './images.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-images-'))
afterAll(() => rmSync(folder, { recursive: true }))

const digestOf = (bytes: Uint8Array | string): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const layers = [tarForTest([nodePackage('a', '1.0.0')]), tarForTest([nodePackage('b', '2.0.0')])]
const config = JSON.stringify({
  os: 'linux',
  architecture: 'amd64',
  history: [{ created_by: 'COPY . .' }, { created_by: 'ENV x', empty_layer: true }],
  rootfs: { type: 'layers', diff_ids: layers.map(digestOf) },
})

const dockerArchive: readonly TestEntry[] = [
  {
    path: 'manifest.json',
    content: JSON.stringify([{ Config: 'c.json', RepoTags: ['app:1'], Layers: ['0/layer.tar', '1/layer.tar'] }]),
  },
  { path: 'c.json', content: config },
  { path: '0/layer.tar', content: layers[0]! },
  // Docker writes a layer that it has written already as a link.
  { path: '1/layer.tar', type: '2', target: '../x/layer.tar' },
  { path: 'x/layer.tar', content: layers[1]! },
]

function layoutFiles(pack: (bytes: Uint8Array) => Uint8Array): TestEntry[] {
  const files: TestEntry[] = [{ path: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' }]
  const add = (bytes: Uint8Array | string, mediaType: string, rest: object = {}) => {
    files.push({ path: `blobs/sha256/${digestOf(bytes).slice(7)}`, content: bytes })
    return { mediaType, digest: digestOf(bytes), size: bytes.length, ...rest }
  }
  const imageType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = JSON.stringify({
    schemaVersion: 2,
    config: add(config, 'application/vnd.oci.image.config.v1+json'),
    layers: layers.map((each) => add(pack(each), 'application/vnd.oci.image.layer.v1.tar')),
  })
  const nested = JSON.stringify({
    manifests: [
      { mediaType: imageType, digest: digestOf('other'), size: 5, platform: { os: 'linux', architecture: 's390x' } },
      add(manifest, imageType, { platform: { os: 'linux', architecture: 'amd64' } }),
      { mediaType: imageType, digest: digestOf('x'), size: 1, platform: { os: 'unknown', architecture: 'unknown' } },
    ],
  })
  const index = {
    manifests: [
      add(nested, 'application/vnd.oci.image.index.v1+json', {
        annotations: { 'org.opencontainers.image.ref.name': 'one' },
      }),
    ],
  }
  return [...files, { path: 'index.json', content: JSON.stringify(index) }]
}

let count = 0
function written(bytes: Uint8Array): string {
  const file = join(folder, `${++count}.tar`)
  writeFileSync(file, bytes)
  return file
}
function writtenFolder(files: readonly TestEntry[]): string {
  const root = join(folder, `${++count}`)
  for (const { path, content = '' } of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  return root
}

const read = (layer: LayerSource): Promise<LayerInventory> => readLayer(() => layer.open(), { where: layer.diffId })

async function packagesIn(opening: Promise<FileTree>, choice: ImageChoice = { platform: 'linux/amd64' }) {
  await using tree = await opening
  const image = await imageIn(tree, choice)
  return { image, names: namesOf(await inventoryOf(image, { readLayer: read })) }
}

describe('an image is read from', () => {
  const both = ['npm a 1.0.0', 'npm b 2.0.0']

  test('an archive of docker save', async () => {
    const { image, names } = await packagesIn(archiveTree(written(tarForTest(dockerArchive)), defaultLimits))
    expect(names).toEqual(both)
    expect(image.name).toBe('app:1')
    expect(image.config).toEqual({
      os: 'linux',
      architecture: 'amd64',
      history: [
        { createdBy: 'COPY . .', emptyLayer: false },
        { createdBy: 'ENV x', emptyLayer: true },
      ],
    })
  })

  test('the same, compressed as a whole, and the temporary file goes', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('berth-image-'))
    for (const pack of [gzipSync, zstdCompressSync]) {
      expect((await packagesIn(archiveTree(written(pack(tarForTest(dockerArchive))), defaultLimits))).names).toEqual(
        both,
      )
    }
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('berth-image-'))).toEqual(before)
  })

  test('an OCI layout in a folder or an archive, of layers packed in each way', async () => {
    for (const pack of [gzipSync, zstdCompressSync, (bytes: Uint8Array) => bytes]) {
      expect((await packagesIn(folderTree(writtenFolder(layoutFiles(pack))))).names).toEqual(both)
      expect((await packagesIn(archiveTree(written(tarForTest(layoutFiles(pack))), defaultLimits))).names).toEqual(both)
    }
  })

  test('the entry of a layout that was asked for', async () => {
    const tree = () => folderTree(writtenFolder(layoutFiles(gzipSync)))
    expect((await packagesIn(tree(), { reference: 'one', platform: 'linux/amd64' })).names).toEqual(both)
    expect(packagesIn(tree(), { reference: 'two' })).rejects.toMatchObject({ code: 'DAMAGED' })
    expect(packagesIn(tree(), { platform: 'linux/arm64' })).rejects.toMatchObject({ code: 'DAMAGED' })
  })
})

describe('a verdict is given for', () => {
  const verdictOn = (files: readonly TestEntry[]) =>
    expect(packagesIn(archiveTree(written(tarForTest(files)), defaultLimits))).rejects

  test('what is no image', () => verdictOn([{ path: 'a', content: 'x' }]).toMatchObject({ code: 'UNSUPPORTED' }))
  test('a config that names other layers', () =>
    verdictOn([...dockerArchive.slice(2), { path: 'c.json', content: '{}' }, dockerArchive[0]!]).toMatchObject({
      code: 'DAMAGED',
    }))
  test('a digest that leads out of the layout', () =>
    verdictOn([
      { path: 'index.json', content: '{"manifests":[{"digest":"sha256:../../../etc/passwd"}]}' },
    ]).toMatchObject({ code: 'DAMAGED' }))
  test('an index that names itself', () => {
    const path = `blobs/sha256/${'0'.repeat(64)}`
    const content = JSON.stringify({
      manifests: [{ mediaType: 'application/vnd.oci.image.index.v1+json', digest: `sha256:${'0'.repeat(64)}` }],
    })
    return verdictOn([
      { path, content },
      { path: 'index.json', content },
    ]).toMatchObject({ code: 'TOO_DEEP' })
  })

  test('a link out of a folder is a file that is not there', async () => {
    const root = writtenFolder(layoutFiles(gzipSync).filter(({ path }) => path !== 'index.json'))
    writeFileSync(join(folder, 'outside'), '{"manifests":[]}')
    symlinkSync(join(folder, 'outside'), join(root, 'index.json'))
    expect(packagesIn(folderTree(root))).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })
})

test('a layer that was read before is not read again, though a file of it is damaged, and a damaged layer is', async () => {
  const kept = new Map<string, LayerInventory>()
  const cached: LayerInventories = {
    find: async (blob) => kept.get(blob),
    keep: async (blob, inventory) => void kept.set(blob, inventory),
  }
  let reads = 0
  const source = (bytes: Uint8Array): LayerSource => ({
    diffId: digestOf(bytes),
    blob: digestOf(bytes),
    async *open() {
      yield bytes
    },
  })
  const withBadFile = tarForTest([{ path: 'app/node_modules/bad/package.json', content: '{' }])
  const image = {
    layers: [source(layers[0]!), source(layers[0]!), source(withBadFile), source(layers[1]!.subarray(0, 1000))],
  }
  const readLayer = (layer: LayerSource) => {
    reads++
    return read(layer)
  }
  for (let run = 0; run < 2; run++) {
    const inventory = await inventoryOf(image, { readLayer, cached })
    expect(inventory.unread).toMatchObject([{ where: 'app/node_modules/bad/package.json' }, { code: 'DAMAGED' }])
  }
  expect(reads).toBe(4)
})

test('a layer says what lies in its own bytes, whatever DiffID its config claims', async () => {
  const kept = new Map<string, LayerInventory>()
  const cached: LayerInventories = {
    find: async (blob) => kept.get(blob),
    keep: async (blob, inventory) => void kept.set(blob, inventory),
  }
  const claimed = digestOf(layers[0]!)
  const source = (bytes: Uint8Array): LayerSource => ({
    diffId: claimed,
    blob: digestOf(bytes),
    async *open() {
      yield bytes
    },
  })
  const nothing = tarForTest([{ path: 'etc/motd', content: 'hello' }])
  expect((await inventoryOf({ layers: [source(nothing)] }, { readLayer: read, cached })).packages).toEqual([])
  const honest = await inventoryOf({ layers: [source(layers[0]!)] }, { readLayer: read, cached })
  expect(honest.packages.length).toBeGreaterThan(0)
  const twice = await inventoryOf({ layers: [source(nothing), source(layers[0]!)] }, { readLayer: read })
  expect(twice.packages).toEqual(honest.packages)
})

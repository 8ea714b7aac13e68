import { open, readFile, stat } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { imageTree } from './image-tree.ts'
import type { Config } from '#server/config/config.ts'
import { compressionOf } from '#server/domain/scanning/detection/decompress.ts'
import { inventoryOf } from '#server/domain/scanning/detection/detect.ts'
import { archiveTree, folderTree, type FileTree } from '#server/domain/scanning/detection/inputs/file-tree.ts'
import { modeOfFolder, readFolder } from '#server/domain/scanning/detection/inputs/folder.ts'
import { imageIn } from '#server/domain/scanning/detection/inputs/images.ts'
import { LayerThreads } from '#server/domain/scanning/detection/layer-threads.ts'
import { defaultLimits } from '#server/domain/scanning/detection/limits.ts'
import { mergeLayers } from '#server/domain/scanning/detection/merge-layers.ts'
import { maxBomBytes, readBom } from '#server/domain/scanning/detection/sbom/bill-of-materials.ts'
import { tooLarge, Unreadable } from '#server/domain/scanning/detection/verdict.ts'
import type { ScanReport } from '#server/domain/scanning/reports/scan-report.ts'
import { CommandError } from '../command-error.ts'
import { parseImageReference, purlOfName, type ImageReference } from './image-reference.ts'
import { openNamedRegistry, withAdvice, type TrustOptions } from './registry-address.ts'

export type ScannedTarget = Pick<ScanReport, 'subject' | 'input' | 'image' | 'inventory'>

export interface TargetOptions extends TrustOptions {
  readonly platform: string | undefined
}

const layersAtOnce = 2
/** A tar has this at byte 257 of its first header. */
const tarMark = 'ustar'

/**
 * What lies in what was named: an archive or a layout of an image, a folder, a bill of materials, an image in a registry.
 * @throws Unreadable, RegistryFailure; CommandError `usage` when nothing is there
 */
export async function readTarget(config: Config, target: string, options: TargetOptions): Promise<ScannedTarget> {
  if (existsSync(target)) {
    const isFolder = (await stat(target)).isDirectory()
    return isFolder ? readFolderTarget(target, options) : readFileTarget(target, options)
  }
  const reference = parseImageReference(target)
  if (reference !== undefined) return readRegistryTarget(config, target, reference, options)
  throw new CommandError(`${target} is not there, and no image in a registry`, {
    kind: 'usage',
    next: 'name an archive, an OCI layout, a folder, a bill of materials, or an image: registry.example.com/library/app:1.0',
  })
}

async function readFolderTarget(folder: string, options: TargetOptions): Promise<ScannedTarget> {
  if (existsSync(join(folder, 'oci-layout')) && existsSync(join(folder, 'index.json'))) {
    await using tree = await folderTree(folder)
    return await readImage(tree, folder, options)
  }
  const inventory = await readFolder(folder, { mode: await modeOfFolder(folder), where: folder })
  return {
    input: 'folder',
    subject: { name: folder, type: 'application' },
    inventory: mergeLayers([{ inventory }]),
  }
}

async function readFileTarget(file: string, options: TargetOptions): Promise<ScannedTarget> {
  if (await isArchive(file)) {
    await using tree = await archiveTree(file, defaultLimits)
    return await readImage(tree, file, options)
  }
  if ((await stat(file)).size > maxBomBytes) throw tooLarge(`${file} has more than ${maxBomBytes} bytes`)
  const { inventory } = readBom(await readFile(file))
  return { input: 'sbom', subject: { name: file, type: 'application' }, inventory }
}

async function isArchive(file: string): Promise<boolean> {
  const head = new Uint8Array(512)
  await using handle = await open(file, 'r')
  await handle.read(head, 0, head.length, 0)
  if (compressionOf(head.subarray(0, 4)) !== 'none') return true
  return Buffer.from(head.subarray(257, 262)).toString('latin1') === tarMark
}

async function readRegistryTarget(
  config: Config,
  target: string,
  reference: ImageReference,
  options: TargetOptions,
): Promise<ScannedTarget> {
  const { client: opened, url } = openNamedRegistry(config, reference, options)
  using client = opened
  const found = await imageTree(client, reference.repository, reference.reference).catch((error: unknown) => {
    throw withAdvice(error, url)
  })
  if (found === undefined)
    throw new Unreadable('UNSUPPORTED', `${url} has no ${reference.repository}:${reference.reference}`)
  await using tree = found.tree
  return await readImage(tree, target.replace(/^https?:\/\//, ''), options, found.digest)
}

async function readImage(
  tree: FileTree,
  name: string,
  { platform }: TargetOptions,
  digest?: string,
): Promise<ScannedTarget> {
  const image = await imageIn(tree, platform === undefined ? {} : { platform })
  await using threads = new LayerThreads({ maxThreads: layersAtOnce })
  const inventory = await inventoryOf(image, { readLayer: (layer) => threads.read(layer) })
  const purl = purlOfName(digest === undefined ? image.name : name, digest)
  return {
    input: 'image',
    image: image.config,
    inventory,
    subject: {
      name,
      type: 'container',
      ...(digest === undefined ? {} : { digest }),
      ...(purl === undefined ? {} : { purl }),
    },
  }
}

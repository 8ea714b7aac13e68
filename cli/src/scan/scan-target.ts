import { open, readFile, stat } from 'node:fs/promises'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { imageTree } from './image-tree.ts'
import { RegistryFailure } from '#server/clients/registry/registry-failure.ts'
import { openTypedRegistry } from '#server/compose/remote-registries.ts'
import { clientEnvironment } from '#server/config/client-environment.ts'
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
import { ContextStore } from '../api/contexts.ts'
import { CommandError } from '../command-error.ts'
import { parseImageReference, purlOfName, type ImageReference } from './image-reference.ts'

export type ScannedTarget = Pick<ScanReport, 'subject' | 'input' | 'image' | 'inventory'>

export interface TargetOptions {
  readonly platform: string | undefined
  readonly ca: string | undefined
  readonly insecure: boolean
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
  const { url, credential, ca, insecure } = addressOf(reference, options)
  using client = openTypedRegistry(config, {
    url,
    credential,
    insecure,
    authority: ca === undefined ? undefined : readFileSync(ca, 'utf8'),
  })
  const found = await imageTree(client, reference.repository, reference.reference).catch((error: unknown) => {
    throw error instanceof RegistryFailure ? withAdvice(error, url) : error
  })
  if (found === undefined)
    throw new Unreadable('UNSUPPORTED', `${url} has no ${reference.repository}:${reference.reference}`)
  await using tree = found.tree
  return await readImage(tree, target.replace(/^https?:\/\//, ''), options, found.digest)
}

/** A login to this registry, and who the environment says signs in, unless it says so of another registry. */
function addressOf({ host, scheme }: ImageReference, { ca, insecure }: TargetOptions) {
  const env = clientEnvironment()
  const known = Object.values(new ContextStore(env.contextsFile).read().contexts).find(
    (context) => new URL(context.url).host === host,
  )
  const isLocal = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/.test(host)
  const origin = known !== undefined && scheme === undefined ? new URL(known.url).origin : undefined
  const url = origin ?? `${scheme ?? (isLocal ? 'http' : 'https')}://${host}`
  const isMeant = env.url === undefined || (URL.canParse(env.url) && new URL(env.url).host === host)
  const kept = known?.credential
  const credential =
    env.username !== undefined && env.password !== undefined && isMeant
      ? { accessKey: env.username, accessSecret: env.password }
      : kept?.kind === 'secret' && new URL(url).origin === new URL(known!.url).origin
        ? { accessKey: kept.username, accessSecret: kept.secret }
        : undefined
  return {
    url,
    credential,
    ca: ca ?? env.ca ?? known?.ca,
    insecure: insecure || env.insecure || known?.insecure === true,
  }
}

function withAdvice(error: RegistryFailure, url: string): CommandError {
  const next =
    error.code === 'UNAUTHORIZED' || error.code === 'DENIED'
      ? 'set BERTH_USERNAME and BERTH_PASSWORD; a robot with its secret is best'
      : `is the address right? An http:// in front of the name speaks without TLS: ${url.replace(/^https:/, 'http:')}/…`
  return new CommandError(error.message, { kind: 'incomplete', reason: error.code, next, cause: error })
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

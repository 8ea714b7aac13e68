import { budgets, parseForeignJson } from '#contract/budget.ts'
import { isTable, listAt, stringAt, tableAt } from '../formats/json.ts'
import { damaged, Unreadable } from '../verdict.ts'
import type { FileTree } from './file-tree.ts'
import type { ImageFacts, ImageSource, LayerSource } from './image-source.ts'

export interface ImageChoice {
  /** `linux/arm64`, `linux/arm/v7`; absent: that of this machine where there is one, else the first. */
  readonly platform?: string
  /** A tag or a name in the archive, where there are several. */
  readonly reference?: string
}

const maxNestedIndexes = 4
const maxLayers = 1_000

/**
 * The image in a tree: what `docker save` writes (old and new), and OCI layouts (podman, skopeo, crane, buildx, oras).
 * @throws Unreadable UNSUPPORTED, DAMAGED
 */
export async function imageIn(tree: FileTree, choice: ImageChoice = {}): Promise<ImageSource> {
  const manifest = await readJson(tree, 'manifest.json')
  if (Array.isArray(manifest) && manifest.length > 0) return dockerImage(tree, manifest, choice)
  const index = await readJson(tree, 'index.json')
  if (index !== undefined) return layoutImage(tree, index, choice)
  throw new Unreadable(
    'UNSUPPORTED',
    'it is neither an archive of docker save nor an OCI layout: no manifest.json, no index.json',
  )
}

/** True for a folder or an archive that has an image inside. */
export async function hasImage(tree: FileTree): Promise<boolean> {
  return (await tree.has('manifest.json')) || ((await tree.has('index.json')) && (await tree.has('oci-layout')))
}

async function dockerImage(
  tree: FileTree,
  manifest: readonly unknown[],
  { reference }: ImageChoice,
): Promise<ImageSource> {
  const named = manifest.find((each) => reference !== undefined && listAt(each, 'RepoTags').includes(reference))
  if (reference !== undefined && named === undefined) throw damaged(`the archive has no image ${reference}`)
  const chosen = named ?? manifest[0]
  const config = await mustReadJson(tree, stringAt(chosen, 'Config'), budgets.imageConfig)
  const paths = listAt(chosen, 'Layers').filter((each) => typeof each === 'string')
  const name = listAt(chosen, 'RepoTags').find((each) => typeof each === 'string') ?? ''
  return {
    name,
    config: factsOf(config),
    layers: layersOf(
      tree,
      config,
      paths.map((path) => ({ path })),
    ),
  }
}

async function layoutImage(tree: FileTree, index: unknown, choice: ImageChoice): Promise<ImageSource> {
  const descriptor = await chooseManifest(tree, index, choice, maxNestedIndexes)
  const manifest = await mustReadJson(tree, blobPath(stringAt(descriptor, 'digest')))
  const config = await mustReadJson(
    tree,
    blobPath(stringAt(tableAt(manifest, 'config'), 'digest')),
    budgets.imageConfig,
  )
  const layers = listAt(manifest, 'layers').map((each) => ({
    path: blobPath(stringAt(each, 'digest')),
    mediaType: stringAt(each, 'mediaType'),
  }))
  return { name: nameOf(descriptor), config: factsOf(config), layers: layersOf(tree, config, layers) }
}

async function chooseManifest(tree: FileTree, index: unknown, choice: ImageChoice, depth: number): Promise<unknown> {
  const all = listAt(index, 'manifests').filter((each) => !isAttestation(each))
  const named = all.filter((each) => choice.reference === undefined || nameOf(each) === choice.reference)
  if (choice.reference !== undefined && depth === maxNestedIndexes && named.length === 0) {
    throw damaged(`the layout has no image ${choice.reference}`)
  }
  const candidates = named.length > 0 ? named : all
  const chosen =
    choice.platform === undefined
      ? (candidates.find((each) => platformOf(each) === ownPlatform) ?? candidates[0])
      : (candidates.find((each) => platformOf(each) === choice.platform) ??
        candidates.find((each) => platformOf(each) === ''))
  if (chosen === undefined)
    throw damaged(choice.platform === undefined ? 'the index names no image' : `it has no image for ${choice.platform}`)
  if (!isIndex(stringAt(chosen, 'mediaType'))) return chosen
  if (depth === 0) throw new Unreadable('TOO_DEEP', 'its indexes are nested too deep')
  return chooseManifest(tree, await mustReadJson(tree, blobPath(stringAt(chosen, 'digest'))), choice, depth - 1)
}

const ownPlatform = `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`

function platformOf(descriptor: unknown): string {
  const platform = tableAt(descriptor, 'platform')
  const parts = [stringAt(platform, 'os'), stringAt(platform, 'architecture'), stringAt(platform, 'variant')]
  return parts.filter((part) => part !== '').join('/')
}

/** BuildKit keeps provenance beside images, as manifests of no platform. */
const isAttestation = (descriptor: unknown): boolean =>
  stringAt(tableAt(descriptor, 'annotations'), 'vnd.docker.reference.type') === 'attestation-manifest' ||
  platformOf(descriptor) === 'unknown/unknown'

const isIndex = (mediaType: string): boolean => mediaType.includes('image.index') || mediaType.includes('manifest.list')

const nameOf = (descriptor: unknown): string => {
  const annotations = tableAt(descriptor, 'annotations')
  return stringAt(annotations, 'io.containerd.image.name') || stringAt(annotations, 'org.opencontainers.image.ref.name')
}

/** @throws Unreadable DAMAGED for a digest that would be no file of its own */
function blobPath(digest: string): string {
  const [, algorithm, encoded] = /^([a-z0-9]+):([0-9a-f]{32,128})$/.exec(digest) ?? []
  if (algorithm === undefined) throw damaged(`a digest of it is none: ${digest.slice(0, 100)}`)
  return ['blobs', algorithm, encoded].join('/')
}

function layersOf(
  tree: FileTree,
  config: unknown,
  layers: readonly { readonly path: string; readonly mediaType?: string }[],
): LayerSource[] {
  const diffIds = listAt(tableAt(config, 'rootfs'), 'diff_ids').filter((each) => typeof each === 'string')
  if (layers.length > maxLayers) throw new Unreadable('TOO_LARGE', `it has more than ${maxLayers} layers`)
  if (diffIds.length !== layers.length) {
    throw damaged(
      `its config names ${diffIds.length} layers and its manifest ${layers.length}: it may be no image but another artifact`,
    )
  }
  return layers.map(({ path, mediaType = '' }, at) => ({
    diffId: diffIds[at]!,
    open: () => tree.open(path),
    ...(mediaType.includes('+encrypted')
      ? { unread: { code: 'UNSUPPORTED', reason: 'it is encrypted' } as const }
      : {}),
  }))
}

/** The facts of a config, whoever wrote it. */
export function factsOf(config: unknown): ImageFacts {
  const created = stringAt(config, 'created')
  return {
    os: stringAt(config, 'os') || 'linux',
    architecture: stringAt(config, 'architecture'),
    ...(created === '' ? {} : { created }),
    history: listAt(config, 'history')
      .slice(0, 2 * maxLayers)
      .map((each) => ({
        createdBy: stringAt(each, 'created_by'),
        emptyLayer: isTable(each) && each.empty_layer === true,
      })),
  }
}

async function mustReadJson(
  tree: FileTree,
  path: string,
  budget: typeof budgets.manifest | typeof budgets.imageConfig = budgets.manifest,
): Promise<unknown> {
  const found = await readJson(tree, path, budget)
  if (found === undefined) throw damaged(`${path === '' ? 'a file that it needs' : path} is not there`)
  return found
}

async function readJson(
  tree: FileTree,
  path: string,
  budget: typeof budgets.manifest | typeof budgets.imageConfig = budgets.manifest,
): Promise<unknown> {
  const bytes = path === '' ? undefined : await tree.read(path, budget.maxBytes)
  if (bytes === undefined) return undefined
  try {
    return parseForeignJson(bytes, budget)
  } catch (error) {
    throw damaged(`${path}: ${(error as Error).message}`)
  }
}

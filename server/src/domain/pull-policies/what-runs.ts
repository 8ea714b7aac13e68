import { parseManifest, type ParsedManifest } from '#contract/manifest.ts'
import { isImageConfigMediaType } from '#contract/media-types.ts'

/**
 * What a policy has before it. `image`: something that a container runtime would run. `signature`: says something about another
 * artifact. `data`: charts, bills of materials, modules; nothing that a scanner of images has to look at.
 */
export type JudgedKind = 'index' | 'image' | 'signature' | 'data'

/** Layers that say something about another artifact; no runtime unpacks them. */
const simpleSigning = 'application/vnd.dev.cosign.simplesigning.v1+json'
const inToto = 'application/vnd.in-toto+json'
const ofNotary = new Set(['application/jose+json', 'application/cose'])
const ofBundles = /^application\/vnd\.dev\.sigstore\.bundle(\.v0\.\d+)?\+json(;version=0\.\d+)?$/
const isSignatureLayer = (mediaType: string): boolean =>
  mediaType === simpleSigning || ofNotary.has(mediaType) || ofBundles.test(mediaType)

/**
 * The kind of a manifest, by what a runtime goes by: the type of its config and of its layers. `artifactType` is not asked,
 * because runtimes do not ask it either: an image that calls itself something else runs all the same. One layer of another type
 * makes an image of what else would be a signature.
 */
export function judgedKindOf({ kind, config, layers }: Pick<ParsedManifest, 'kind' | 'config' | 'layers'>): JudgedKind {
  if (kind === 'index') return 'index'
  const all = (holds: (mediaType: string) => boolean) =>
    layers.length > 0 && layers.every(({ mediaType }) => holds(mediaType))
  if (all(isSignatureLayer)) return 'signature'
  if (all((mediaType) => mediaType === inToto)) return 'data'
  return config !== undefined && isImageConfigMediaType(config.mediaType) ? 'image' : 'data'
}

export function kindOfBytes(bytes: Uint8Array, mediaType: string): JudgedKind {
  return judgedKindOf(parseManifest(bytes, mediaType))
}

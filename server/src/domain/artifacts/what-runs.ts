import { parseManifest, type ParsedManifest } from '#contract/manifest.ts'
import { mediaTypes } from '#contract/media-types.ts'

/**
 * What a scanner and a policy have before them. `image`: something that a container runtime would run. `signature`: says something
 * about another artifact. `attestation`: states something of one, and is asked for signatures of its own. `data`: charts, bills of
 * materials, modules; nothing that a scanner of images has to look at.
 */
export type JudgedKind = 'index' | 'image' | 'signature' | 'attestation' | 'data'

/** Layers that say something about another artifact; no runtime unpacks them. */
const simpleSigning = 'application/vnd.dev.cosign.simplesigning.v1+json'
const ofNotary = new Set(['application/jose+json', 'application/cose'])
const ofBundles = /^application\/vnd\.dev\.sigstore\.bundle(\.v0\.\d+)?\+json(;version=0\.\d+)?$/
const isSignatureLayer = (mediaType: string): boolean =>
  mediaType === simpleSigning || ofNotary.has(mediaType) || ofBundles.test(mediaType)

/** What builders and cosign attest. */
const statements = new Set(['application/vnd.in-toto+json', 'application/vnd.dsse.envelope.v1+json'])

/**
 * The types by which runtimes take a config for that of an image, and a layer for one to unpack: docker goes by these
 * prefixes without regard to case, containerd by some types behind them. Models that docker gives types under its own name
 * are none of them.
 */
const ofImages = /^application\/vnd\.(oci\.image|docker)(\.|$)/i
const ofModels = /^application\/vnd\.docker\.ai\./i
const isOfImage = (mediaType: string): boolean => ofImages.test(mediaType) && !ofModels.test(mediaType)

/** Types that name no format but "bytes" or "an archive", so that nobody can tell who would unpack it. */
const ofAnything =
  /^(application\/(octet-stream|x-octet-stream|binary|json|(x-)?(tar|gtar|gzip|zstd|compressed|tgz)(\+(gzip|zstd))?)|text\/plain)?$/i

/** `{}`: a config that names no layers. Every runtime compares them with those of the manifest, so nothing of it is run. */
const emptyObject = 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'

/**
 * The kind of a manifest, by what a runtime goes by: the types of its config and of its layers. `artifactType` is not asked,
 * because runtimes do not ask it either: an image that calls itself something else runs all the same. Nor does a config of an
 * unusual type make data of what has the layers of an image. One layer of another type makes an image of what else would be a
 * signature; what cannot be told is an image.
 */
export function judgedKindOf({ kind, config, layers }: Pick<ParsedManifest, 'kind' | 'config' | 'layers'>): JudgedKind {
  if (kind === 'index') return 'index'
  const all = (holds: (mediaType: string) => boolean) =>
    layers.length > 0 && layers.every(({ mediaType }) => holds(mediaType))
  if (all(isSignatureLayer)) return 'signature'
  if (all((mediaType) => statements.has(mediaType))) return 'attestation'
  if (config === undefined || isOfImage(config.mediaType)) return 'image'
  if (config.digest === emptyObject) return 'data'
  return isDataConfig(config.mediaType) && !layers.some(({ mediaType }) => mayBeUnpacked(mediaType)) ? 'data' : 'image'
}

const isDataConfig = (mediaType: string): boolean => mediaType === mediaTypes.ociEmpty || !ofAnything.test(mediaType)
const mayBeUnpacked = (mediaType: string): boolean => isOfImage(mediaType) || ofAnything.test(mediaType)

export function kindOfBytes(bytes: Uint8Array, mediaType: string): JudgedKind {
  return judgedKindOf(parseManifest(bytes, mediaType))
}

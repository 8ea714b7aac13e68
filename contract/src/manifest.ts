import { budgets, parseForeignJson } from './budget.ts'
import { ContractError, quoted } from './contract-error.ts'
import {
  invalidManifest,
  parseAnnotations,
  parseDescriptor,
  parseFields,
  parseType,
  type Descriptor,
  type Gaps,
} from './descriptor.ts'
import {
  isDockerMediaType,
  isIndexMediaType,
  isManifestMediaType,
  isSchema1MediaType,
  mediaTypes,
} from './media-types.ts'

export type { Descriptor, Platform } from './descriptor.ts'

/** The parts of a manifest that the registry reads. The bytes stay as they were pushed. */
export interface ParsedManifest {
  readonly kind: 'image' | 'index'
  readonly mediaType: string
  readonly artifactType: string | undefined
  /** Images always have one, indexes never. */
  readonly config?: Descriptor
  /**
   * Of an image. Of an index, those of its entries that are no manifests: BuildKit exports its cache as an index of
   * layers, and they are pushed and kept as blobs.
   */
  readonly layers: readonly Descriptor[]
  /** Children of an index: those of its entries that are manifests. */
  readonly manifests: readonly Descriptor[]
  readonly subject?: Descriptor
  readonly annotations?: Readonly<Record<string, string>>
  /**
   * Required fields that config and layers of an old image lack, as in `layers[0].size`. Whoever takes the manifest
   * decides whether it may; absent from one that has all.
   */
  readonly unsaid?: readonly string[]
}

/** Each becomes rows; images have tens, the largest indexes in the wild hundreds. */
const maxDescriptors = 10_000

const manifestFields = [
  'schemaVersion',
  'mediaType',
  'artifactType',
  'config',
  'layers',
  'manifests',
  'subject',
  'annotations',
  'fsLayers',
]

/** Media types of clients that do not say what they send: curl, generic HTTP libraries. */
const genericContentTypes = [
  '',
  'application/json',
  'application/octet-stream',
  'application/x-www-form-urlencoded',
  'text/plain',
]

/**
 * Reads a manifest of at most a few MiB (the caller sees to that). `contentType` is the header as it was sent.
 * Throws `MANIFEST_INVALID` with a sentence for the person who pushes.
 */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined): ParsedManifest {
  const fields = parseFields(parseJson(bytes), 'it', manifestFields)
  const said = parseContentType(contentType ?? '')
  refuseOldKinds(said, fields)
  const mediaType = decideMediaType(said, parseType(fields.mediaType, 'mediaType'))
  if (fields.schemaVersion !== 2) throw invalidManifest('schemaVersion must be 2')

  const isIndex = isIndexMediaType(mediaType)
  refuseAmbiguity(isIndex, fields)
  const annotations = parseAnnotations(fields.annotations, 'annotations')
  const subject = fields.subject === undefined ? undefined : parseDescriptor(fields.subject, 'subject')
  const common = {
    mediaType,
    artifactType: parseType(fields.artifactType, 'artifactType'),
    ...(subject === undefined ? {} : { subject }),
    ...(annotations === undefined ? {} : { annotations }),
  }
  if (isIndex) {
    const entries = parseDescriptors(fields.manifests, 'manifests')
    const isManifest = (entry: Descriptor): boolean => isManifestMediaType(entry.mediaType)
    const [manifests, layers] = [entries.filter(isManifest), entries.filter((entry) => !isManifest(entry))]
    return { kind: 'index', ...common, layers, manifests }
  }
  if (fields.config === undefined) throw invalidManifest('an image manifest needs a config')
  const unsaid: string[] = []
  const [configType, layerType] = isDockerMediaType(mediaType)
    ? [mediaTypes.dockerConfig, mediaTypes.dockerLayerGzip]
    : [mediaTypes.ociConfig, mediaTypes.ociLayerGzip]
  const config = parseDescriptor(fields.config, 'config', { mediaType: configType, unsaid })
  const layers = parseDescriptors(fields.layers, 'layers', { mediaType: layerType, unsaid })
  return { kind: 'image', ...common, config, layers, manifests: [], ...(unsaid.length === 0 ? {} : { unsaid }) }
}

/**
 * image-spec v1.1 manifest.md §artifactType: what the artifact says it is, else what the config of an image says;
 * undefined for an index that says nothing.
 */
export function artifactTypeOf(manifest: ParsedManifest): string | undefined {
  return manifest.artifactType ?? manifest.config?.mediaType
}

/** The descriptors that the manifest is made of: config, layers, children. The subject is no part of it. */
export function descriptorsOf(manifest: ParsedManifest): Descriptor[] {
  return [...(manifest.config === undefined ? [] : [manifest.config]), ...manifest.layers, ...manifest.manifests]
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return parseForeignJson(bytes, budgets.manifest)
  } catch (thrown) {
    throw thrown instanceof ContractError ? invalidManifest(thrown.message) : thrown
  }
}

function refuseOldKinds(said: string, fields: Readonly<Record<string, unknown>>): void {
  const types = [said, typeof fields.mediaType === 'string' ? fields.mediaType : '']
  if (types.some(isSchema1MediaType) || fields.schemaVersion === 1 || fields.fsLayers !== undefined) {
    throw invalidManifest(
      'Docker image manifest schema 1 is not accepted; pull and push the image again with a current docker, or convert it with skopeo copy --format oci',
    )
  }
  if (types.includes(mediaTypes.ociArtifactManifest)) {
    throw invalidManifest(
      'the OCI artifact manifest was withdrawn before OCI 1.1; push an image manifest with artifactType, as oras 1.1 and later do',
    )
  }
}

/**
 * The type without parameters. OCI's types have none; libraries add a charset on their own, and JSON has only one
 * (RFC 8259 §8.1): another parameter would say something about the bytes that nobody here looks at.
 */
function parseContentType(contentType: string): string {
  const [type = '', ...parameters] = contentType.split(';').map((part) => part.trim().toLowerCase())
  const foreign = parameters.find((parameter) => parameter !== '' && !/^charset=(?:utf-8|"utf-8")$/.test(parameter))
  if (foreign !== undefined)
    throw invalidManifest(`the Content-Type has the parameter ${quoted(foreign)}; leave it out`)
  return type
}

/** CVE-2021-41190: header and body must not tell two stories about what the bytes are. */
function decideMediaType(said: string, written: string | undefined): string {
  if (genericContentTypes.includes(said)) {
    if (written === undefined) throw invalidManifest('neither Content-Type nor mediaType says what it is')
    if (!isManifestMediaType(written))
      throw invalidManifest(`the mediaType ${quoted(written)} is not one of a manifest`)
    return written
  }
  if (!isManifestMediaType(said)) throw invalidManifest(`the Content-Type ${quoted(said)} is not one of a manifest`)
  if (written === undefined) {
    if (isDockerMediaType(said)) throw invalidManifest('a Docker manifest must carry its mediaType')
    return said
  }
  if (written !== said) {
    throw invalidManifest(`the Content-Type says ${quoted(said)}, the mediaType in it ${quoted(written)}`)
  }
  return said
}

/** CVE-2021-41190: a body that could be read as either kind is none. */
function refuseAmbiguity(isIndex: boolean, fields: Readonly<Record<string, unknown>>): void {
  const foreign = isIndex ? ['config', 'layers'] : ['manifests']
  const found = foreign.find((name) => fields[name] !== undefined)
  if (found === undefined) return
  throw invalidManifest(`an ${isIndex ? 'image index' : 'image manifest'} must not have ${found}`)
}

/** A list that is absent or null is empty: Go's encoders write both. */
function parseDescriptors(value: unknown, where: string, gaps?: Gaps): Descriptor[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw invalidManifest(`${where} must be a list of descriptors`)
  if (value.length > maxDescriptors) throw invalidManifest(`${where} has more than ${maxDescriptors} entries`)
  return value.map((item, index) => parseDescriptor(item, `${where}[${index}]`, gaps))
}

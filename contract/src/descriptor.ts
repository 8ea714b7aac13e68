import { ContractError, quoted } from './contract-error.ts'
import { findDigest, parseDigest, type Digest } from './digest.ts'

/** Points to content: image-spec v1.1 descriptor.md. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  /** Bytes of the content; undefined in old images that do not say it (`unsaid` of the manifest). */
  readonly size: number | undefined
  readonly urls?: readonly string[]
  readonly annotations?: Readonly<Record<string, string>>
  /** The content itself, in base64. */
  readonly data?: string
  readonly artifactType?: string
  readonly platform?: Platform
}

export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
  readonly 'os.version'?: string
  readonly 'os.features'?: readonly string[]
}

type Fields = Readonly<Record<string, unknown>>

const maxTypeLength = 1024
const base64Pattern = /^[A-Za-z0-9+/]*={0,2}$/

const descriptorFields = ['mediaType', 'digest', 'size', 'urls', 'annotations', 'data', 'artifactType', 'platform']

export function invalidManifest(why: string): ContractError {
  return new ContractError('MANIFEST_INVALID', `manifest invalid: ${why}`)
}

/** What the content of a descriptor is taken for that has no `mediaType`, and the list to which its gaps are added. */
export interface Gaps {
  readonly mediaType: string
  readonly unsaid: string[]
}

/**
 * `where` names the descriptor in a message, as in `layers[2]`. With `gaps` it may lack `size` and `mediaType`, as the
 * image-spec does not allow.
 * @throws ContractError MANIFEST_INVALID
 */
export function parseDescriptor(value: unknown, where: string, gaps?: Gaps): Descriptor {
  const fields = parseFields(value, where, descriptorFields)
  const { digest, data } = fields
  if (typeof digest !== 'string') throw invalidManifest(`${where} has no digest`)
  const parsed = findDigest(digest)
  if (parsed === undefined) throw invalidManifest(`${where} has an ${whyInvalidDigest(digest)}`)
  const size = parseSize(fields.size, where, gaps)
  if (data !== undefined) checkData(data, size, where)
  const artifactType = parseType(fields.artifactType, `${where}.artifactType`)
  const annotations = parseAnnotations(fields.annotations, `${where}.annotations`)
  const urls = parseTexts(fields.urls, `${where}.urls`)
  const platform = parsePlatform(fields.platform, `${where}.platform`)
  const mediaType = parseType(fields.mediaType, `${where}.mediaType`)
  if (mediaType === undefined && gaps === undefined) throw invalidManifest(`${where} has no mediaType`)
  if (mediaType === undefined) gaps?.unsaid.push(`${where}.mediaType`)
  return {
    mediaType: mediaType ?? gaps!.mediaType,
    digest: parsed,
    size,
    ...(urls === undefined ? {} : { urls }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(typeof data === 'string' ? { data } : {}),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(platform === undefined ? {} : { platform }),
  }
}

function parseSize(size: unknown, where: string, gaps: Gaps | undefined): number | undefined {
  if (size === undefined && gaps !== undefined) {
    gaps.unsaid.push(`${where}.size`)
    return undefined
  }
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw invalidManifest(`${where}.size must be a whole number of bytes, from 0 to 2^53-1`)
  }
  // -0 is 0
  return size + 0
}

/**
 * The fields of an object; null is as good as absent (Go writes its empty lists so). A field that differs from a
 * known one only by case is refused: Go's decoder would take it for the known one, ours would not, and two readers
 * of the same bytes would see two manifests.
 */
export function parseFields(value: unknown, where: string, known: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidManifest(`${where} must be an object`)
  }
  const fields: Record<string, unknown> = Object.create(null)
  for (const key of Object.keys(value)) {
    if (known.includes(key)) {
      const field = (value as Fields)[key]
      if (field !== null) fields[key] = field
      continue
    }
    const name = foldsTo(key, known)
    if (name !== undefined)
      throw invalidManifest(`${where} has the field ${quoted(key)}, which some clients read as ${name}`)
  }
  return fields
}

export function parseAnnotations(value: unknown, where: string): Record<string, string> | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidManifest(`${where} must be an object of strings`)
  }
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw invalidManifest(`${where}: the value of ${quoted(key)} must be a string`)
  }
  return value as Record<string, string>
}

/**
 * A media type or artifact type; undefined when absent or empty. Not held to RFC 6838: the world has artifact types
 * that are not.
 */
export function parseType(value: unknown, where: string): string | undefined {
  if (value === undefined || value === '') return undefined
  // oxlint-disable-next-line no-control-regex
  if (typeof value !== 'string' || value.length > maxTypeLength || /[\u0000-\u001f\u007f]/.test(value)) {
    throw invalidManifest(`${where} must be a media type, as in application/vnd.oci.image.layer.v1.tar+gzip`)
  }
  return value
}

function parseTexts(value: unknown, where: string): string[] | undefined {
  if (value === undefined) return undefined
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) {
    throw invalidManifest(`${where} must be a list of strings`)
  }
  return value as string[]
}

function parsePlatform(value: unknown, where: string): Platform | undefined {
  if (value === undefined) return undefined
  const fields = parseFields(value, where, ['os', 'architecture', 'variant', 'os.version', 'os.features'])
  const text = (name: string): string | undefined => {
    const field = fields[name]
    if (field !== undefined && typeof field !== 'string') throw invalidManifest(`${where}.${name} must be a string`)
    return field
  }
  const variant = text('variant')
  const version = text('os.version')
  const features = parseTexts(fields['os.features'], `${where}.os.features`)
  return {
    os: text('os') ?? '',
    architecture: text('architecture') ?? '',
    ...(variant === undefined ? {} : { variant }),
    ...(version === undefined ? {} : { 'os.version': version }),
    ...(features === undefined ? {} : { 'os.features': features }),
  }
}

/** image-spec v1.1 descriptor.md §embedded-content: the data must be the content, so at least of its size. */
function checkData(data: unknown, size: number | undefined, where: string): void {
  if (typeof data !== 'string' || data.length % 4 !== 0 || !base64Pattern.test(data))
    throw invalidManifest(`${where}.data must be base64`)
  const padding = data.endsWith('==') ? 2 : data.endsWith('=') ? 1 : 0
  if (size === undefined) throw invalidManifest(`${where} has data and no size to compare it with`)
  if ((data.length / 4) * 3 - padding !== size)
    throw invalidManifest(`${where}.data has not the ${size} bytes that size says`)
}

function whyInvalidDigest(text: string): string {
  try {
    parseDigest(text)
  } catch (thrown) {
    if (thrown instanceof ContractError) return thrown.message
    throw thrown
  }
  return 'invalid digest'
}

/** Folding never shortens a text, so what is longer than any known name cannot become one. */
const maxNameLength = 13
const foldedNames = new Map<string, string>()

function foldsTo(key: string, known: readonly string[]): string | undefined {
  if (key.length > maxNameLength) return undefined
  const folded = fold(key)
  return known.find((name) => {
    let foldedName = foldedNames.get(name)
    if (foldedName === undefined) foldedNames.set(name, (foldedName = fold(name)))
    return foldedName === folded
  })
}

/** Go folds case over Unicode (the Kelvin sign is a k, the long s an s): so does this. */
function fold(name: string): string {
  return name.toLowerCase().toUpperCase()
}

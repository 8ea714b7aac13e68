import type { OperatingSystem } from '../inventory.ts'
import type { PackageDraft } from './analyser.ts'

/** The parts of a package URL (purl-spec 1.0). */
export interface PurlParts {
  readonly type: string
  readonly namespace?: string | undefined
  readonly name: string
  readonly version: string
  readonly qualifiers?: Readonly<Record<string, string>>
  readonly subpath?: string
}

/** The package URL of a package, with the distribution where it has one. */
export const purlOf = (draft: PackageDraft, os: OperatingSystem | undefined): string =>
  formatPurl({ type: draft.kind, ...partsOf(draft, os) })

export function formatPurl({ type, namespace = '', name, version, qualifiers = {}, subpath = '' }: PurlParts): string {
  const path = [...namespace.split('/'), name].filter((part) => part !== '').map(encode)
  const pairs = Object.entries(qualifiers)
    .filter(([, value]) => value !== '')
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, value]) => `${key}=${encode(value)}`)
  return [
    `pkg:${type}/${path.join('/')}`,
    version === '' ? '' : `@${encode(version)}`,
    pairs.length === 0 ? '' : `?${pairs.join('&')}`,
    subpath === '' ? '' : `#${subpath.split('/').map(encode).join('/')}`,
  ].join('')
}

/** All but letters, digits, `.-_~` and `:`. A half of a surrogate pair is no character of any name. */
const encode = (text: string): string =>
  encodeURIComponent(text.toWellFormed())
    .replaceAll('%3A', ':')
    .replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`)

/** `undefined` for a text that is no package URL. */
export function parsePurl(text: string): PurlParts | undefined {
  if (!text.startsWith('pkg:')) return undefined
  const [beforeSubpath = '', subpath = ''] = splitOnce(text.slice(4), text.slice(4).indexOf('#'))
  const [beforeQualifiers = '', query = ''] = splitOnce(beforeSubpath, beforeSubpath.indexOf('?'))
  const path = beforeQualifiers.replace(/^\/{1,3}/, '')
  const slash = path.indexOf('/')
  const rest = path.slice(slash + 1)
  const at = rest.lastIndexOf('@')
  // An `@` before the last `/` is that of a scope that should have been encoded.
  const [whole = '', version = ''] = at > rest.lastIndexOf('/') && at > 0 ? splitOnce(rest, at) : [rest]
  const parts = whole
    .split('/')
    .filter((part) => part !== '')
    .map(decode)
  const name = parts.pop()
  if (slash <= 0 || name === undefined) return undefined
  return {
    type: path.slice(0, slash).toLowerCase(),
    ...(parts.length === 0 ? {} : { namespace: parts.join('/') }),
    name,
    version: decode(version),
    qualifiers: Object.fromEntries(
      query
        .split('&')
        .filter((pair) => pair.includes('='))
        .map((pair) => splitOnce(pair, pair.indexOf('=')))
        .map(([key = '', value = '']) => [key.toLowerCase(), decode(value)]),
    ),
    ...(subpath === '' ? {} : { subpath: subpath.split('/').map(decode).join('/') }),
  }
}

const splitOnce = (text: string, at: number): readonly string[] =>
  at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)]

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function partsOf(draft: PackageDraft, os: OperatingSystem | undefined): Omit<PurlParts, 'type'> {
  const { kind, name, version, architecture, modularity } = draft
  const arch = architecture === undefined ? {} : { arch: architecture }
  if (kind === 'apk') {
    const distro = os === undefined || os.version === '' ? {} : { distro: os.version }
    return { namespace: os?.family, name: name.toLowerCase(), version, qualifiers: { ...arch, ...distro } }
  }
  if (kind === 'deb') return { namespace: os?.family, name, version, qualifiers: { ...arch, ...distroOf(os) } }
  if (kind === 'rpm') {
    const [, epoch, rest = version] = /^(\d+):(.*)$/.exec(version) ?? []
    return {
      namespace: os === undefined ? undefined : (rpmNamespaces[os.family] ?? os.family),
      name,
      version: rest,
      qualifiers: {
        ...arch,
        ...distroOf(os),
        ...(epoch === undefined || epoch === '0' ? {} : { epoch }),
        ...(modularity === undefined ? {} : { modularitylabel: modularity }),
      },
    }
  }
  if (kind === 'maven') return splitAt(name, name.indexOf(':'), version)
  if (kind === 'cocoapods') {
    const slash = name.indexOf('/')
    return slash === -1
      ? { namespace: undefined, name, version }
      : { namespace: undefined, name: name.slice(0, slash), version, subpath: name.slice(slash + 1) }
  }
  if (kind === 'npm' || kind === 'golang') return splitAt(name.toLowerCase(), name.lastIndexOf('/'), version)
  if (kind === 'pypi') return { namespace: undefined, name: name.toLowerCase().replaceAll('_', '-'), version }
  if (kind === 'composer' || kind === 'swift') return splitAt(name, name.lastIndexOf('/'), version)
  return { namespace: undefined, name, version }
}

function splitAt(name: string, at: number, version: string): Omit<PurlParts, 'type'> {
  return at <= 0
    ? { namespace: undefined, name, version }
    : { namespace: name.slice(0, at), name: name.slice(at + 1), version }
}

const distroOf = (os: OperatingSystem | undefined): Record<string, string> =>
  os === undefined ? {} : { distro: os.version === '' ? os.family : `${os.family}-${os.version}` }

const rpmNamespaces: Readonly<Record<string, string>> = {
  'opensuse-leap': 'opensuse',
  'opensuse-tumbleweed': 'opensuse',
}

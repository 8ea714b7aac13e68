import {
  type FoundPackage,
  type Inventory,
  type OperatingSystem,
  type PackageKind,
  packageKinds,
} from '../../inventory.ts'
import { familyOf } from '../systems/operating-system.ts'
import { parsePurl, type PurlParts } from '../purl.ts'
import { tooLarge } from '../verdict.ts'

/** A package as a bill of materials lists it. */
export interface ListedPackage {
  readonly purl: string
  readonly licences: readonly string[]
  /** What its maker said of the source package; else it may stand in the package URL. */
  readonly sourceName?: string
  readonly sourceVersion?: string
  readonly path?: string
  readonly layer?: string
}

const maxPackages = 500_000

/** The inventory of a list. The system is the one that the list names, else that of the first package which names one. */
export function inventoryFrom(listed: readonly ListedPackage[], system: OperatingSystem | undefined): Inventory {
  if (listed.length > maxPackages) throw tooLarge(`it lists more than ${maxPackages} packages`)
  const packages = new Map<string, FoundPackage>()
  let os = system
  for (const each of listed) {
    const purl = parsePurl(each.purl)
    const kind = packageKinds.find((known) => known === purl?.type)
    if (purl === undefined || kind === undefined || purl.version === '') continue
    os ??= systemOf(kind, purl)
    const found = asFound(kind, purl, each)
    packages.set(`${found.purl}\0${found.path}`, found)
  }
  return { ...(os === undefined ? {} : { os }), packages: [...packages.values()], unread: [] }
}

function asFound(kind: PackageKind, purl: PurlParts, listed: ListedPackage): FoundPackage {
  const { arch, modularitylabel, epoch, upstream = '' } = purl.qualifiers ?? {}
  const version =
    epoch === undefined || epoch === '0' || /^\d+:/.test(purl.version) ? purl.version : `${epoch}:${purl.version}`
  // Syft: `upstream=openssl@3.0.7`, or the file of the source of an rpm.
  const [, rpmName, rpmVersion] = /^(.+)-([^-]+-[^-]+)\.src\.rpm$/.exec(upstream.slice(0, 500)) ?? []
  const at = upstream.indexOf('@', 1)
  const upstreamName = rpmName ?? (at === -1 ? upstream : upstream.slice(0, at))
  const sourceName = listed.sourceName ?? upstreamName
  const sourceVersion = listed.sourceVersion ?? rpmVersion ?? (at === -1 ? '' : upstream.slice(at + 1))
  const name = nameOf(kind, purl)
  return {
    kind,
    name,
    version,
    ...(sourceName === '' || sourceName === name ? {} : { sourceName }),
    ...(sourceVersion === '' || sourceVersion === version ? {} : { sourceVersion }),
    ...(arch === undefined ? {} : { architecture: arch }),
    ...(modularitylabel === undefined ? {} : { modularity: modularitylabel }),
    licences: listed.licences,
    path: listed.path ?? '',
    ...(listed.layer === undefined ? {} : { layer: listed.layer }),
    purl: listed.purl,
  }
}

const withoutNamespace: ReadonlySet<PackageKind> = new Set(['apk', 'deb', 'rpm', 'pypi', 'gem', 'nuget', 'cargo'])

function nameOf(kind: PackageKind, { namespace, name, subpath }: PurlParts): string {
  if (kind === 'cocoapods' && subpath !== undefined) return `${name}/${subpath}`
  if (namespace === undefined || withoutNamespace.has(kind)) return name
  return kind === 'maven' ? `${namespace}:${name}` : `${namespace}/${name}`
}

/** `distro=debian-12.4`; of apk only the version, and the family is the namespace. */
function systemOf(kind: PackageKind, { namespace = '', qualifiers = {} }: PurlParts): OperatingSystem | undefined {
  const { distro = '' } = qualifiers
  if ((kind !== 'apk' && kind !== 'deb' && kind !== 'rpm') || distro === '') return undefined
  const [, id, version] = /^([A-Za-z][\w-]*?)-(\d.*)$/.exec(distro) ?? []
  const family = familyOf(id ?? namespace)
  return family === '' ? undefined : { family, version: version ?? distro, name: `${family} ${version ?? distro}` }
}

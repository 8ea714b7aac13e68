import { type Analyser, bothModes, type PackageDraft } from '../analyser.ts'
import type { PackageKind } from '../../inventory.ts'
import { textOf } from '../file-content.ts'
import { isTable, jsonOf, listAt, stringAt, tableAt } from '../formats/json.ts'
import { linesOf } from '../formats/paragraphs.ts'
import { tomlOf } from '../formats/toml.ts'
import { yamlOf } from '../formats/yaml.ts'
import { formatPurl } from '../purl.ts'
import { composerPackage } from './installed.ts'
import { lockAnalyser, maxLockBytes, maxSlowLockBytes, whenDevelopment } from './lock-analyser.ts'

/** `    name (1.0)` below `specs:`; a platform may stand behind the version. */
function bundlerPackages(text: string): PackageDraft[] {
  const found: PackageDraft[] = []
  for (const line of linesOf(text)) {
    const [, name, version] = /^ {4}([^\s(]+) \(([^)\s]+)\)/.exec(line.slice(0, 500)) ?? []
    if (name === undefined || version === undefined) continue
    const platform = /-(?:x86|x64|arm|aarch|java|universal|ruby|mingw|mswin|musl)/.exec(version)
    found.push({ kind: 'gem', name, version: platform === null ? version : version.slice(0, platform.index) })
  }
  return found
}

function composerPackages(json: unknown): PackageDraft[] {
  const development = listAt(json, 'packages-dev').flatMap(composerPackage)
  return [
    ...listAt(json, 'packages').flatMap(composerPackage),
    ...development.map((each) => ({ ...each, ...whenDevelopment(true) })),
  ]
}

/** `name/1.0@user/channel#revision%time`, in the nodes of version 1 and in the lists of version 2. */
function conanPackages(json: unknown): PackageDraft[] {
  const nodes = Object.values(tableAt(tableAt(json, 'graph_lock'), 'nodes'))
  const references = nodes.length > 0 ? nodes.map((each) => stringAt(each, 'ref')) : listAt(json, 'requires')
  return references.flatMap((reference): PackageDraft[] => {
    const [, name, version] =
      /^([^/@#]+)\/([^/@#%]+)/.exec(typeof reference === 'string' ? reference.slice(0, 500) : '') ?? []
    return name === undefined || version === undefined ? [] : [{ kind: 'conan', name, version }]
  })
}

/** `"name": {:hex, :name, "1.0.0", …},` */
function mixPackages(text: string): PackageDraft[] {
  const found: PackageDraft[] = []
  for (const line of linesOf(text)) {
    const [, name, version] =
      /^\s{0,20}"[^"]+":\s{0,20}\{:hex,\s{0,20}:"?([\w@.-]+)"?,\s{0,20}"([^"]+)"/.exec(line.slice(0, 1_000)) ?? []
    if (name !== undefined && version !== undefined) found.push({ kind: 'hex', name, version })
  }
  return found
}

function pubPackages(lock: unknown): PackageDraft[] {
  return Object.entries(tableAt(lock, 'packages')).map(([name, each]) => ({
    kind: 'pub',
    name,
    version: stringAt(each, 'version'),
    ...whenDevelopment(stringAt(each, 'dependency') === 'direct dev'),
  }))
}

/** `- Name (1.0)`, and with what it needs below it. */
function podPackages(lock: unknown): PackageDraft[] {
  return listAt(lock, 'PODS').flatMap((each): PackageDraft[] => {
    const text = typeof each === 'string' ? each : isTable(each) ? (Object.keys(each)[0] ?? '') : ''
    const [, name, version] = /^(\S+) \(([^)]+)\)$/.exec(text.slice(0, 500)) ?? []
    return name === undefined || version === undefined ? [] : [{ kind: 'cocoapods', name, version }]
  })
}

/** Pins of Swift: by the address of their repository. */
function swiftPackages(json: unknown): PackageDraft[] {
  const pins = [...listAt(tableAt(json, 'object'), 'pins'), ...listAt(json, 'pins')]
  return pins.map((each) => {
    const address = stringAt(each, 'location') || stringAt(each, 'repositoryURL')
    const name = address
      .replace(/^(?:https?|ssh):\/\/(?:[^@/]*@)?/, '')
      .replace(/^git@([^:]+):/, '$1/')
      .replace(/\.git$/, '')
    const state = tableAt(each, 'state')
    return { kind: 'swift', name, version: stringAt(state, 'version') || stringAt(state, 'branch') }
  })
}

function juliaPackages(manifest: unknown): PackageDraft[] {
  const standard = stringAt(manifest, 'julia_version')
  const packages =
    isTable(manifest) && stringAt(manifest, 'manifest_format') !== '' ? tableAt(manifest, 'deps') : manifest
  return Object.entries(isTable(packages) ? packages : {}).flatMap(([name, list]) =>
    (Array.isArray(list) ? (list as unknown[]) : []).map((each): PackageDraft => {
      // A package of the project's own folders has a path. The standard library has the version of Julia.
      const version = stringAt(each, 'version') || (stringAt(each, 'path') === '' ? standard : '')
      const uuid = stringAt(each, 'uuid')
      return { kind: 'julia', name, version, purl: formatPurl({ type: 'julia', name, version, qualifiers: { uuid } }) }
    }),
  )
}

/** `- openssl=1.1.1q=h7f8727e_0`; what pip installs there stands in a list of its own. */
function condaPackages(environment: unknown): PackageDraft[] {
  const split = (kind: PackageKind, written: unknown, separator: RegExp): PackageDraft[] => {
    const [name = '', version = ''] =
      typeof written === 'string' ? written.slice(0, 500).replace(/^.*::/, '').split(separator) : []
    return /[<>~!*]/.test(name + version) ? [] : [{ kind, name: name.trim(), version: version.trim() }]
  }
  return listAt(environment, 'dependencies').flatMap((each) =>
    isTable(each) ? listAt(each, 'pip').flatMap((pip) => split('pypi', pip, /===?/)) : split('conda', each, /==?/),
  )
}

function cargoPackages(lock: unknown): PackageDraft[] {
  return listAt(lock, 'package').map((each) => ({
    kind: 'cargo',
    name: stringAt(each, 'name'),
    version: stringAt(each, 'version'),
  }))
}

export const otherLocks: readonly Analyser[] = [
  lockAnalyser({
    name: 'bundler-lock',
    files: ['Gemfile.lock', 'gems.locked'],
    packages: (content) => bundlerPackages(textOf(content, maxLockBytes)),
  }),
  lockAnalyser({
    name: 'composer-lock',
    files: ['composer.lock'],
    packages: (content) => composerPackages(jsonOf(content, maxLockBytes)),
  }),
  lockAnalyser({
    name: 'conan-lock',
    files: (name) => name === 'conan.lock' || name.endsWith('.conan.lock'),
    packages: (content) => conanPackages(jsonOf(content, maxLockBytes)),
  }),
  lockAnalyser({
    name: 'mix-lock',
    files: ['mix.lock'],
    packages: (content) => mixPackages(textOf(content, maxLockBytes)),
  }),
  lockAnalyser({
    name: 'pub-lock',
    files: ['pubspec.lock'],
    maxBytes: maxSlowLockBytes,
    packages: (content) => pubPackages(yamlOf(content, maxSlowLockBytes)),
  }),
  lockAnalyser({
    name: 'cocoapods-lock',
    files: ['Podfile.lock'],
    maxBytes: maxSlowLockBytes,
    packages: (content) => podPackages(yamlOf(content, maxSlowLockBytes)),
  }),
  lockAnalyser({
    name: 'swift-resolved',
    files: ['Package.resolved', '.package.resolved'],
    packages: (content) => swiftPackages(jsonOf(content, maxLockBytes)),
  }),
  lockAnalyser({
    name: 'conda-environment',
    files: ['environment.yml', 'environment.yaml'],
    maxBytes: maxSlowLockBytes,
    packages: (content) => condaPackages(yamlOf(content, maxSlowLockBytes)),
  }),
  // Of these nothing else in an image tells, so they count there too.
  lockAnalyser({
    name: 'cargo-lock',
    files: ['Cargo.lock'],
    modes: bothModes,
    maxBytes: maxSlowLockBytes,
    packages: (content) => cargoPackages(tomlOf(content, maxSlowLockBytes)),
  }),
  lockAnalyser({
    name: 'julia-manifest',
    files: (name) => /^(?:Julia)?Manifest(?:-v[\d.]+)?\.toml$/.test(name),
    modes: bothModes,
    maxBytes: maxSlowLockBytes,
    packages: (content) => juliaPackages(tomlOf(content, maxSlowLockBytes)),
  }),
]

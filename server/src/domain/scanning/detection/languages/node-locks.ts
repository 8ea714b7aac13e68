import type { Analyser, PackageDraft } from '../analyser.ts'
import { textOf } from '../file-content.ts'
import { isTable, jsonOf, jsonTextOf, stringAt, type Table, tableAt } from '../formats/json.ts'
import { withoutComments } from '../formats/json-with-comments.ts'
import { linesOf } from '../formats/paragraphs.ts'
import { yamlOf } from '../formats/yaml.ts'
import { licencesFrom } from '../licences.ts'
import { lockAnalyser, maxLockBytes, maxSlowLockBytes, whenDevelopment } from './lock-analyser.ts'

const isOutsideModules = (path: string): boolean => !/(?:^|\/)node_modules\//.test(path)
const npm = (name: string, version: string, rest: Partial<PackageDraft> = {}): PackageDraft => ({
  kind: 'npm',
  name,
  version,
  ...rest,
})

function npmPackages(json: unknown): PackageDraft[] {
  const packages = tableAt(json, 'packages')
  if (Object.keys(packages).length === 0) return nestedDependencies(json)
  return Object.entries(packages).flatMap(([path, each]): PackageDraft[] => {
    const marker = path.lastIndexOf('node_modules/')
    // The project itself, its workspaces, and links to them.
    if (marker === -1 || !isTable(each) || each.link === true) return []
    const name = stringAt(each, 'name') || path.slice(marker + 'node_modules/'.length)
    const isDevelopment = each.dev === true || (each.devOptional === true && each.optional !== true)
    return [
      npm(name, stringAt(each, 'version'), { licences: licencesFrom(each.license), ...whenDevelopment(isDevelopment) }),
    ]
  })
}

/** Lock files of npm 6 and older. */
function nestedDependencies(json: unknown): PackageDraft[] {
  const found: PackageDraft[] = []
  const waiting: Table[] = [tableAt(json, 'dependencies')]
  for (let level = waiting.pop(); level !== undefined; level = waiting.pop()) {
    for (const [name, each] of Object.entries(level)) {
      const version = stringAt(each, 'version')
      // `file:…`, `git+ssh://…` and tarballs are no versions; `npm:other@1.0.0` is another package.
      const [, alias, aliased] = /^npm:(.+)@([^@]+)$/.exec(version) ?? []
      const isDevelopment = isTable(each) && each.dev === true
      if (alias !== undefined) found.push(npm(alias, aliased!, whenDevelopment(isDevelopment)))
      else if (/^\d/.test(version)) found.push(npm(name, version, whenDevelopment(isDevelopment)))
      waiting.push(tableAt(each, 'dependencies'))
    }
  }
  return found
}

/** Yarn's own format, and the YAML of later versions, which has the same lines. */
function yarnPackages(text: string): PackageDraft[] {
  const found: PackageDraft[] = []
  let [name, version, resolution] = ['', '', '']
  const keep = () => {
    const [, resolved, protocol = 'npm'] = /^(@?[^@]+)@(\w+):/.exec(resolution) ?? []
    if (name !== '' && protocol === 'npm') found.push(npm(resolved ?? name, version))
    ;[name, version, resolution] = ['', '', '']
  }
  for (const line of linesOf(text)) {
    if (line === '' || line.startsWith('#')) continue
    if (!line.startsWith(' ')) {
      keep()
      name = nameOfPattern(line)
    } else if (line.startsWith('  version')) version = unquoted(line.slice('  version'.length))
    else if (line.startsWith('  resolution:')) resolution = unquoted(line.slice('  resolution'.length))
  }
  keep()
  return found
}

/** `"@babel/core@^7.0.0", "@babel/core@npm:7":` → `@babel/core`; `alias@npm:name@1` → `name`. */
function nameOfPattern(line: string): string {
  const pattern = line.slice(0, 1_000).split(',')[0]!.replaceAll('"', '').trim()
  const first = pattern.endsWith(':') ? pattern.slice(0, -1) : pattern
  const at = first.indexOf('@', 1)
  if (at === -1) return ''
  const range = first.slice(at + 1)
  if (/^(?:workspace|link|file|portal|patch|exec|git|https?|ssh)/.test(range))
    return range.startsWith('patch') ? first.slice(0, at) : ''
  const alias = /^npm:(@?[^@]+)@/.exec(range)?.[1]
  return alias ?? first.slice(0, at)
}

const unquoted = (text: string): string =>
  text
    .replace(/^[:\s]+/, '')
    .trim()
    .replace(/^"/, '')
    .replace(/"$/, '')

function pnpmPackages(lock: unknown): PackageDraft[] {
  const version = Number.parseFloat(String(isTable(lock) ? lock.lockfileVersion : ''))
  const packages = tableAt(lock, 'packages')
  const production = version >= 9 ? productionOfPnpm(lock) : undefined
  return Object.entries(packages).flatMap(([key, each]): PackageDraft[] => {
    const found = pnpmNameOf(key, each, version)
    if (found === undefined) return []
    const isDevelopment =
      production === undefined ? isTable(each) && each.dev === true : !production.has(`${found.name}@${found.version}`)
    return [npm(found.name, found.version, whenDevelopment(isDevelopment))]
  })
}

/** `/name/1.0.0_peer` (5), `/name@1.0.0(peer@2)` (6), `name@1.0.0` (9). */
function pnpmNameOf(key: string, each: unknown, version: number): { name: string; version: string } | undefined {
  const written = { name: stringAt(each, 'name'), version: stringAt(each, 'version') }
  if (written.name !== '' && written.version !== '') return written
  if (/^(?:file|link|https?|git)[:+]/.test(key) || key.includes('/tar.gz/')) return undefined
  const plain = key.slice(key.startsWith('/') ? 1 : 0).split('(')[0]!
  const at = version < 6 ? plain.lastIndexOf('/') : plain.indexOf('@', 1)
  if (at <= 0) return undefined
  const found = plain.slice(at + 1).split('_')[0]!
  return /^\d/.test(found) ? { name: plain.slice(0, at), version: found } : undefined
}

/** Lock files of version 9 say of no package that it is for development: what the projects need otherwise is followed. */
function productionOfPnpm(lock: unknown): ReadonlySet<string> {
  const snapshots = tableAt(lock, 'snapshots')
  const seen = new Set<string>()
  const waiting: string[] = []
  const follow = (dependencies: Table) => {
    for (const [name, value] of Object.entries(dependencies)) {
      const version = typeof value === 'string' ? value : stringAt(value, 'version')
      const key = /^@?[^@(]+@/.test(version) ? version : `${name}@${version}`
      if (!seen.has(key)) {
        seen.add(key)
        waiting.push(key)
      }
    }
  }
  for (const project of Object.values(tableAt(lock, 'importers'))) {
    follow(tableAt(project, 'dependencies'))
    follow(tableAt(project, 'optionalDependencies'))
  }
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    const snapshot = tableAt(snapshots, key)
    follow(tableAt(snapshot, 'dependencies'))
    follow(tableAt(snapshot, 'optionalDependencies'))
  }
  return new Set([...seen].map((key) => key.split('(')[0]!))
}

/** `"name": ["name@1.0.0", registry, {…}, hash]` */
function bunPackages(lock: unknown): PackageDraft[] {
  const direct = Object.values(tableAt(lock, 'workspaces'))
  const production = new Set(
    direct.flatMap((each) =>
      ['dependencies', 'optionalDependencies', 'peerDependencies'].flatMap((part) => Object.keys(tableAt(each, part))),
    ),
  )
  const packages = tableAt(lock, 'packages')
  const needs = (key: string) => {
    const list = packages[key]
    const facts = Array.isArray(list) ? (list as unknown[]).find(isTable) : undefined
    return ['dependencies', 'optionalDependencies'].flatMap((part) => Object.keys(tableAt(facts, part)))
  }
  const reached = new Set(production)
  for (const key of reached)
    for (const each of needs(key)) reached.add(packages[`${key}/${each}`] === undefined ? each : `${key}/${each}`)
  return Object.entries(packages).flatMap(([key, each]): PackageDraft[] => {
    const [id] = Array.isArray(each) ? (each as unknown[]) : []
    const at = typeof id === 'string' ? id.indexOf('@', 1) : -1
    if (typeof id !== 'string' || at === -1) return []
    const version = id.slice(at + 1).replace(/^npm:/, '')
    return /^\d/.test(version) ? [npm(id.slice(0, at), version, whenDevelopment(!reached.has(key)))] : []
  })
}

export const nodeLocks: readonly Analyser[] = [
  lockAnalyser({
    name: 'npm-lock',
    files: (name, path) => (name === 'package-lock.json' || name === 'npm-shrinkwrap.json') && isOutsideModules(path),
    packages: (content) => npmPackages(jsonOf(content, maxLockBytes)),
  }),
  lockAnalyser({
    name: 'yarn-lock',
    files: (name, path) => name === 'yarn.lock' && isOutsideModules(path),
    packages: (content) => yarnPackages(textOf(content, maxLockBytes)),
  }),
  lockAnalyser({
    name: 'pnpm-lock',
    files: (name, path) => name === 'pnpm-lock.yaml' && isOutsideModules(path),
    maxBytes: maxSlowLockBytes,
    packages: (content) => pnpmPackages(yamlOf(content, maxSlowLockBytes)),
  }),
  lockAnalyser({
    name: 'bun-lock',
    files: (name, path) => name === 'bun.lock' && isOutsideModules(path),
    packages: (content) => bunPackages(jsonTextOf(withoutComments(textOf(content, maxLockBytes)))),
  }),
]

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The files of the project, as the rules of `tools/*.test.ts` read them. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const aliases = {
  '#contract/': 'contract/src/',
  '#server/': 'server/src/',
  '#server-test/': 'server/test/',
  '#web/': 'web/src/',
}

export interface SourceFile {
  /** From the root of the project, with forward slashes. */
  readonly path: string
  readonly text: string
  readonly isTest: boolean
  /** Paths of our own files that it imports. */
  readonly imports: readonly string[]
  /** Those of which it imports more than types: what it can make or call. */
  readonly values: readonly string[]
  /** Packages and built-in modules that it imports. */
  readonly packages: readonly string[]
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\b(\s+type\b)?([^'"`;]*?)from\s+'([^']+)'|\bimport\(\s*'([^']+)'|(?:^|\n)import\s+'([^']+)'/g

export const sources = readSources(['contract', 'server', 'web', 'cli', 'conformance', 'bench', 'tools'])
export const production = sources.filter((source) => source.path.includes('/src/') && !source.isTest)

function readSources(folders: readonly string[]): SourceFile[] {
  return folders
    .flatMap((folder) => (existsSync(join(root, folder)) ? filesBelow(join(root, folder)) : []))
    .map(readSource)
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return /^(node_modules|out|dist|generated)$/.test(entry.name) ? [] : filesBelow(path)
    return /\.(tsx?|mjs)$/.test(entry.name) ? [path] : []
  })
}

function readSource(absolute: string): SourceFile {
  const path = relative(root, absolute)
  const text = readFileSync(absolute, 'utf8')
  const found = [...text.matchAll(importPattern)].map(([, type, names, from, dynamic, bare]) => ({
    specifier: (from ?? dynamic ?? bare)!,
    hasValues: type === undefined && (names === undefined || namesValues(names)),
  }))
  const own = found.filter(({ specifier }) => /^[.#]/.test(specifier))
  const isTest =
    /\.(test|contract)\.tsx?$/.test(path) || path.startsWith('server/test/') || path.endsWith('-for-test.ts')
  const resolved = own.map(({ specifier, hasValues }) => ({ target: resolveImport(path, specifier), hasValues }))
  return {
    path,
    text,
    isTest,
    imports: resolved.map(({ target }) => target),
    values: resolved.filter(({ hasValues }) => hasValues).map(({ target }) => target),
    packages: found.map(({ specifier }) => specifier).filter((specifier) => !/^[.#]/.test(specifier)),
  }
}

/** `{ type A, B }` names a value, `{ type A }` does not. */
function namesValues(names: string): boolean {
  return names
    .replace(/[{}]/g, ',')
    .split(',')
    .map((name) => name.trim())
    .some((name) => name !== '' && !name.startsWith('type '))
}

function resolveImport(from: string, specifier: string): string {
  for (const [alias, folder] of Object.entries(aliases)) {
    if (specifier.startsWith(alias)) return folder + specifier.slice(alias.length)
  }
  return normalize(join(dirname(from), specifier))
}

/** Text without its comments, for rules about what code says. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '')
}

/** Each noun of the domain may know those before it. */
export const nouns = [
  'lists',
  'events',
  'secrets',
  'access',
  'settings',
  'certificates',
  'jobs',
  'identities',
  'projects',
  'quotas',
  'robots',
  'registries',
  'labels',
  'signatures',
  'policies',
  'content',
  'activity',
  'trash',
  'artifacts',
  'signing',
  'retention',
  'scanning',
  'pull-policies',
  'quarantine',
  'webhooks',
  'proxy-cache',
  'replication',
  'transfer',
  'garbage-collection',
  'audit',
  'key-rotation',
  'backup',
  'scrub',
  'verification',
  'measures',
]

export const nounOf = (path: string): string | undefined => /^server\/src\/domain\/([^/]+)\//.exec(path)?.[1]

/** Where adapters are chosen and put together. */
export const isCompositionRoot = (path: string): boolean =>
  path === 'server/src/main.ts' || path.startsWith('server/src/compose/')

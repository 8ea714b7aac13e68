import { expect, test } from 'bun:test'
import { isCompositionRoot, production } from './sources.ts'

/**
 * An adapter is a module that reaches the world outside: a database, a store of bytes, another server. Everybody else
 * is given what it makes. Types of an adapter may be named anywhere below it; its values only where things are put
 * together.
 */
const adapters: readonly RegExp[] = [
  /^server\/src\/database\/(sqlite|postgres)[\w-]*\.ts$/,
  /^server\/src\/storage\/(filesystem|memory|volume)\.ts$/,
  /^server\/src\/storage\/s3\//,
  /^server\/src\/storage\/archive\/(folder|s3)-archive\.ts$/,
  /^server\/src\/storage\/foreign\/(distribution-store|oci-layout|folder-tree|bucket-tree)\.ts$/,
  /^server\/src\/clients\//,
]

/** Modules among them that are words and reach nothing. */
const words: Readonly<Record<string, string>> = {
  'server/src/clients/acme/acme-service.ts': 'the role of a certificate service, and its failure',
  'server/src/clients/registry/registry-failure.ts': 'codes of failures',
  'server/src/clients/scanner/scanner-adapter.ts': 'the role of an adapter, and its failure',
  'server/src/clients/scanner/scanner-metadata.ts': 'what an adapter says of itself, checked',
  'server/src/clients/harbor-paths.ts': 'paths of Harbor’s API',
  'server/src/clients/ldap-filter.ts': 'search filters, parsed',
  'server/src/clients/ldap-names.ts': 'distinguished names, parsed and compared',
}

/** Modules that import an adapter's values all the same, and why. */
const exceptions: Readonly<Record<string, string>> = {
  'server/src/domain/identities/directory.ts':
    'a connection to a directory for each sign-in, by the settings of that moment',
  'server/src/domain/identities/oidc.ts': 'a provider for each sign-in, by the settings of that moment',
  'server/src/domain/robots/trust-rules.ts': 'the failure of an issuer is a class beside its keys',
}

const isAdapter = (path: string): boolean => adapters.some((pattern) => pattern.test(path))
const layerOf = (path: string): string => path.split('/').slice(0, 3).join('/')

/** The command line puts together what only it needs: importers, exporters, the doctor. */
const mayName = (path: string): boolean => isCompositionRoot(path) || path.startsWith('cli/src/')

const naming = production.flatMap(({ path, values }) =>
  values
    .filter((target) => isAdapter(target) && !Object.hasOwn(words, target))
    .filter((target) => layerOf(target) !== layerOf(path) && !mayName(path))
    .map((target) => ({ path, target })),
)

test('the adapters are there', () => {
  const there = production.filter(({ path }) => isAdapter(path)).map(({ path }) => path)
  for (const pattern of adapters) expect(there.some((path) => pattern.test(path))).toBe(true)
  for (const path of Object.keys(words)) expect(there).toContain(path)
})

test('only compose/, main.ts and the command line import an adapter', () => {
  const wrong = naming.filter(({ path }) => !Object.hasOwn(exceptions, path))
  expect(wrong.map(({ path, target }) => `${path} must be given what ${target} makes`)).toEqual([])
})

test('a reason that is not needed any more goes', () => {
  const needed = new Set(naming.map(({ path }) => path))
  expect(Object.keys(exceptions).filter((path) => !needed.has(path))).toEqual([])
})

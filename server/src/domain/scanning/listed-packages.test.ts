import { expect, test } from 'bun:test'
import type { FoundPackage } from './inventory.ts'
import { kindsOf, licencesOf, listPackages } from './listed-packages.ts'

const found = (name: string, licences: readonly string[], kind: FoundPackage['kind'] = 'npm'): FoundPackage => ({
  ...{ kind, name, version: '1.0.0', licences, path: `node_modules/${name}/package.json` },
  purl: `pkg:${kind}/${name}@1.0.0`,
})
const inventory = {
  packages: [
    found('react', ['MIT']),
    found('musl', ['MIT'], 'apk'),
    found('lodash', ['MIT', 'CC0-1.0']),
    found('left-pad', []),
  ],
}
const names = (filter: Parameters<typeof listPackages>[1]) => listPackages(inventory, filter).map(({ name }) => name)

test('packages stand in the order of their names', () => {
  expect(names({})).toEqual(['left-pad', 'lodash', 'musl', 'react'])
})

test.each([
  [{ text: 'LOD' }, ['lodash']],
  [{ text: 'pkg:apk/' }, ['musl']],
  [{ kind: 'apk' }, ['musl']],
  [{ licence: 'CC0-1.0' }, ['lodash']],
  [{ licence: '' }, ['left-pad']],
  [{ licence: 'MIT', kind: 'npm' }, ['lodash', 'react']],
  [{ text: 'nothing' }, []],
])('%p keeps %p', (filter, expected) => {
  expect(names(filter)).toEqual(expected)
})

test('licences are counted, the most frequent first; a package with two counts in both, one without in none', () => {
  expect(licencesOf(inventory)).toEqual([
    { name: 'MIT', packages: 3 },
    { name: '', packages: 1 },
    { name: 'CC0-1.0', packages: 1 },
  ])
  expect(kindsOf(inventory)).toEqual([
    { name: 'npm', packages: 3 },
    { name: 'apk', packages: 1 },
  ])
})

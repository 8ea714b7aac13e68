import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { inventoryForTest, namesOf, nodePackage, type TestLayer } from './image-for-test.ts'

const release = (id: string, version: string, path = 'etc/os-release') => ({
  path,
  content: `ID=${id}\nVERSION_ID="${version}"\nPRETTY_NAME="${id} ${version}"\n`,
})
const dpkg = (...packages: readonly (readonly [name: string, version: string])[]) => ({
  path: 'var/lib/dpkg/status',
  content: packages
    .map(([name, version]) => `Package: ${name}\nStatus: install ok installed\nVersion: ${version}\n`)
    .join('\n'),
})

describe('layers together', () => {
  test('a whiteout hides a file of the layers below, and not of its own', async () => {
    const base: TestLayer = [nodePackage('a', '1.0.0'), nodePackage('b', '1.0.0')]
    const above: TestLayer = [{ path: 'app/node_modules/.wh.a' }, nodePackage('c', '1.0.0')]
    expect(namesOf(await inventoryForTest(base, above))).toEqual(['npm b 1.0.0', 'npm c 1.0.0'])
    const again: TestLayer = [{ path: 'app/node_modules/.wh.a' }, nodePackage('a', '2.0.0')]
    expect(namesOf(await inventoryForTest(base, again))).toEqual(['npm a 2.0.0', 'npm b 1.0.0'])
  })

  test('an opaque folder hides all that was in it', async () => {
    const base: TestLayer = [nodePackage('a', '1.0.0'), nodePackage('b', '1.0.0', 'srv')]
    const above: TestLayer = [{ path: 'app/.wh..wh..opq' }, nodePackage('c', '1.0.0')]
    expect(namesOf(await inventoryForTest(base, above))).toEqual(['npm b 1.0.0', 'npm c 1.0.0'])
  })

  test('a folder whose name begins alike is another folder', async () => {
    const base: TestLayer = [nodePackage('a', '1.0.0', 'app'), nodePackage('a', '1.0.0', 'app2')]
    expect((await inventoryForTest(base, [{ path: '.wh.app' }])).packages.map(({ path }) => path)).toEqual([
      'app2/node_modules/a/package.json',
    ])
  })

  test('a link in the place of a folder hides what was in it', async () => {
    const base: TestLayer = [nodePackage('a', '1.0.0')]
    expect(namesOf(await inventoryForTest(base, [{ path: 'app', type: '2', target: 'other' }]))).toEqual([])
  })

  test('names of AUFS itself hide nothing', async () => {
    const base: TestLayer = [nodePackage('a', '1.0.0')]
    expect(namesOf(await inventoryForTest(base, [{ path: '.wh..wh.plnk' }, { path: '.wh..wh.aufs' }]))).toEqual([
      'npm a 1.0.0',
    ])
  })

  test('a package belongs to the first layer that has it, though later ones write its file anew', async () => {
    const inventory = await inventoryForTest(
      [release('debian', '12'), dpkg(['libc6', '1'])],
      [dpkg(['libc6', '1'], ['curl', '2'])],
      [dpkg(['libc6', '3'], ['curl', '2'])],
    )
    expect(inventory.packages.map(({ name, version, layer }) => [name, version, layer])).toEqual([
      ['curl', '2', 'layer1'],
      ['libc6', '3', 'layer2'],
    ])
  })

  test('a package that came back belongs to the layer that brought it back', async () => {
    const file = nodePackage('a', '1.0.0')
    const inventory = await inventoryForTest([file], [{ path: 'app/.wh.node_modules' }], [file])
    expect(inventory.packages.map(({ layer }) => layer)).toEqual(['layer2'])
  })

  test('of the same package at two places both are told', async () => {
    const inventory = await inventoryForTest([nodePackage('a', '1.0.0'), nodePackage('a', '1.0.0', 'srv')])
    expect(inventory.packages.map(({ path }) => path)).toEqual([
      'app/node_modules/a/package.json',
      'srv/node_modules/a/package.json',
    ])
  })

  test('a file that cannot be read matters while it is there', async () => {
    const bad: TestLayer = [{ path: 'app/node_modules/a/package.json', content: '{' }]
    const good: TestLayer = [nodePackage('a', '1.0.0')]
    const verdicts = async (...layers: readonly TestLayer[]) => (await inventoryForTest(...layers)).unread.length
    expect(await verdicts(bad)).toBe(1)
    expect(await verdicts(bad, good)).toBe(0)
    expect(await verdicts(bad, [{ path: '.wh.app' }])).toBe(0)
    expect(await verdicts(good, bad)).toBe(1)
    expect(namesOf(await inventoryForTest(good, bad))).toEqual([])
  })

  test('the system is that of the uppermost layer', async () => {
    const inventory = await inventoryForTest([release('debian', '11')], [release('debian', '12')])
    expect(inventory.os).toEqual({ family: 'debian', version: '12', name: 'debian 12' })
  })

  test('all layers are merged as a file system of folders and whiteouts would be', () => {
    const places = ['a', 'b', 'a/x', 'a/y', 'b/x'] as const
    const change = fc.record({ place: fc.constantFrom(...places), is: fc.constantFrom('file', 'gone', 'opaque') })
    return fc.assert(
      fc.asyncProperty(fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 4 }), async (layers) => {
        const expected = new Set<string>()
        for (const layer of layers) {
          const under = (place: string) => [...expected].filter((each) => each.startsWith(`${place}/`))
          for (const { place, is } of layer) if (is !== 'file') for (const each of under(place)) expected.delete(each)
          for (const { place, is } of layer) if (is === 'file') expected.add(`${place}/node_modules/p/package.json`)
        }
        const entries = layers.map((layer) =>
          layer.map(({ place, is }) => {
            if (is === 'file') return nodePackage('p', '1.0.0', place)
            const at = place.lastIndexOf('/') + 1
            return { path: is === 'opaque' ? `${place}/.wh..wh..opq` : `${place.slice(0, at)}.wh.${place.slice(at)}` }
          }),
        )
        expect(new Set((await inventoryForTest(...entries)).packages.map(({ path }) => path))).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })
})

describe('a file that a package of the system brought tells of no package of its own', () => {
  const file = nodePackage('a', '1.0.0', 'usr/share')
  const list = { path: 'var/lib/dpkg/info/node-a:all.list', content: `/.\n/usr\n/${file.path}\n` }

  test('by the lists of dpkg', async () => {
    expect(namesOf(await inventoryForTest([list, file, dpkg(['node-a', '1.0.0-1'])]))).toEqual(['deb node-a 1.0.0-1'])
  })

  test('unless its maker is not the distribution', async () => {
    const status = {
      path: 'var/lib/dpkg/status',
      content: 'Package: node-a\nVersion: 1\nMaintainer: N <x@nodesource.com>\n',
    }
    expect(namesOf(await inventoryForTest([list, file, status]))).toEqual(['deb node-a 1', 'npm a 1.0.0'])
  })

  test('by the sums of distroless images', async () => {
    const sums = { path: 'var/lib/dpkg/status.d/node-a.md5sums', content: `0123  ${file.path}\n` }
    const status = { path: 'var/lib/dpkg/status.d/node-a', content: 'Package: node-a\nVersion: 1\n' }
    expect(namesOf(await inventoryForTest([sums, status, file]))).toEqual(['deb node-a 1'])
  })

  test('by the database of apk', async () => {
    const database = {
      path: 'lib/apk/db/installed',
      content: `P:node-a\nV:1-r0\nF:usr/share/node_modules/a\nR:package.json\n\n`,
    }
    expect(namesOf(await inventoryForTest([database, file]))).toEqual(['apk node-a 1-r0'])
  })

  test('and once the package is removed, it does', async () => {
    const gone = { path: 'var/lib/dpkg/info/.wh.node-a:all.list' }
    expect(namesOf(await inventoryForTest([list, file], [gone, dpkg()]))).toEqual(['npm a 1.0.0'])
  })
})

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  rpmBerkeleyForTest,
  rpmHeaderForTest,
  rpmNdbForTest,
  rpmSqliteForTest,
  type TestRpm,
} from '../formats/rpm-for-test.ts'
import { inventoryForTest, namesOf, nodePackage, packagesOfFile, readLayerForTest } from '../image-for-test.ts'

const bash: TestRpm = { name: 'bash', version: '5.1.8', release: '6.el9', sourceRpm: 'bash-5.1.8-6.el9.src.rpm' }
const libs: TestRpm = {
  name: 'openssl-libs',
  version: '3.0.7',
  release: '24.el9',
  epoch: 1,
  sourceRpm: 'openssl-3.0.7-24.el9.src.rpm',
  modularity: 'x:1:2:3',
}
const many = Array.from({ length: 400 }, (_, at) => `/usr/share/doc/file-${at}`)
const node: TestRpm = {
  name: 'nodejs',
  version: '18',
  release: '1',
  files: [...many, '/usr/lib/node_modules/a/package.json'],
}
const key: TestRpm = { name: 'gpg-pubkey', version: 'fd431d51', release: '4ae0493b' }
const headers = [bash, libs, node, key].map(rpmHeaderForTest)

const databases: Readonly<Record<string, [path: string, bytes: Uint8Array]>> = {
  SQLite: ['var/lib/rpm/rpmdb.sqlite', rpmSqliteForTest(headers)],
  NDB: ['usr/lib/sysimage/rpm/Packages.db', rpmNdbForTest(headers)],
  'Berkeley DB': ['var/lib/rpm/Packages', rpmBerkeleyForTest(headers)],
}

describe('packages of rpm are read from', () => {
  for (const [name, [path, content]] of Object.entries(databases)) {
    test(name, async () => {
      const inventory = await inventoryForTest([
        { path: 'etc/os-release', content: 'ID="rhel"\nVERSION_ID="9.3"' },
        { path, content },
        nodePackage('a', '1.0.0', 'usr/lib'),
      ])
      expect(inventory.unread).toEqual([])
      expect(namesOf(inventory)).toEqual(['rpm bash 5.1.8-6.el9', 'rpm nodejs 18-1', 'rpm openssl-libs 1:3.0.7-24.el9'])
      expect(inventory.packages[2]).toEqual({
        kind: 'rpm',
        name: 'openssl-libs',
        version: '1:3.0.7-24.el9',
        sourceName: 'openssl',
        architecture: 'x86_64',
        modularity: 'x:1:2:3',
        vendor: 'Red Hat, Inc.',
        licences: ['MIT'],
        path,
        layer: 'layer0',
        purl: 'pkg:rpm/redhat/openssl-libs@3.0.7-24.el9?arch=x86_64&distro=redhat-9.3&epoch=1&modularitylabel=x:1:2:3',
      })
    })

    test(`${name}, and any damage to it gives a verdict or fewer packages`, () =>
      fc.assert(
        fc.asyncProperty(
          fc.nat(content.length - 1),
          fc.uint8Array({ minLength: 1, maxLength: 64 }),
          async (at, patch) => {
            const bytes = Buffer.from(content)
            bytes.set(patch.subarray(0, bytes.length - at), at)
            await readLayerForTest([{ path, content: bytes }])
          },
        ),
        { numRuns: 100 },
      ))
  }

  test('a list, where the image has no database', async () => {
    const line = [
      'bash',
      '5.1.8-6.cm2',
      '1',
      '2',
      'Microsoft Corporation',
      '(none)',
      '9',
      'x86_64',
      '0',
      'bash-5.1.8-6.cm2.src.rpm',
    ].join('\t')
    expect(await packagesOfFile('var/lib/rpmmanifest/container-manifest-2', `${line}\n`)).toEqual([
      'rpm bash 5.1.8-6.cm2',
    ])
  })
})

test('files of a package that the distribution did not build count by themselves', async () => {
  const content = rpmSqliteForTest([rpmHeaderForTest({ ...node, vendor: 'NodeSource' })])
  const inventory = await inventoryForTest([
    { path: 'var/lib/rpm/rpmdb.sqlite', content },
    nodePackage('a', '1.0.0', 'usr/lib'),
  ])
  expect(namesOf(inventory)).toEqual(['npm a 1.0.0', 'rpm nodejs 18-1'])
})

test('repositories of an image of Red Hat are told, and the build of an older one', async () => {
  const inventory = await inventoryForTest([
    {
      path: 'root/buildinfo/content_manifests/ubi9.json',
      content: '{"content_sets": ["rhel-9-for-x86_64-baseos-rpms"]}',
    },
    {
      path: 'root/buildinfo/Dockerfile-ubi8-8.3-227',
      content: 'FROM x\nLABEL "com.redhat.component"="ubi8-container" "architecture"="x86_64"',
    },
  ])
  expect(inventory.contentSets).toEqual(['rhel-9-for-x86_64-baseos-rpms', 'ubi8-container-8.3-227-x86_64'])
})

test('a chain of pages that goes in a circle ends', async () => {
  const bytes = Buffer.from(databases['Berkeley DB']![1])
  for (let page = 2; page * 4096 < bytes.length; page++) bytes.writeUInt32LE(page, page * 4096 + 16)
  const layer = await readLayerForTest([{ path: 'var/lib/rpm/Packages', content: bytes }])
  expect(layer.files.length + layer.unread.length).toBe(1)
})

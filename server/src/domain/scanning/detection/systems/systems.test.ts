import { describe, expect, test } from 'bun:test'
import { inventoryForTest, packagesOfFile } from '../image-for-test.ts'

const systemOf = async (files: Readonly<Record<string, string>>) => {
  const { os } = await inventoryForTest(Object.entries(files).map(([path, content]) => ({ path, content })))
  return os === undefined ? undefined : `${os.family} ${os.version}`.trim()
}

describe('the operating system', () => {
  const releases: Readonly<Record<string, string>> = {
    'ID=alpine\nVERSION_ID=3.19.1\n': 'alpine 3.19.1',
    'ID=wolfi\nVERSION_ID="20230201"': 'wolfi 20230201',
    'ID=debian\nVERSION_ID="12"\r\n': 'debian 12',
    "ID='ubuntu'\nVERSION_ID='22.04'": 'ubuntu 22.04',
    'ID="rhel"\nVERSION_ID="9.3"': 'redhat 9.3',
    'ID="almalinux"\nVERSION_ID="8.9"': 'alma 8.9',
    'ID="ol"\nVERSION_ID="9.2"': 'oracle 9.2',
    'ID="amzn"\nVERSION_ID="2023"': 'amazon 2023',
    'ID="sles"\nVERSION_ID="15.5"': 'suse 15.5',
    'ID="opensuse-leap"\nVERSION_ID="15.5"': 'opensuse-leap 15.5',
    'ID=mariner\nVERSION_ID="2.0"': 'azurelinux 2.0',
    'ID="openEuler"\nVERSION_ID="22.03"': 'openeuler 22.03',
    'ID="anolis"\nVERSION_ID="8.8"': 'anolis 8.8',
    'ID="kylin"\nVERSION_ID="V10"': 'kylin V10',
    'ID=archlinux\nPRETTY_NAME="Arch"': 'archlinux',
    '# ID=none\nNAME=x': '',
  }
  for (const [text, expected] of Object.entries(releases)) {
    test(`${expected || 'none'} by os-release`, async () => {
      expect((await systemOf({ 'etc/os-release': text })) ?? '').toBe(expected)
      expect((await systemOf({ 'usr/lib/os-release': text })) ?? '').toBe(expected)
    })
  }

  test('is known by older files where there is no os-release', async () => {
    expect(await systemOf({ 'etc/alpine-release': '3.4.6\n' })).toBe('alpine 3.4.6')
    expect(await systemOf({ 'etc/debian_version': '7.11\n' })).toBe('debian 7.11')
    expect(await systemOf({ 'etc/centos-release': 'CentOS release 6.10 (Final)\n' })).toBe('centos 6.10')
    expect(await systemOf({ 'etc/redhat-release': 'Red Hat Enterprise Linux Server release 7.9 (Maipo)' })).toBe(
      'redhat 7.9',
    )
    expect(await systemOf({ 'etc/kylin-release': 'Kylin Linux Advanced Server release V10 (Sword)' })).toBe('kylin V10')
    expect(await systemOf({ 'etc/lsb-release': 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=14.04' })).toBe('ubuntu 14.04')
  })

  test('os-release is asked first', async () => {
    const files = {
      'etc/debian_version': 'bookworm/sid',
      'etc/lsb-release': 'DISTRIB_ID=Ubuntu',
      'etc/os-release': 'ID=ubuntu\nVERSION_ID=24.04',
    }
    expect(await systemOf(files)).toBe('ubuntu 24.04')
  })
})

describe('apk', () => {
  test('names the package, its origin, its architecture and its licences', async () => {
    const content =
      'C:Q1x=\nP:libcrypto3\nV:3.1.4-r5\nA:x86_64\nL:Apache-2.0\no:openssl\nF:lib\nR:libcrypto.so.3\n\nP:musl\nV:1.2.4-r2\no:musl\nL:MIT BSD\n'
    const { packages } = await inventoryForTest([
      { path: 'etc/os-release', content: 'ID=alpine\nVERSION_ID=3.18.5' },
      { path: 'lib/apk/db/installed', content },
    ])
    expect(packages).toEqual([
      {
        kind: 'apk',
        name: 'libcrypto3',
        version: '3.1.4-r5',
        sourceName: 'openssl',
        architecture: 'x86_64',
        licences: ['Apache-2.0'],
        path: 'lib/apk/db/installed',
        layer: 'layer0',
        purl: 'pkg:apk/alpine/libcrypto3@3.1.4-r5?arch=x86_64&distro=3.18.5',
      },
      {
        kind: 'apk',
        name: 'musl',
        version: '1.2.4-r2',
        licences: ['MIT', 'BSD'],
        path: 'lib/apk/db/installed',
        layer: 'layer0',
        purl: 'pkg:apk/alpine/musl@1.2.4-r2?distro=3.18.5',
      },
    ])
  })

  test('is found where newer systems keep it', async () => {
    expect(await packagesOfFile('usr/lib/apk/db/installed', 'P:a\nV:1-r0\n\n')).toEqual(['apk a 1-r0'])
  })
})

describe('dpkg', () => {
  const content = [
    'Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl (3.0.11-1~deb12u1)\nVersion: 3.0.11-1~deb12u1\nDescription: x\n more: of it\n .\n Package: not this',
    'Package: login\nStatus: install ok installed\nSource: shadow (1:4.13)\nVersion: 1:4.13+dfsg1-1+b1',
    'Package: gone\nStatus: deinstall ok config-files\nVersion: 1.0',
    'Package: hold\nStatus: hold ok installed\nVersion: 2.0',
    'Package: without-version\nStatus: install ok installed',
  ].join('\n\n')

  test('tells installed packages with their sources', async () => {
    const { packages } = await inventoryForTest([
      { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID="12"' },
      { path: 'var/lib/dpkg/status', content },
      {
        path: 'usr/share/doc/libssl3/copyright',
        content: 'Files: *\nLicense: Apache-2.0\n\nLicense: GPL-2+\n see /usr/share/common-licenses/GPL-2.\n',
      },
    ])
    expect(
      packages.map(({ name, version, sourceName, sourceVersion, licences, purl }) => ({
        name,
        version,
        sourceName,
        sourceVersion,
        licences,
        purl,
      })),
    ).toEqual([
      {
        name: 'hold',
        version: '2.0',
        sourceName: undefined,
        sourceVersion: undefined,
        licences: [],
        purl: 'pkg:deb/debian/hold@2.0?distro=debian-12',
      },
      {
        name: 'libssl3',
        version: '3.0.11-1~deb12u1',
        sourceName: 'openssl',
        sourceVersion: undefined,
        licences: ['Apache-2.0', 'GPL-2+', 'GPL-2'],
        purl: 'pkg:deb/debian/libssl3@3.0.11-1~deb12u1?arch=amd64&distro=debian-12',
      },
      {
        name: 'login',
        version: '1:4.13+dfsg1-1+b1',
        sourceName: 'shadow',
        sourceVersion: '1:4.13',
        licences: [],
        purl: 'pkg:deb/debian/login@1:4.13%2Bdfsg1-1%2Bb1?distro=debian-12',
      },
    ])
  })

  test('is read from the folder that distroless images have', async () => {
    expect(await packagesOfFile('var/lib/dpkg/status.d/base', 'Package: base-files\nVersion: 12.4\n')).toEqual([
      'deb base-files 12.4',
    ])
  })
})

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { PackageKind } from '../inventory.ts'
import { formatPurl, parsePurl, purlOf } from './purl.ts'

describe('the package URL of', () => {
  const os = { family: 'rocky', version: '9.3', name: 'Rocky Linux 9.3' }
  const cases: readonly [kind: PackageKind, name: string, version: string, expected: string][] = [
    ['npm', '@angular/core', '17.0.1', 'pkg:npm/%40angular/core@17.0.1'],
    ['pypi', 'Django_REST', '1.0', 'pkg:pypi/django-rest@1.0'],
    [
      'golang',
      'github.com/Azure/go-autorest',
      'v14.2.0+incompatible',
      'pkg:golang/github.com/azure/go-autorest@v14.2.0%2Bincompatible',
    ],
    ['golang', 'stdlib', 'v1.22.3', 'pkg:golang/stdlib@v1.22.3'],
    ['maven', 'org.apache:log4j-core', '2.14.1', 'pkg:maven/org.apache/log4j-core@2.14.1'],
    ['composer', 'laravel/framework', '10.0.0', 'pkg:composer/laravel/framework@10.0.0'],
    ['cocoapods', 'GoogleUtilities/NSData+zlib', '7.5.2', 'pkg:cocoapods/GoogleUtilities@7.5.2#NSData%2Bzlib'],
    ['swift', 'github.com/Alamofire/Alamofire', '5.4.3', 'pkg:swift/github.com/Alamofire/Alamofire@5.4.3'],
    ['rpm', 'openssl-libs', '1:3.0.7-24.el9', 'pkg:rpm/rocky/openssl-libs@3.0.7-24.el9?distro=rocky-9.3&epoch=1'],
    ['gem', 'rails', '7.0.0', 'pkg:gem/rails@7.0.0'],
    ['nuget', 'Newtonsoft.Json', '', 'pkg:nuget/Newtonsoft.Json'],
  ]
  for (const [kind, name, version, expected] of cases) {
    test(`${kind} ${name}`, () => expect(purlOf({ kind, name, version }, os)).toBe(expected))
  }
})

test('what is written is read as it was', () => {
  const part = fc.string({ minLength: 1 }).map((text) => text.replaceAll('/', '-').toWellFormed())
  fc.assert(
    fc.property(part, part, fc.string(), part, (namespace, name, version, arch) => {
      const parts = { type: 'deb', namespace, name, version: version.toWellFormed(), qualifiers: { arch } }
      expect(parsePurl(formatPurl(parts))).toEqual(parts)
    }),
  )
})

test('what others write is read: a scope that is not encoded, slashes behind the scheme, no version', () => {
  expect(parsePurl('pkg:npm/@angular/core@17.0.1')).toMatchObject({
    namespace: '@angular',
    name: 'core',
    version: '17.0.1',
  })
  expect(parsePurl('pkg://deb/debian/curl')).toMatchObject({
    type: 'deb',
    namespace: 'debian',
    name: 'curl',
    version: '',
  })
  for (const text of ['', 'pkg:', 'pkg:npm', 'pkg:npm/', 'http://x']) expect(parsePurl(text)).toBeUndefined()
})

test('no text makes reading fail', () => {
  fc.assert(fc.property(fc.string(), (text) => void parsePurl(`pkg:${text}`)))
})

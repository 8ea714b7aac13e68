import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Ajv, { type AnySchema } from 'ajv'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import type { Inventory } from '../../inventory.ts'
import { readBom } from './bill-of-materials.ts'
import type { BomOrigin, BomSubject } from './bom-subject.ts'
import { isSpdxExpression, spdxIdentifier } from './spdx-licences.ts'
import { writeCycloneDx } from './write-cyclonedx.ts'
import { writeSpdx } from './write-spdx.ts'

const inventory: Inventory = {
  os: { family: 'debian', version: '12', name: 'Debian GNU/Linux 12 (bookworm)' },
  packages: [
    {
      kind: 'deb',
      name: 'libssl3',
      version: '3.0.11-1~deb12u1',
      sourceName: 'openssl',
      architecture: 'amd64',
      vendor: 'Debian OpenSSL Team',
      licences: ['Apache-2.0', 'some licence of theirs'],
      path: 'var/lib/dpkg/status',
      layer: 'sha256:aa',
      purl: 'pkg:deb/debian/libssl3@3.0.11-1~deb12u1?arch=amd64&distro=debian-12',
    },
    {
      kind: 'deb',
      name: 'login',
      version: '1:4.13+dfsg1-1+b1',
      sourceName: 'shadow',
      sourceVersion: '1:4.13+dfsg1-1',
      licences: [],
      path: 'var/lib/dpkg/status',
      purl: 'pkg:deb/debian/login@1:4.13%2Bdfsg1-1%2Bb1?distro=debian-12',
    },
    ...['app', 'srv'].map((folder) => ({
      kind: 'npm' as const,
      name: '@angular/core',
      version: '17.0.1',
      licences: ['MIT OR Apache-2.0'],
      path: `${folder}/node_modules/@angular/core/package.json`,
      layer: 'sha256:bb',
      purl: 'pkg:npm/%40angular/core@17.0.1',
    })),
    {
      kind: 'maven',
      name: 'org.apache:log4j-core',
      version: '2.14.1',
      licences: [],
      path: 'app/a.jar/b.jar',
      purl: 'pkg:maven/org.apache/log4j-core@2.14.1',
    },
  ],
  unread: [],
}
const subject: BomSubject = {
  name: 'registry.example.com/library/app:1',
  type: 'container',
  digest: `sha256:${'ab'.repeat(32)}`,
  purl: `pkg:oci/app@sha256:${'ab'.repeat(32)}?repository_url=registry.example.com/library/app`,
}
const origin: BomOrigin = {
  created: '2026-11-30T12:00:00Z',
  uuid: '3e671687-395b-41f5-a30f-a58921a69b79',
  toolVersion: '1.0.0',
}

const bytesOf = (document: unknown): Uint8Array =>
  new TextEncoder().encode(typeof document === 'string' ? document : JSON.stringify(document))
const schemaFolder = join(
  dirname(fileURLToPath(import.meta.resolve('@cyclonedx/cyclonedx-library/package.json'))),
  'res/schema',
)
const schema = (name: string): AnySchema => JSON.parse(readFileSync(join(schemaFolder, name), 'utf8'))

/** What differs between a list and the list that was read back from a document of it. */
const packagesOf = ({ packages }: Inventory) =>
  packages.map(({ kind, name, version, sourceName, sourceVersion, licences, path, layer, purl }) => ({
    kind,
    name,
    version,
    sourceName,
    sourceVersion,
    licences,
    path: ['apk', 'deb', 'rpm'].includes(kind) ? '' : path,
    layer,
    purl,
  }))

/** The same where a layer could not be read. */
const partly: Inventory = {
  ...inventory,
  unread: [{ code: 'DAMAGED', where: 'sha256:cc', reason: 'it ends in the middle' }],
}

describe('CycloneDX 1.6', () => {
  const document = writeCycloneDx(inventory, subject, origin)

  test('is valid by its schema', () => {
    const ajv = new Ajv({ strict: false, allErrors: true })
    addFormats(ajv)
    ajv.addFormat('idn-email', true).addFormat('iri-reference', true)
    for (const name of [
      'spdx.SNAPSHOT.schema.json',
      'jsf-0.82.SNAPSHOT.schema.json',
      'cryptography-defs.SNAPSHOT.schema.json',
    ])
      ajv.addSchema({ ...(schema(name) as object), $id: `http://cyclonedx.org/schema/${name}` })
    const isValid = ajv.compile(schema('bom-1.6.SNAPSHOT.schema.json'))
    for (const each of [document, writeCycloneDx(partly, subject, origin)])
      expect(isValid(JSON.parse(JSON.stringify(each))) || isValid.errors).toBe(true)
    const identifiers = (schema('spdx.SNAPSHOT.schema.json') as { enum: string[] }).enum
    expect(
      ['MIT', 'gpl-2.0-ONLY', 'bzip2-1.0.6', 'ZPL-2.1', '0bsd']
        .map(spdxIdentifier)
        .filter((each) => !identifiers.includes(each!)),
    ).toEqual([])
  })

  test('is read back as it was', () => {
    const { format, inventory: read } = readBom(bytesOf(document))
    expect(format).toBe('cyclonedx')
    expect(packagesOf(read)).toEqual(packagesOf(inventory))
    expect(read.os).toMatchObject({ family: 'debian', version: '12' })
  })
})

test('a list that may not be whole says so, and a whole one does not', () => {
  const written = (given: Inventory) =>
    [writeSpdx, writeCycloneDx].map((write) => JSON.stringify(write(given, subject, origin)))
  for (const text of written(partly)) expect(text).toContain('sha256:cc (it ends in the middle)')
  for (const text of written(inventory)) expect(text).not.toMatch(/not be whole|incomplete/)
})

describe('SPDX 2.3', () => {
  const write = () => writeSpdx(inventory, subject, origin)

  test('has what the specification asks of a document and a package', () => {
    const { packages, relationships, hasExtractedLicensingInfos } = write() as {
      packages: Record<string, unknown>[]
      relationships: Record<string, string>[]
      hasExtractedLicensingInfos: object[]
    }
    const ids = packages.map(({ SPDXID }) => SPDXID)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.every((id) => /^SPDXRef-[A-Za-z0-9.-]+$/.test(String(id)))).toBe(true)
    for (const each of packages)
      expect(each).toMatchObject({ name: expect.any(String), downloadLocation: 'NOASSERTION', filesAnalyzed: false })
    const related = relationships.map(({ relatedSpdxElement }) => relatedSpdxElement)
    expect([...related].sort()).toEqual(ids.map(String).sort())
    expect(hasExtractedLicensingInfos).toMatchObject([
      { licenseId: 'LicenseRef-berth-1', name: 'some licence of theirs' },
    ])
    expect(packages.map(({ licenseDeclared }) => licenseDeclared)).toContain('Apache-2.0 AND LicenseRef-berth-1')
  })

  test('is read back as it was, but for licences in one expression', () => {
    const { format, inventory: read } = readBom(bytesOf(write()))
    expect(format).toBe('spdx')
    const withoutLicences = (of: Inventory) => packagesOf(of).map((each) => ({ ...each, licences: [] }))
    expect(withoutLicences(read)).toEqual(withoutLicences(inventory))
    expect(read.os).toMatchObject({ family: 'debian', version: '12' })
  })
})

describe('documents of others are read', () => {
  const bash = 'pkg:rpm/centos/bash@4.2.46-31.el7?arch=x86_64&distro=centos-7.6.1810'

  test('SPDX as tags and values', () => {
    const text = `SPDXVersion: SPDX-2.2\nDataLicense: CC0-1.0\n\nPackageName: image\nSPDXID: SPDXRef-Image\n\nPackageName: bash\nSPDXID: SPDXRef-1\nPackageVersion: 4.2.46\nPackageSourceInfo: built package from: bash 4.2.46-31.el7\nPackageLicenseDeclared: GPLv3+\nExternalRef: PACKAGE-MANAGER purl ${bash}\nPackageAttributionText: LayerDiffID: sha256:aa\n`
    const { format, inventory: read } = readBom(bytesOf(text))
    expect(format).toBe('spdx-tag-value')
    expect(read.os).toEqual({ family: 'centos', version: '7.6.1810', name: 'centos 7.6.1810' })
    expect(read.packages).toMatchObject([
      { kind: 'rpm', name: 'bash', version: '4.2.46-31.el7', licences: ['GPLv3+'], layer: 'sha256:aa' },
    ])
  })

  test('attestations of in-toto, signed or not, and what cosign puts around them', () => {
    const bom = {
      bomFormat: 'CycloneDX',
      specVersion: '1.4',
      components: [{ type: 'library', name: 'bash', purl: bash }],
    }
    const statement = {
      _type: 'https://in-toto.io/Statement/v0.1',
      predicateType: 'https://cyclonedx.org/bom',
      predicate: bom,
    }
    const dsse = (of: object) => ({
      payloadType: 'application/vnd.in-toto+json',
      payload: Buffer.from(JSON.stringify(of)).toString('base64'),
      signatures: [],
    })
    for (const each of [
      statement,
      dsse(statement),
      { dsseEnvelope: dsse(statement) },
      dsse({ ...statement, predicate: { Data: JSON.stringify(bom) } }),
    ]) {
      expect(readBom(bytesOf(each)).inventory.packages).toHaveLength(1)
      expect(readBom(bytesOf(`${JSON.stringify(each)}\n${JSON.stringify(each)}\n`)).inventory.packages).toHaveLength(1)
    }
  })

  test('sources where Syft says them', () => {
    const components = [
      {
        type: 'library',
        name: 'libssl3',
        purl: 'pkg:deb/debian/libssl3@3.0.11?arch=amd64&upstream=openssl%403.0.10&distro=debian-12',
      },
      {
        type: 'library',
        name: 'x',
        purl: 'pkg:rpm/rhel/openssl-libs@3.0.7-24.el9?epoch=1&upstream=openssl-3.0.7-24.el9.src.rpm',
      },
      { type: 'library', name: 'musl-utils', purl: 'pkg:apk/alpine/musl-utils@1.2?upstream=musl' },
    ]
    expect(readBom(bytesOf({ bomFormat: 'CycloneDX', components })).inventory.packages).toMatchObject([
      { name: 'libssl3', sourceName: 'openssl', sourceVersion: '3.0.10' },
      { name: 'openssl-libs', version: '1:3.0.7-24.el9', sourceName: 'openssl', sourceVersion: '3.0.7-24.el9' },
      { name: 'musl-utils', sourceName: 'musl' },
    ])
  })

  test('with a verdict on what is none of them', () => {
    let nested: object = {}
    for (let depth = 0; depth < 50; depth++) nested = { predicate: nested }
    for (const [document, code] of [
      ['', 'UNSUPPORTED'],
      ['{}', 'UNSUPPORTED'],
      ['<bom/>', 'UNSUPPORTED'],
      ['{"bomFormat": "CycloneDX"', 'DAMAGED'],
      [nested, 'TOO_DEEP'],
    ] as const) {
      expect(() => readBom(bytesOf(document))).toThrow(expect.objectContaining({ name: 'Unreadable', code }))
    }
  })

  test('and no document makes reading fail otherwise', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom('components', 'packages', 'payload', 'predicate'), (json, key) => {
        for (const frame of [{ bomFormat: 'CycloneDX' }, { spdxVersion: 'SPDX-2.3' }, {}]) {
          try {
            readBom(bytesOf({ ...frame, [key]: JSON.parse(json) }))
          } catch (error) {
            expect(error).toMatchObject({ name: 'Unreadable' })
          }
        }
      }),
    )
  })
})

test('an expression of licences is one when all its names are known', () => {
  for (const text of ['MIT OR Apache-2.0', '(MIT OR ISC) AND Zlib']) expect(isSpdxExpression(text)).toBe(true)
  for (const text of ['MIT OR', 'OR', 'MIT Zlib', 'MIT OR Unknown', '(MIT OR ISC', ')MIT(', ''])
    expect(isSpdxExpression(text)).toBe(false)
})

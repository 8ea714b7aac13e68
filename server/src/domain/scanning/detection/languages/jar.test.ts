import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { zipForTest } from '../formats/zip-for-test.ts'
import { inventoryForTest, packagesOfFile, readLayerForTest } from '../image-for-test.ts'
import { defaultLimits } from '../limits.ts'

const properties = (group: string, artifact: string, version: string) => ({
  name: `META-INF/maven/${group}/${artifact}/pom.properties`,
  content: `#Generated\r\nversion=${version}\r\ngroupId=${group}\r\nartifactId=${artifact}\r\n`,
})
const manifest = (...lines: readonly string[]) => ({
  name: 'META-INF/MANIFEST.MF',
  content: `Manifest-Version: 1.0\r\n${lines.join('\r\n')}\r\n\r\n`,
})
const log4j = zipForTest([properties('org.apache.logging.log4j', 'log4j-core', '2.14.1')])

describe('an archive of Java tells', () => {
  test('what it is, by the properties of Maven', async () => {
    expect(await packagesOfFile('app/log4j-core-2.14.1.jar', log4j)).toEqual([
      'maven org.apache.logging.log4j:log4j-core 2.14.1',
    ])
  })

  test('what was packed into it, and itself by its manifest', async () => {
    const jar = zipForTest([
      properties('a', 'b', '1'),
      properties('c', 'd', '2'),
      manifest('Implementation-Vendor-Id: org.example', 'Implementation-Title: app', 'Implementation-Version: 3'),
    ])
    expect(await packagesOfFile('app/app.jar', jar)).toEqual(['maven a:b 1', 'maven c:d 2', 'maven org.example:app 3'])
  })

  test('itself by a manifest of OSGi, with lines that go on', async () => {
    const jar = zipForTest([
      manifest(
        'Bundle-SymbolicName: com.fasterxml.jackson.core.jackson-',
        ' databind;singleton:=true',
        'Bundle-Version: 2.9.1',
        'Bundle-License: Apache-2.0;link=x',
      ),
    ])
    const { packages } = await inventoryForTest([{ path: 'app/jackson-databind-2.9.1.jar', content: jar }])
    expect(packages).toMatchObject([
      { name: 'com.fasterxml.jackson.core:jackson-databind', version: '2.9.1', licences: ['Apache-2.0'] },
    ])
  })

  test('archives within it, with their places', async () => {
    const war = zipForTest([{ name: 'WEB-INF/lib/log4j-core-2.14.1.jar', content: log4j, isStored: true }])
    const ear = zipForTest([
      { name: 'web.war', content: war },
      { name: 'not-an-archive.jar', content: 'text' },
    ])
    const { packages, unread } = await inventoryForTest([{ path: 'app/all.ear', content: ear }])
    expect(packages.map(({ name, path }) => [name, path])).toEqual([
      ['org.apache.logging.log4j:log4j-core', 'app/all.ear/web.war/WEB-INF/lib/log4j-core-2.14.1.jar'],
    ])
    expect(unread).toEqual([])
  })

  test('the same behind a program that unpacks it', async () => {
    const jar = zipForTest([properties('a', 'b', '1')], Buffer.from('#!/bin/sh\nexec java -jar "$0"\n'))
    expect(await packagesOfFile('app/run.jar', jar)).toEqual(['maven a:b 1'])
  })
})

describe('a verdict is given for', () => {
  const verdictOn = async (content: Uint8Array, limits = defaultLimits) =>
    (await readLayerForTest([{ path: 'app/a.jar', content }], { limits })).unread.map(({ code }) => code)

  test('archives that are nested without end', async () => {
    let jar = log4j
    for (let depth = 0; depth < 12; depth++) jar = zipForTest([{ name: 'inner.jar', content: jar }])
    expect(await verdictOn(jar)).toEqual(['TOO_DEEP'])
  })

  test('archives that grow', async () => {
    const bomb = zipForTest([{ name: 'zeros.jar', content: Buffer.alloc(50_000_000) }])
    expect(await verdictOn(bomb, { ...defaultLimits, maxArchiveBytes: 10_000_000 })).toEqual(['TOO_LARGE'])
    const wide = zipForTest(
      Array.from({ length: 50 }, (_, at) => ({ name: `${at}.jar`, content: Buffer.alloc(1_000_000) })),
    )
    expect(await verdictOn(wide, { ...defaultLimits, maxArchiveBytes: 10_000_000 })).toEqual(['TOO_LARGE'])
  })

  test('an entry that is larger than its directory says', async () => {
    const lies = zipForTest([{ ...manifest('x'), content: Buffer.alloc(50_000_000), bytes: 10 }])
    expect(await verdictOn(lies)).toEqual(['DAMAGED'])
  })

  test('more entries than are allowed', async () => {
    const wide = zipForTest(Array.from({ length: 200 }, (_, at) => ({ name: `${at}`, content: '' })))
    expect(await verdictOn(wide, { ...defaultLimits, maxArchiveEntries: 100 })).toEqual(['TOO_LARGE'])
  })

  test('what is no archive', async () => expect(await verdictOn(Buffer.alloc(100, 'text'))).toEqual(['DAMAGED']))

  test('any damage, or nothing', () => {
    const whole = zipForTest([
      properties('a', 'b', '1'),
      manifest('Bundle-Version: 1'),
      { name: 'x.jar', content: log4j },
    ])
    return fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.uint8Array({ minLength: 1, maxLength: 30 }), async (at, patch) => {
        const content = Buffer.from(whole)
        content.set(patch.subarray(0, whole.length - at), at)
        await readLayerForTest([{ path: 'app/a.jar', content }])
      }),
      { numRuns: 300 },
    )
  })
})

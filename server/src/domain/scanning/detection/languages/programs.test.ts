import { describe, expect, test } from 'bun:test'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { elfForTest, machOForTest, peForTest } from '../formats/executable-for-test.ts'
import { packagesOfFile, readLayerForTest } from '../image-for-test.ts'

const modules = [
  'path\texample.com/app',
  'mod\texample.com/app\t(devel)\t',
  'dep\tgithub.com/pkg/errors\tv0.9.1\th1:x=',
  'dep\tgithub.com/old/name\tv1.0.0',
  '=>\tgithub.com/new/name\tv1.2.0\th1:y=',
  'build\t-ldflags="-s -w -X main.version=v1.4.2 -X example.com/app/other=x"',
  '',
].join('\n')
const withSentinels = Buffer.from(`${'s'.repeat(16)}${modules}${'s'.repeat(16)}`, 'latin1')
const expected = [
  'golang example.com/app v1.4.2',
  'golang github.com/new/name v1.2.0',
  'golang github.com/pkg/errors v0.9.1',
  'golang stdlib v1.22.3',
]

const header = (flags: number): Buffer => {
  const bytes = Buffer.alloc(32)
  bytes.write('\xff Go buildinf:', 'latin1')
  bytes[14] = 8
  bytes[15] = flags
  return bytes
}
const counted = (bytes: Uint8Array): Buffer => {
  const length: number[] = []
  for (let left = bytes.length; ; left = Math.floor(left / 128)) {
    length.push(left < 128 ? left : (left % 128) | 128)
    if (left < 128) return Buffer.concat([Buffer.from(length), bytes])
  }
}
const inline = (goVersion = 'go1.22.3 X:nocoverageredesign') =>
  Buffer.concat([header(2), counted(Buffer.from(goVersion)), counted(withSentinels)])

/** The form before Go 1.18: pointers to strings, which are pointers to bytes. */
function pointed(): Buffer {
  const address = 0x1000
  const info = header(0)
  const version = Buffer.from('go1.22.3')
  const strings = Buffer.alloc(32)
  const at = [address + 32 + 32, address + 32 + 32 + version.length]
  info.writeBigUInt64LE(BigInt(address + 32), 16)
  info.writeBigUInt64LE(BigInt(address + 48), 24)
  ;[at[0]!, version.length, at[1]!, withSentinels.length].forEach((value, field) =>
    strings.writeBigUInt64LE(BigInt(value), 8 * field),
  )
  return elfForTest([
    { name: '.go.buildinfo', address, writable: true, content: Buffer.concat([info, strings, version, withSentinels]) },
  ])
}

const of = (content: Uint8Array, mode = 0o755) => packagesOfFile('usr/bin/app', content, 'image', mode)

describe('a program of Go tells its modules', () => {
  test('in ELF', async () => {
    const filler = { name: '.data', content: Buffer.alloc(160), writable: true }
    expect(await of(elfForTest([filler, { name: '.go.buildinfo', content: inline() }]))).toEqual(expected)
  })
  test('in ELF without names of sections', async () => {
    expect(
      await of(elfForTest([{ name: '', content: Buffer.concat([Buffer.alloc(48), inline()]), writable: true }])),
    ).toEqual(expected)
  })
  test('in the form before Go 1.18', async () => expect(await of(pointed())).toEqual(expected))
  test('in PE', async () =>
    expect(await of(peForTest([{ name: '.data', writable: true, content: inline() }]))).toEqual(expected))
  test('in Mach-O', async () =>
    expect(await of(machOForTest([{ name: '__go_buildinfo', content: inline() }]))).toEqual(expected))
  test('of versions that somebody marked as theirs', async () => {
    for (const version of ['go1.22.3', 'go1.22.3 (Red Hat 1.22.3-1.el9)', 'go1.22.3-X:foo']) {
      const found = await of(elfForTest([{ name: '.go.buildinfo', content: inline(version) }]))
      expect(found).toContain('golang stdlib v1.22.3')
    }
  })
  test('only when it can be run', async () =>
    expect(await of(elfForTest([{ name: '.go.buildinfo', content: inline() }]), 0o644)).toEqual([]))
})

describe('a program of Rust tells its crates', () => {
  const list = {
    packages: [
      { name: 'app', version: '0.1.0', root: true },
      { name: 'time', version: '0.1.43', source: 'crates.io' },
      { name: 'cc', version: '1.0.0', kind: 'build' },
    ],
  }
  const section = (bytes: Uint8Array) => elfForTest([{ name: '.dep-v0', content: bytes }])

  test('that were built into it', async () => {
    expect(await of(section(deflateSync(JSON.stringify(list))))).toEqual(['cargo app 0.1.0', 'cargo time 0.1.43'])
  })
  test('within a bound', async () => {
    const layer = await readLayerForTest([
      { path: 'app', mode: 0o755, content: section(deflateSync(Buffer.alloc(100 * 1024 * 1024))) },
    ])
    expect(layer.unread).toHaveLength(1)
  })
})

test('other files that can be run tell nothing', async () => {
  for (const content of [
    '#!/bin/sh\necho\n'.repeat(9),
    '\x7fELF',
    Buffer.alloc(200),
    elfForTest([{ name: '.text', content: Buffer.alloc(64) }]),
  ]) {
    expect(await of(typeof content === 'string' ? Buffer.from(content) : content)).toEqual([])
  }
})

test('any damage to a program gives a verdict or nothing, in no time', async () => {
  const programs = [
    elfForTest([
      { name: '.go.buildinfo', content: inline() },
      { name: '.dep-v0', content: deflateSync('{}') },
    ]),
    pointed(),
    peForTest([{ name: '.data', writable: true, content: inline() }]),
    machOForTest([{ name: '__go_buildinfo', content: inline() }]),
  ]
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...programs),
      fc.nat(400),
      fc.uint8Array({ minLength: 1, maxLength: 16 }),
      async (whole, at, patch) => {
        const content = Buffer.from(whole)
        content.set(patch, at)
        await readLayerForTest([{ path: 'app', mode: 0o755, content }])
      },
    ),
    { numRuns: 300 },
  )
})

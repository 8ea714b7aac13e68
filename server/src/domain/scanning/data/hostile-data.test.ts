import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { tarForTest } from '../detection/tar-for-test.ts'
import { AdvisoryFileWriter } from './advisory-file.ts'
import { BoltFile, BoltFileDamaged } from './bolt-file.ts'
import { importAdvisories, NothingToImport } from './import-advisories.ts'
import { formOf } from './recognise.ts'
import { writeBolt } from './write-bolt-for-test.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-hostile-data-'))
afterAll(() => rmSync(folder, { recursive: true }))
let number = 0

/** What an import says of these bytes; nothing of it may stay on the disk. */
async function refusalOf(name: string, bytes: Uint8Array): Promise<string> {
  number += 1
  const path = join(folder, `${number}-${name}`)
  const work = mkdtempSync(join(folder, 'work-'))
  writeFileSync(path, bytes)
  using writer = new AdvisoryFileWriter(join(folder, `${number}.db`))
  const refused = await importAdvisories(path, writer, { temporaryFolder: work }).then(
    () => 'imported',
    (error: unknown) => {
      expect(error).toBeInstanceOf(NothingToImport)
      return (error as Error).message
    },
  )
  expect(readdirSync(work)).toEqual([])
  return refused
}

/** A trivy.db, as the layer that it is published as. */
function bolt(): Buffer {
  const path = join(folder, `bolt-${(number += 1)}`)
  writeBolt(path, { 'alpine 3.19': { a: { 'CVE-2024-1': Buffer.from('{"FixedVersion":"1"}') } } })
  return readFileSync(path)
}

describe('hostile vulnerability data', () => {
  test('that grows without end is refused before it fills the disk', async () => {
    // 600 MiB of zeros behind a name that is wanted, in half a MiB.
    const entry = tarForTest([{ path: 'trivy.db', content: Buffer.alloc(600 * 1024 * 1024) }])
    expect(await refusalOf('bomb.tar.gz', gzipSync(entry, { level: 9 }))).toContain('grows more than')
  })

  test('links, folders and other places are no database', async () => {
    const outside = join(folder, 'outside')
    for (const entries of [
      [{ path: 'trivy.db', type: '2', target: outside }],
      [{ path: 'trivy.db', type: '1', target: '/etc/passwd' }],
      [{ path: 'sub/trivy.db', content: bolt() }],
      [{ path: '../../outside', content: Buffer.from('x') }],
    ] as const) {
      expect(await refusalOf('links.tar.gz', gzipSync(tarForTest(entries)))).toContain('no trivy.db')
    }
    expect(existsSync(outside)).toBe(false)
  })

  test('a second database of the same name does not replace the first', async () => {
    const entries = [
      { path: './trivy.db', content: bolt() },
      { path: 'trivy.db', content: Buffer.from('not a database') },
    ]
    expect(await refusalOf('twice.tar.gz', gzipSync(tarForTest(entries)))).toBe('imported')
  })

  test.each([
    ['a tar that breaks off', (bytes: Buffer) => gzipSync(bytes.subarray(0, 700))],
    ['a gzip that breaks off', (bytes: Buffer) => gzipSync(bytes).subarray(0, 60)],
    [
      'a gzip that is damaged',
      (bytes: Buffer) => Buffer.concat([gzipSync(bytes).subarray(0, 400), Buffer.alloc(400, 7)]),
    ],
  ])('%s is refused in words', async (_, change) => {
    const tar = tarForTest([{ path: 'trivy.db', content: bolt() }])
    expect(await refusalOf('broken.tar.gz', change(Buffer.from(tar)))).toMatch(/breaks off|is damaged/)
  })

  test('a zip that lies about the size of a file is refused', async () => {
    const path = join(folder, 'lies.zip')
    const made = spawnSync('python3', ['-c', zipWith(path)])
    if (made.status !== 0) return console.error('SKIPPED: no python3 for a zip')
    expect(await refusalOf('lies.zip', readFileSync(path))).toContain('its zip is damaged')
  })

  test('lines without an end, and documents nested without one, are refused or counted', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    expect(await refusalOf('deep.json', Buffer.from(deep))).toContain('nothing here is vulnerability data')
    const long = Buffer.alloc(70 * 1024 * 1024, 'a')
    expect(await refusalOf('long.ndjson', Buffer.concat([Buffer.from('{"a":"'), long]))).toContain('more than')
  })

  test('pages of a database that lead to each other are not followed for ever', () => {
    const path = join(folder, 'circle.db')
    writeBolt(path, {
      bucket: Object.fromEntries(Array.from({ length: 3_000 }, (_, at) => [`key-${at}`, Buffer.alloc(40)])),
    })
    const bytes = readFileSync(path)
    // Each child of each branch is the first leaf of the file.
    for (let page = 2; page * 4096 < bytes.length; page += 1) {
      const at = page * 4096
      if (bytes.readUInt16LE(at + 8) !== 1) continue
      for (let child = 0; child < bytes.readUInt16LE(at + 10); child += 1)
        bytes.writeBigUInt64LE(BigInt(page), at + 16 + child * 16 + 8)
    }
    writeFileSync(path, bytes)
    const walk = () => {
      using file = new BoltFile(path)
      for (const entry of file.root.entries()) if ('bucket' in entry) for (const _ of entry.bucket.entries());
    }
    expect(walk).toThrow(BoltFileDamaged)
  })

  test('what it is, is told by its bytes alone, and nothing makes the look fail', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        expect([undefined, 'gzip', 'zstd', 'zip', 'tar', 'bolt', 'text']).toContain(formOf(bytes))
      }),
    )
    expect(formOf(gzipSync('{}'))).toBe('gzip')
    expect(formOf(bolt())).toBe('bolt')
    expect(formOf(Buffer.from('  {"a": 1}'))).toBe('text')
    expect(formOf(Buffer.from('#!/bin/sh'))).toBeUndefined()
  })

  test('a folder of links leads nowhere', async () => {
    const place = mkdtempSync(join(folder, 'linked-'))
    symlinkSync('/etc', join(place, 'etc.json'))
    using writer = new AdvisoryFileWriter(join(folder, 'linked.db'))
    await expect(importAdvisories(place, writer)).rejects.toThrow(NothingToImport)
  })
})

const zipWith = (path: string): string => `
import zipfile
with zipfile.ZipFile(${JSON.stringify(path)}, 'w', zipfile.ZIP_DEFLATED) as archive:
    archive.writestr('a.json', '{"id": "x"}' + ' ' * 1000000)
data = bytearray(open(${JSON.stringify(path)}, 'rb').read())
central = data.rindex(b'PK\x01\x02')
data[central + 24:central + 28] = (10).to_bytes(4, 'little')
open(${JSON.stringify(path)}, 'wb').write(data)
`

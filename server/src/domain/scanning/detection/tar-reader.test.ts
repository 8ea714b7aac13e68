import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { packTar } from 'modern-tar'
import { defaultLimits } from './limits.ts'
import { tarForTest } from './tar-for-test.ts'
import { pathWithin, type TarEntry, TarReader } from './tar-reader.ts'
import { Unreadable } from './verdict.ts'

function readTar(bytes: Uint8Array, chunkBytes = bytes.length || 1, limits = defaultLimits) {
  const files: Record<string, string> = {}
  const entries: TarEntry[] = []
  const reader = new TarReader((entry) => {
    entries.push(entry)
    let text = ''
    return {
      write: (piece) => {
        text += Buffer.from(piece).toString('latin1')
        return true
      },
      end: () => {
        files[entry.path] = text
      },
    }
  }, limits)
  for (let at = 0; at < bytes.length; at += chunkBytes) reader.push(bytes.subarray(at, at + chunkBytes))
  reader.end()
  return { files, entries }
}

const codeOf = (run: () => unknown): string | undefined => {
  try {
    run()
    return undefined
  } catch (error) {
    if (error instanceof Unreadable) return error.code
    throw error
  }
}

describe('a tar archive is read', () => {
  test('in whatever pieces its bytes come', () => {
    const bytes = tarForTest([
      { path: 'a', content: 'x'.repeat(511) },
      { path: 'b/', type: '5' },
      { path: 'b/c', content: 'y'.repeat(1025) },
      { path: 'empty', content: '' },
    ])
    for (const chunkBytes of [1, 7, 512, 513, 4096]) {
      expect(readTar(bytes, chunkBytes).files).toEqual({
        a: 'x'.repeat(511),
        b: '',
        'b/c': 'y'.repeat(1025),
        empty: '',
      })
    }
  })

  test('as another program writes it: long names, links, modes', async () => {
    const name = `${'folder/'.repeat(30)}${'n'.repeat(150)}`
    const bytes = await packTar([
      { header: { name, size: 2, mode: 0o755 }, body: 'hi' },
      { header: { name: 'link', type: 'symlink', linkname: `../${'t'.repeat(200)}`, size: 0 } },
    ])
    const { entries, files } = readTar(bytes)
    expect(files[name]).toBe('hi')
    expect(entries.map(({ path, type, executable, target }) => ({ path, type, executable, target }))).toEqual([
      { path: name, type: 'file', executable: true, target: '' },
      { path: 'link', type: 'symlink', executable: expect.any(Boolean), target: `../${'t'.repeat(200)}` },
    ])
  })

  test('with names in entries of their own, as GNU tar writes them', () => {
    const { entries } = readTar(
      tarForTest([
        { path: '././@LongLink', type: 'L', content: `${'g'.repeat(300)}\0` },
        { path: 'short', content: 'x' },
        { path: 'next', content: 'y' },
      ]),
    )
    expect(entries.map(({ path }) => path)).toEqual(['g'.repeat(300), 'next'])
  })

  test('and where its bodies begin is told, so that a file can be read by seeking', () => {
    const bytes = tarForTest([
      { path: 'a', content: 'first' },
      { path: 'b', content: 'second' },
    ])
    const offsets = readTar(bytes).entries.map(({ offset, size }) =>
      Buffer.from(bytes.subarray(offset, offset + size)).toString(),
    )
    expect(offsets).toEqual(['first', 'second'])
  })
})

describe('a verdict, and no other error, is given for', () => {
  const cases: Readonly<Record<string, [bytes: Uint8Array, code: string]>> = {
    'an archive that breaks off': [tarForTest([{ path: 'a', content: 'x', size: 5000 }], { end: false }), 'DAMAGED'],
    'bytes that are no archive': [Buffer.alloc(2048, 'no archive'), 'DAMAGED'],
    'a header whose sum is wrong': [
      Buffer.concat([Buffer.from('x'), tarForTest([{ path: 'ab', content: 'x' }]).subarray(1)]),
      'DAMAGED',
    ],
    'a name of gigabytes': [tarForTest([{ path: 'x', type: 'x', size: 3 * 2 ** 30 }]), 'DAMAGED'],
    'a size beyond all numbers': [tarForTest([{ path: 'x', size: 2 ** 60 }]), 'DAMAGED'],
    'pax records that point nowhere': [tarForTest([{ path: 'x', type: 'x', content: '99999 path=a\n' }]), 'DAMAGED'],
    'a path of many folders': [
      tarForTest([
        { path: '././@LongLink', type: 'L', content: 'a/'.repeat(1000) },
        { path: 'x', content: '' },
      ]),
      'TOO_DEEP',
    ],
    'a path of many bytes': [
      tarForTest([
        { path: '././@LongLink', type: 'L', content: 'a'.repeat(10_000) },
        { path: 'x', content: '' },
      ]),
      'TOO_DEEP',
    ],
  }
  for (const [name, [bytes, code]] of Object.entries(cases)) {
    test(name, () => expect(codeOf(() => readTar(bytes))).toBe(code))
  }

  test('more entries than are allowed', () => {
    const bytes = tarForTest(Array.from({ length: 20 }, (_, at) => ({ path: `f${at}` })))
    expect(codeOf(() => readTar(bytes, 512, { ...defaultLimits, maxEntries: 19 }))).toBe('TOO_LARGE')
  })

  test('any damage to an archive', () => {
    const whole = tarForTest([
      { path: 'a', content: 'x'.repeat(600) },
      { path: 'x', type: 'x', content: '12 path=abc\n' },
      { path: 'b', content: 'y' },
    ])
    fc.assert(
      fc.property(
        fc.nat(whole.length - 1),
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 700 }),
        (at, patch, chunk) => {
          const bytes = Buffer.from(whole)
          bytes.set(patch.subarray(0, whole.length - at), at)
          // Throws whatever is no verdict.
          codeOf(() => readTar(bytes, chunk))
        },
      ),
    )
  })
})

test('a path never leaves the tree', () => {
  expect(pathWithin('./../../etc/../a//b/', defaultLimits)).toBe('a/b')
  fc.assert(
    fc.property(fc.array(fc.constantFrom('..', '.', '', 'a', 'b..', '...')), (parts) => {
      const path = pathWithin(parts.join('/'), defaultLimits)
      expect(path.startsWith('/')).toBe(false)
      expect(path.split('/').some((part) => part === '..' || part === '.')).toBe(false)
    }),
  )
})

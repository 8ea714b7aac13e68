import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { continueHasher, createHasher, createSavableHasher, type Hasher } from './hasher.ts'
import { libcryptoHasher } from './libcrypto-hasher.ts'
import { PortableSha256 } from './portable-sha256.ts'
import { parseHashState, type SavableHasher } from './savable-hasher.ts'

const chunks = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 })

function nativeHex(algorithm: 'sha256' | 'sha512', parts: readonly Uint8Array[]): string {
  const hasher = createHasher(algorithm)
  for (const part of parts) hasher.update(part)
  return hasher.digestHex()
}

const hasLibcrypto = libcryptoHasher('sha256') !== undefined
const kinds: [name: string, algorithm: 'sha256' | 'sha512', create: () => SavableHasher, available: boolean][] = [
  ['SHA-256 in TypeScript', 'sha256', () => new PortableSha256(), true],
  ['SHA-256 of libcrypto', 'sha256', () => libcryptoHasher('sha256')!, hasLibcrypto],
  ['SHA-512 of libcrypto', 'sha512', () => libcryptoHasher('sha512')!, hasLibcrypto],
]

for (const [name, algorithm, create, available] of kinds) {
  describe.skipIf(!available)(name + (available ? '' : ': NOT RUN, this machine has no libcrypto'), () => {
    test('gives the digest that Bun gives, of every prefix', () => {
      fc.assert(
        fc.property(chunks, (parts) => {
          const hasher = create()
          for (const [index, part] of parts.entries()) {
            hasher.update(part)
            expect(hasher.digestHex()).toBe(nativeHex(algorithm, parts.slice(0, index + 1)))
          }
        }),
      )
    })

    test('goes on from what was saved, wherever the bytes were cut', () => {
      fc.assert(
        fc.property(chunks, (parts) => {
          let hasher: Hasher = create()
          let length = 0
          for (const part of parts) {
            hasher.update(part)
            length += part.byteLength
            hasher = continueHasher(algorithm, hasher.save!(), length)!
          }
          expect(hasher.digestHex()).toBe(nativeHex(algorithm, parts))
        }),
      )
    })

    test('counts its bytes beyond 4 GiB', () => {
      const hasher = create()
      const half = 2 ** 33 + 17
      const state = parseHashState(hasher.save())!
      hasher.load({ ...state, length: half, tail: new Uint8Array(half % (algorithm === 'sha256' ? 64 : 128)) })
      expect(parseHashState(hasher.save())?.length).toBe(half)
      const other = algorithm === 'sha256' ? new PortableSha256() : undefined
      other?.load(parseHashState(hasher.save())!)
      if (other !== undefined) expect(hasher.digestHex()).toBe(other.digestHex())
    })
  })
}

test.skipIf(!hasLibcrypto)('what one implementation saved, the other goes on with', () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index)
  const here = libcryptoHasher('sha256')!
  here.update(bytes.subarray(0, 100))
  const there = new PortableSha256()
  there.load(parseHashState(here.save())!)
  there.update(bytes.subarray(100))
  expect(there.digestHex()).toBe(nativeHex('sha256', [bytes]))
})

test('a savable hasher is always there for SHA-256 when it is asked for', () => {
  expect(createSavableHasher('sha256', { always: true }).save).toBeDefined()
})

test('a state of another algorithm, of other bytes, or one that is damaged, is refused', () => {
  const saved = new PortableSha256()
  saved.update(new Uint8Array(100))
  const text = saved.save()
  expect(continueHasher('sha256', text, 100)).toBeDefined()
  expect(continueHasher('sha256', text, 99)).toBeUndefined()
  expect(continueHasher('sha512', text, 100)).toBeUndefined()
  for (const damaged of [
    '',
    'sha256',
    text.slice(0, -1),
    `${text}:x`,
    text.replace(':100:', ':101:'),
    text.replace('sha256', 'md5'),
  ]) {
    expect(continueHasher('sha256', damaged, 100)).toBeUndefined()
  }
})

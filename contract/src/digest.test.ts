import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ContractError } from './contract-error.ts'
import { algorithmOf, encodedOf, findDigest, formatDigest, parseDigest } from './digest.ts'

const hex = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })
const algorithms = [
  ['sha256', 64],
  ['sha512', 128],
] as const

function refusal(text: string): ContractError {
  try {
    parseDigest(text)
  } catch (thrown) {
    if (thrown instanceof ContractError) return thrown
    throw thrown
  }
  throw new Error(`${text} was accepted`)
}

describe('digest', () => {
  for (const [algorithm, length] of algorithms) {
    test(`${algorithm}: every text of ${length} lower-case hex digits is one, and comes apart as it was put together`, () => {
      fc.assert(
        fc.property(hex(length), (encoded) => {
          const digest = formatDigest(algorithm, encoded)
          expect(parseDigest(digest)).toBe(digest)
          expect(algorithmOf(digest)).toBe(algorithm)
          expect(encodedOf(digest)).toBe(encoded)
        }),
      )
    })

    test(`${algorithm}: one digit more or less is refused, and so are upper case and other characters`, () => {
      const encoded = 'a'.repeat(length)
      const wrong = [
        encoded.slice(1),
        `${encoded}a`,
        encoded.toUpperCase(),
        `${encoded.slice(1)}g`,
        `${encoded.slice(1)}\n`,
        '',
      ]
      for (const text of wrong) {
        expect(findDigest(`${algorithm}:${text}`)).toBeUndefined()
        expect(refusal(`${algorithm}:${text}`).code).toBe('DIGEST_INVALID')
      }
      expect(findDigest(`${algorithm}:${encoded}\n`)).toBeUndefined()
    })
  }

  test('the length of one algorithm does not do for the other', () => {
    expect(findDigest(`sha256:${'a'.repeat(128)}`)).toBeUndefined()
    expect(findDigest(`sha512:${'a'.repeat(64)}`)).toBeUndefined()
  })

  test('paths, unknown algorithms and swollen texts are refused with a short sentence on one line', () => {
    const texts = [
      '',
      'sha256',
      'sha256:../../etc/passwd',
      `md5:${'a'.repeat(32)}`,
      `SHA256:${'a'.repeat(64)}`,
      `${'x'.repeat(10_000)}:aa`,
      `sha256:${'a'.repeat(63)}\u0000`,
      'sha256:\r\nset-cookie: a=b',
      `sha256+b64:${'a'.repeat(64)}`,
    ]
    for (const text of texts) {
      const { code, message } = refusal(text)
      expect(code).toBe('DIGEST_INVALID')
      expect(message.length).toBeLessThan(400)
      expect(message).not.toMatch(/[\r\n\0]/)
    }
    expect(refusal(`md5:${'a'.repeat(32)}`).message).toContain('"md5" is not supported')
  })

  test('no text but a digest is one', () => {
    fc.assert(fc.property(fc.string(), (text) => expect(findDigest(text)).toBeUndefined()))
  })
})

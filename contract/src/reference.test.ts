import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseDigest } from './digest.ts'
import { formatReference, parseReference, parseTagName } from './reference.ts'

const digest = parseDigest(`sha256:${'0'.repeat(64)}`)
const coded = (code: string): unknown => expect.objectContaining({ name: 'ContractError', code })

function thrownBy(act: () => unknown): unknown {
  try {
    act()
  } catch (thrown) {
    return thrown
  }
  return undefined
}

describe('reference', () => {
  test('a text with a colon is a digest or nothing', () => {
    expect(parseReference(digest)).toEqual({ kind: 'digest', digest })
    for (const text of ['sha256:bad', 'a:b', ':', 'latest:']) {
      expect(thrownBy(() => parseReference(text))).toEqual(coded('DIGEST_INVALID'))
    }
  })

  test('a tag has 1 to 128 characters of the grammar', () => {
    for (const text of ['v1', '_', '0', 'V1.2-rc_3', `sha256-${'a'.repeat(64)}`, 'a'.repeat(128)]) {
      expect(parseReference(text)).toEqual({ kind: 'tag', tag: parseTagName(text) })
    }
    for (const text of ['', '.a', '-a', 'a/b', 'a b', 'a\n', 'é', 'a+b', '..', 'a'.repeat(129)]) {
      expect(thrownBy(() => parseReference(text))).toEqual(coded('TAG_INVALID'))
    }
  })

  test('what was parsed is written as it came', () => {
    const tags = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/)
    fc.assert(fc.property(tags, (text) => expect(formatReference(parseReference(text))).toBe(text)))
    expect(formatReference(parseReference(digest))).toBe(digest)
  })
})

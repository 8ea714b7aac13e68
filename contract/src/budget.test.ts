import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { budgets, parseForeignJson, type TextBudget } from './budget.ts'

const budget: TextBudget = { subject: 'the text', maxBytes: 1_000, maxDepth: 4, maxValues: 100 }
const refusal = (written: string | Uint8Array, within = budget): string => {
  try {
    parseForeignJson(written, within)
  } catch (error) {
    expect(error).toMatchObject({ code: 'TEXT_INVALID' })
    return (error as Error).message
  }
  return 'accepted'
}

describe('JSON that somebody else wrote', () => {
  test('within its budget is what JSON.parse makes of it', () => {
    const roomy = { ...budget, maxBytes: 1 << 20, maxDepth: 100, maxValues: 1 << 20 }
    fc.assert(
      fc.property(fc.json(), (text) => {
        fc.pre(!text.includes('\\u0000') && !/\\ud[89a-f]/i.test(text))
        if (refusal(text, roomy).includes('same key twice')) return
        expect(parseForeignJson(text, roomy)).toEqual(JSON.parse(text))
        expect(parseForeignJson(new TextEncoder().encode(text), roomy)).toEqual(JSON.parse(text))
      }),
    )
  })

  test.each([
    ['many bytes', `"${'x'.repeat(1_000)}"`, 'the text has more than 1000 bytes'],
    ['characters of three bytes', `"${'€'.repeat(400)}"`, 'the text has more than 1000 bytes'],
    ['arrays in arrays', '[[[[[]]]]]', 'the text is nested more than 4 deep'],
    ['objects in objects, never closed', '{"a":'.repeat(100), 'the text is nested more than 4 deep'],
    ['many values', `[${'1,'.repeat(60)}1,[${'1,'.repeat(60)}1]]`, 'the text has more than 100 values'],
    [
      'many keys',
      `{${Array.from({ length: 60 }, (_, at) => `"${at}":1`).join()}}`,
      'the text has more than 100 values',
    ],
    ['a key twice', '{"a":1,"a":2}', 'the text has an object with the same key twice'],
    ['a key twice, escaped', '{"a":1,"\\u0061":2}', 'the text has an object with the same key twice'],
    ['half a surrogate pair', '"\\ud800"', 'the text has half a surrogate pair in a string'],
    ['NUL', '"a\\u0000"', 'the text has the character NUL in a string'],
    ['NUL in a key', '{"\\u0000":1}', 'the text has the character NUL in a string'],
    ['what is no JSON', '{a:1}', 'the text is not JSON'],
    ['nothing', '', 'the text is not JSON'],
    ['a byte order mark', '\ufeff{}', 'the text begins with a byte order mark'],
  ])('beyond its budget is refused: %s', (_, text, why) => {
    expect(refusal(text)).toBe(why)
    expect(refusal(new TextEncoder().encode(text))).toBe(why)
  })

  test('that is no UTF-8 is refused', () => {
    expect(refusal(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22))).toBe('the text is not UTF-8 text')
    expect(refusal(Uint8Array.of(0x22, 0xff, 0x22))).toBe('the text is not UTF-8 text')
  })

  test('may have NUL only where it is kept byte for byte', () => {
    expect(refusal('"\\u0000"', budgets.manifest)).toBe('accepted')
    const others = Object.entries(budgets).filter(([name]) => name !== 'manifest')
    for (const [, each] of others) expect(refusal('"\\u0000"', each)).toContain('NUL')
  })
})

import { describe, expect, test } from 'bun:test'
import { budgets } from '#contract/budget.ts'
import { ParserBusy, YamlThread } from './yaml-thread.ts'

const budget = budgets.chartFile
const roomy = { ...budget, maxBytes: 4 << 20, maxDepth: 1_000, maxValues: 10_000_000 }

describe('YAML that somebody else wrote', () => {
  test('is parsed as YAML 1.2 says', async () => {
    const thread = new YamlThread({ deadlineMs: 10_000, maxWaiting: 4 })
    expect(await thread.parse('a: [1, ~, yes]\nb: {c: "x"}\n', budget)).toEqual({ a: [1, null, 'yes'], b: { c: 'x' } })
    // A key twice is not looked for: that takes time in the square of their number.
    expect(await thread.parse('a: 1\na: 2\n', budget)).toEqual({ a: 2 })
  })

  test.each([
    ['an alias', 'a: &a [x]\nb: *a\n', 'is no YAML'],
    ['depth', `${'['.repeat(20)}${']'.repeat(20)}`, 'nested more than 16 deep'],
    ['a hundred thousand brackets', '['.repeat(50_000), 'is no YAML'],
    ['many values', `[${'0,'.repeat(12_000)}0]`, 'more than 10000 values'],
    ['many bytes', 'x'.repeat(70_000), 'more than 65536 bytes'],
    ['a character of three bytes', '€'.repeat(30_000), 'more than 65536 bytes'],
    ['what is no YAML', 'a: [', 'is no YAML'],
  ])('beyond its budget is refused: %s', async (_, text, why) => {
    const thread = new YamlThread({ deadlineMs: 10_000, maxWaiting: 4 })
    expect(thread.parse(text, budget)).rejects.toMatchObject({
      code: 'TEXT_INVALID',
      message: expect.stringContaining(why),
    })
  })

  test('takes a thread and not the event loop, and what is too slow loses that thread only', async () => {
    const thread = new YamlThread({ deadlineMs: 300, maxWaiting: 4 })
    expect(await thread.parse('a: 1', budget)).toEqual({ a: 1 })
    let turns = 0
    let isOver = false
    const count = () => {
      turns += 1
      if (!isOver) setImmediate(count)
    }
    setImmediate(count)
    const slow = Array.from({ length: 100_000 }, (_, at) => `k${at}: {a: [1, 2, 3], b: "x"}`).join('\n')
    const refused = thread.parse(slow, roomy).catch((error: Error) => error.message)
    const next = thread.parse('b: 2', budget)
    expect(await refused).toContain('takes too long to read')
    expect(await next).toEqual({ b: 2 })
    isOver = true
    // Had the text been parsed here, there would have been a few turns.
    expect(turns).toBeGreaterThan(100)
  })

  test('waits in a short line', async () => {
    const thread = new YamlThread({ deadlineMs: 10_000, maxWaiting: 2 })
    const answers = await Promise.allSettled(['a: 1', 'a: 2', 'a: 3'].map((text) => thread.parse(text, budget)))
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(answers[2]).toMatchObject({ reason: expect.any(ParserBusy) })
    expect(await thread.parse('a: 4', budget)).toEqual({ a: 4 })
  })
})

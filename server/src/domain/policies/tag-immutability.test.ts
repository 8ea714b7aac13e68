import { describe, expect, test } from 'bun:test'
import { parseRepositoryName } from '#contract/repository-name.ts'
import { DomainError } from '../errors.ts'
import { Pace } from './pace.ts'
import { TagImmutability, type StoredSelectors } from './tag-immutability.ts'

const app = parseRepositoryName('team/app')
const selecting = (pattern: string, excludes = false) => [{ pattern, excludes }]
const immutability = (...rules: readonly StoredSelectors[]) =>
  new TagImmutability(rules.map((rule) => JSON.stringify(rule)))
const everywhere = selecting('**')

/** As dear as a rule may be, and for no tag that has no `z`; `mark` makes it another rule. */
const dear = (mark: string): StoredSelectors => ({
  tags: selecting(`{,a,b,c,d,e,f,${mark}}${'*a'.repeat(110)}z`),
  repositories: everywhere,
})
const longTags = Array.from({ length: 50 }, (_, at) => `${'a'.repeat(118)}${at}`)

class CountingPace extends Pace {
  rests = 0
  cost = 0
  override isDue(cost: number): boolean {
    this.cost += cost
    return super.isDue(cost)
  }
  override async rest(): Promise<void> {
    this.rests += 1
    await super.rest()
  }
}

describe('which tags are immutable', () => {
  test('is what any rule about the repository says, each with all its selectors', async () => {
    const rules = immutability(
      { tags: selecting('v*'), repositories: selecting('app') },
      { tags: [...selecting('**'), ...selecting('dev-*', true)], repositories: selecting('{base,lib}/**') },
    )
    const verdict = async (name: string, tag: string) =>
      await rules.isImmutable(parseRepositoryName(name), tag, new Pace())
    expect(await verdict('team/app', 'v1')).toBe(true)
    expect(await verdict('team/app', 'latest')).toBe(false)
    expect(await verdict('team/other', 'v1')).toBe(false)
    expect(await verdict('team/base/x', 'v1')).toBe(true)
    expect(await verdict('team/base/x', 'dev-1')).toBe(false)
    expect(await immutability().isImmutable(app, 'v1', new Pace())).toBe(false)
  })

  test('gives turns while many names are held against dear rules', async () => {
    const pace = new CountingPace()
    const rules = immutability(...Array.from({ length: 15 }, (_, at) => dear(`turns${at}`)))
    for (const tag of longTags) expect(await rules.isImmutable(app, tag, pace)).toBe(false)
    expect(pace.rests).toBeGreaterThan(5)
  })

  test('is remembered for the same rules, and found anew for others', async () => {
    const ask = async (...rules: readonly StoredSelectors[]) => {
      const pace = new CountingPace()
      for (const tag of longTags) await immutability(...rules).isImmutable(app, tag, pace)
      return pace.cost
    }
    const first = await ask(dear('one'))
    expect(await ask(dear('one'))).toBeLessThan(first / 2)
    expect(await ask(dear('two'))).toBe(first)
    const keeping = immutability(dear('one'), { tags: everywhere, repositories: everywhere })
    for (const tag of longTags) expect(await keeping.isImmutable(app, tag, new Pace())).toBe(true)
  })

  test('is never "no" when the budget has ended: it is no answer', async () => {
    const tooMuch = () => new DomainError('PRECONDITION', 'too much')
    const pace = new Pace({ max: 1_000_000, tooMuch })
    const rules = immutability(...Array.from({ length: 15 }, (_, at) => dear(`budget${at}`)))
    const verdicts = await Promise.allSettled(longTags.map((tag) => rules.isImmutable(app, `${tag}az`, pace)))
    const outcomes = new Set(verdicts.map((each) => (each.status === 'rejected' ? 'refused' : each.value)))
    expect([...outcomes].toSorted()).toEqual(['refused', true])
  })

  test('is no answer where a rule cannot be read', async () => {
    const broken = immutability({ tags: selecting('[a'), repositories: everywhere })
    expect(broken.isImmutable(app, 'v1', new Pace())).rejects.toThrow(/is no pattern/)
    expect(new TagImmutability(['{']).isImmutable(app, 'v1', new Pace())).rejects.toThrow()
  })
})

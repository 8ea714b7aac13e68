import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Digest } from '#contract/digest.ts'
import { isSelected } from '../policies/selectors.ts'
import { Evaluation, type Candidate, type CandidateTag, type Decision } from './evaluation.ts'
import { formatVerdict } from './verdict-text.ts'
import { rulesFor, templates, type RetentionMode, type RetentionRule, type Template } from './rules.ts'

const day = 86_400_000
const now = 1_000 * day

interface Terms {
  readonly rules: readonly RetentionRule[]
  readonly mode: RetentionMode
  readonly immutable?: string
}

async function decide(candidates: readonly Candidate[], { rules, mode, immutable }: Terms): Promise<Decision[]> {
  const isImmutable = (tag: string) => tag === immutable
  const evaluation = new Evaluation({ rules: rulesFor(rules, 'app'), mode, now, isImmutable })
  for (const candidate of candidates) await evaluation.observe(candidate)
  const decisions: Decision[] = []
  for (const candidate of candidates) decisions.push(await evaluation.decide(candidate))
  return decisions
}

/** What is there afterwards. */
const survivors = (decisions: readonly Decision[]): Candidate[] =>
  decisions
    .filter(({ action }) => action !== 'remove')
    .map(({ candidate, tags }) =>
      tags.length === 0
        ? candidate
        : { ...candidate, tags: tags.filter(({ verdict }) => verdict.kept).map(({ tag }) => tag) },
    )

const namesOf = (candidates: readonly Candidate[]): string[] =>
  candidates.flatMap(({ digest, tags }) => [digest as string, ...tags.map((tag) => `${digest} ${tag.name}`)]).sort()

const rule = (template: Template, value = 0, rest: Partial<RetentionRule> = {}): RetentionRule => ({
  id: 0,
  priority: 0,
  disabled: false,
  template,
  value,
  tags: [{ pattern: '**', excludes: false, untagged: true }],
  repositories: [],
  ...rest,
})

const tag = (id: number, name: string, pushedDaysAgo: number, pulledDaysAgo?: number): CandidateTag => ({
  id,
  name,
  pushedAt: now - pushedDaysAgo * day,
  pulledAt: pulledDaysAgo === undefined ? undefined : now - pulledDaysAgo * day,
})

const artifact = (
  id: number,
  tags: readonly CandidateTag[],
  pushedDaysAgo = 500,
  pulledDaysAgo?: number,
): Candidate => ({
  artifactId: id,
  digest: `sha256:${id}` as Digest,
  pushedAt: now - pushedDaysAgo * day,
  pulledAt: pulledDaysAgo === undefined ? undefined : now - pulledDaysAgo * day,
  tags,
})

test('what a proxy cache never gives up stays, and the verdict says so', async () => {
  const pinned = artifact(1, [tag(1, 'v1', 400)])
  const isPinned = (name: string) => name === 'v1'
  const rules = rulesFor([rule('nDaysSinceLastPull', 7)], 'app')
  const evaluation = new Evaluation({ rules, mode: 'artifact', now, isImmutable: () => false, isPinned })
  const candidates = [pinned, artifact(2, [tag(2, 'v2', 400)])]
  for (const candidate of candidates) await evaluation.observe(candidate)
  const decisions = await Promise.all(candidates.map((candidate) => evaluation.decide(candidate)))
  expect(decisions.map(({ action }) => action)).toEqual(['keep', 'remove'])
  expect(formatVerdict(decisions[0]!.verdict, now)).toBe('tag v1 is pinned')
})

const patterns = ['**', 'v*', 'a', '{a,b}', 'v1', 'nothing-like-it']
const tagNames = ['a', 'b', 'v1', 'v2', 'v10', 'latest']

const anyRule: fc.Arbitrary<RetentionRule> = fc.record({
  id: fc.constant(0),
  priority: fc.constant(0),
  disabled: fc.boolean(),
  template: fc.constantFrom(...templates),
  value: fc.integer({ min: 0, max: 6 }),
  tags: fc.array(fc.record({ pattern: fc.constantFrom(...patterns), excludes: fc.boolean(), untagged: fc.boolean() }), {
    minLength: 1,
    maxLength: 2,
  }),
  repositories: fc.constantFrom([], [{ pattern: 'app', excludes: false }], [{ pattern: 'app', excludes: true }]),
})

// Few moments, so that many are the same.
const anyDays = fc.integer({ min: 0, max: 7 })
const anyCandidates: fc.Arbitrary<Candidate[]> = fc
  .array(
    fc.record({
      names: fc.subarray(tagNames),
      pushed: anyDays,
      pulled: fc.option(anyDays, { nil: undefined }),
      times: fc.array(fc.tuple(anyDays, fc.option(anyDays, { nil: undefined })), { minLength: 6, maxLength: 6 }),
    }),
    { maxLength: 12 },
  )
  .map((drawn) =>
    drawn.map(({ names, pushed, pulled, times }, at) =>
      artifact(
        at + 1,
        names.map((name, index) => tag(at * 10 + index + 1, name, times[index]![0], times[index]![1])),
        pushed,
        pulled,
      ),
    ),
  )
const anyTerms: fc.Arbitrary<Terms> = fc.record({
  rules: fc.array(anyRule, { maxLength: 4 }),
  mode: fc.constantFrom<RetentionMode>('artifact', 'tag'),
  immutable: fc.constantFrom('v1', 'none'),
})

/** The same, said once more in the plainest way: everything in memory, sorted. */
function plainly(candidates: readonly Candidate[], { rules, mode, immutable }: Terms): string[] {
  const inForce = rulesFor(rules, 'app')
  const units = candidates.flatMap((of) =>
    mode === 'artifact' || of.tags.length === 0
      ? [{ of, tags: of.tags, times: [of, ...of.tags], order: -of.artifactId }]
      : of.tags.map((each) => ({ of, tags: [each], times: [each], order: each.id })),
  )
  const pushed = (unit: (typeof units)[number]) => Math.max(...unit.times.map(({ pushedAt }) => pushedAt))
  const pulled = (unit: (typeof units)[number]) => Math.max(...unit.times.map(({ pulledAt }) => pulledAt ?? -Infinity))
  const kept = new Set<object>()
  for (const { template, value, tags: selectors } of inForce) {
    const selected = units.filter(({ tags }) =>
      selectors.every((selector) =>
        tags.length === 0 ? selector.untagged : tags.some(({ name }) => isSelected([selector], name)),
      ),
    )
    const time = /Pull/.test(template)
      ? pulled
      : template === 'latestActiveK'
        ? (unit: (typeof units)[number]) => Math.max(pushed(unit), pulled(unit))
        : pushed
    const sorted = selected.toSorted((one, other) =>
      time(one) === time(other)
        ? pushed(other) - pushed(one) || other.order - one.order
        : time(one) < time(other)
          ? 1
          : -1,
    )
    const chosen =
      template === 'always'
        ? selected
        : /[KN]$/.test(template)
          ? sorted.slice(0, value)
          : selected.filter((unit) => time(unit) >= now - value * day)
    for (const unit of chosen) kept.add(unit)
  }
  for (const unit of units) if (unit.tags.some(({ name }) => name === immutable)) kept.add(unit)
  const left = units.filter((unit) => kept.has(unit))
  return [
    ...new Set(left.map(({ of }) => of.digest as string)),
    ...left.flatMap(({ of, tags }) => tags.map(({ name }) => `${of.digest} ${name}`)),
  ].sort()
}

describe('retention', () => {
  const check = async (property: (candidates: Candidate[], terms: Terms) => Promise<void>) =>
    await fc.assert(fc.asyncProperty(anyCandidates, anyTerms, property), { numRuns: 400 })

  test('keeps what a plain reading of the rules keeps', async () => {
    await check(async (candidates, terms) => {
      expect(namesOf(survivors(await decide(candidates, terms)))).toEqual(plainly(candidates, terms))
    })
  })

  test('a second run finds nothing more to remove', async () => {
    await check(async (candidates, terms) => {
      const left = survivors(await decide(candidates, terms))
      expect(namesOf(survivors(await decide(left, terms)))).toEqual(namesOf(left))
    })
  })

  test('one more rule never removes more', async () => {
    await fc.assert(
      fc.asyncProperty(anyCandidates, anyTerms, anyRule, async (candidates, terms, more) => {
        // Where no rule is in force nothing is looked at: the run's matter, not the evaluation's.
        fc.pre(rulesFor(terms.rules, 'app').length > 0)
        const before = namesOf(survivors(await decide(candidates, terms)))
        const after = new Set(namesOf(survivors(await decide(candidates, { ...terms, rules: [...terms.rules, more] }))))
        expect(before.filter((name) => !after.has(name))).toEqual([])
      }),
      { numRuns: 400 },
    )
  })

  test('it does not matter in which order artifacts come', async () => {
    await check(async (candidates, terms) => {
      const straight = namesOf(survivors(await decide(candidates, terms)))
      expect(namesOf(survivors(await decide(candidates.toReversed(), terms)))).toEqual(straight)
    })
  })

  test("an immutable tag never goes, and with Harbor's semantics nothing that shares its artifact", async () => {
    await check(async (candidates, { rules, mode }) => {
      const decisions = await decide(candidates, { rules, mode, immutable: 'v1' })
      for (const { candidate, action, tags } of decisions) {
        if (!candidate.tags.some(({ name }) => name === 'v1')) continue
        expect(action).not.toBe('remove')
        if (mode === 'artifact') expect(action).toBe('keep')
        else expect(tags.find((each) => each.tag.name === 'v1')!.verdict.kept).toBe(true)
      }
    })
  })

  test('every removal names every rule that did not keep it', async () => {
    await check(async (candidates, terms) => {
      const places = rulesFor(terms.rules, 'app').map(({ place }) => place)
      for (const { verdict, tags } of await decide(candidates, terms))
        for (const each of [verdict, ...tags.map((one) => one.verdict)])
          if (!each.kept) expect(each.misses.map((miss) => miss.rule)).toEqual(places)
    })
  })
})

describe('reasons', () => {
  const reasonsOf = async (candidates: readonly Candidate[], terms: Terms) =>
    (await decide(candidates, terms)).map(({ action, verdict }) => `${action}: ${formatVerdict(verdict, now)}`)

  test('say the rule and the rank, or the age', async () => {
    const candidates = [
      artifact(1, [tag(1, 'v1', 40, 3)]),
      artifact(2, [tag(2, 'v2', 1)]),
      artifact(3, [tag(3, 'v3', 90)]),
      artifact(4, [tag(4, 'other', 2)]),
    ]
    const onV = { tags: [{ pattern: 'v*', excludes: false, untagged: false }] }
    const rules = [rule('latestPushedK', 1, onV), rule('nDaysSinceLastPull', 7)]
    expect(await reasonsOf(candidates, { rules, mode: 'artifact' })).toEqual([
      'keep: rule 2 keeps what was pulled within 7 days: it was 3 days ago',
      'keep: rule 1 keeps the 1 most recently pushed: it is number 1',
      'remove: no rule keeps it: rule 1 keeps the 1 most recently pushed, which are others; rule 2 keeps what was pulled within 7 days, and it never was',
      'remove: no rule keeps it: rule 1 does not select it; rule 2 keeps what was pulled within 7 days, and it never was',
    ])
  })

  test.each([
    ['artifact', 'keep', ['new', 'old']],
    ['tag', 'untag', ['new']],
  ] as const)('by %s, of an artifact with an old and a new tag: %s', async (mode, action, left) => {
    const candidates = [artifact(1, [tag(1, 'new', 1), tag(2, 'old', 90)])]
    const decisions = await decide(candidates, { rules: [rule('nDaysSinceLastPush', 30)], mode })
    expect(decisions[0]!.action).toBe(action)
    expect(survivors(decisions)[0]!.tags.map(({ name }) => name)).toEqual([...left])
  })

  test('an immutable tag is named', async () => {
    const candidates = [artifact(1, [tag(1, 'v1', 90)])]
    const terms: Terms = { rules: [rule('latestPushedK', 0)], mode: 'artifact', immutable: 'v1' }
    expect(await reasonsOf(candidates, terms)).toEqual(['keep: tag v1 is immutable'])
  })
})

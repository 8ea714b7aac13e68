import { expect, test } from 'bun:test'
import {
  bodyOf,
  draftOf,
  emptyDraft,
  nextRuns,
  presets,
  ruleReplaced,
  templateNamed,
  valueOf,
  type RetentionPolicy,
  type RetentionRule,
} from './retention-policy.ts'

const rule = (template: string, value: number): RetentionRule =>
  ({ template, params: { [template]: value }, disabled: false, tag_selectors: [], scope_selectors: {} }) as never

test('a draft of a saved policy is the policy again when nothing was changed', () => {
  const { rules, mode, trigger } = bodyOf({ rules: [rule('latestPushedK', 3)], mode: 'tag', cron: presets.daily }, 7)
  const draft = draftOf({ rules, mode, trigger } as unknown as RetentionPolicy)
  expect(draft).toEqual({ rules, mode: 'tag', cron: presets.daily })
  expect(bodyOf(draft, 7).scope).toEqual({ level: 'project', ref: 7 })
})

test('a policy without a schedule is a draft that does not run by itself', () => {
  const policy = { rules: [], mode: 'artifact', trigger: { kind: 'Schedule', settings: {} } }
  expect(draftOf(policy as unknown as RetentionPolicy)).toEqual(emptyDraft)
})

test('a rule is replaced or removed at its place, and the others stay as they are', () => {
  const rules = [rule('latestPushedK', 1), rule('always', 0), rule('lastXDays', 7)]
  const other = rule('latestPulledN', 2)
  expect(ruleReplaced(rules, 1, other)).toEqual([rules[0]!, other, rules[2]!])
  expect(ruleReplaced(rules, 0, undefined)).toEqual([rules[1]!, rules[2]!])
  expect(ruleReplaced(rules, undefined, other)).toEqual([...rules, other])
})

test('the number of a rule is that of its template', () => {
  expect(valueOf(rule('latestPushedK', 10))).toBe(10)
  expect(valueOf({ template: 'always', params: {} } as never)).toBe(0)
  expect(templateNamed('latestPushedK')).toBe('latestPushedK')
  expect(templateNamed('of a later version')).toBeUndefined()
})

test('an expression has six fields and a moment that comes', () => {
  expect(nextRuns(presets.hourly, 3)).toHaveLength(3)
  expect(nextRuns('0 0 * * *', 1)).toBeUndefined()
  expect(nextRuns('0 0 3 30 2 *', 1)).toBeUndefined()
  expect(nextRuns('often', 1)).toBeUndefined()
})

test('expressions run by UTC, whatever the clock of the reader', () => {
  const [first] = nextRuns('0 30 2 * * *', 1) ?? []
  expect([first?.getUTCHours(), first?.getUTCMinutes()]).toEqual([2, 30])
})

import { expect, test } from 'bun:test'
import { z } from 'zod'
import { pageQuery } from './paging.ts'
import { sentenceOf } from './refused-value.ts'

const body = z.object({
  name: z.string(),
  duration: z.number().int(),
  disabled: z.boolean().nullish(),
  permissions: z.array(z.object({ kind: z.string() })).nullish(),
})

const saidOf = (schema: z.ZodType, value: unknown): string[] =>
  (schema.safeParse(value).error?.issues ?? []).map(
    (issue) => `${issue.path.join('.') || 'value'} ${sentenceOf(issue, value)}`,
  )

test.each([
  [{ duration: 1 }, ['name is required']],
  [{ name: 'a', duration: '30' }, ['duration must be a number']],
  [{ name: 'a', duration: 1.5 }, ['duration must be a whole number']],
  [{ name: 7, duration: null }, ['name must be a string', 'duration must be a number']],
  [{ name: 'a', duration: 1, disabled: 'yes' }, ['disabled must be true or false']],
  [{ name: 'a', duration: 1, permissions: {} }, ['permissions must be a list']],
  [
    { name: 'a', duration: 1, permissions: ['x', {}] },
    ['permissions.0 must be an object', 'permissions.1.kind is required'],
  ],
  [[], ['value must be an object']],
  [undefined, ['value is required']],
])('a value of the wrong type is not said to be missing: %j', (value, said) => {
  expect(saidOf(body, value)).toEqual(said)
})

test('a word that is none of those that there are is told them, in the form of Harbor', () => {
  const action = z.object({ action: z.enum(['stop', 'pause', 'resume']) })
  expect(saidOf(action, { action: 'bogus' })).toEqual(['action should be one of [stop pause resume]'])
  expect(saidOf(action, {})).toEqual(['action is required'])
})

test('a number in the query that is none is said to be that', () => {
  const query = z.object(pageQuery)
  for (const value of ['abc', '1x']) expect(saidOf(query, { page_size: value })).toEqual(['page_size must be a number'])
})

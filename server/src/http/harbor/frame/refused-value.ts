import type { z } from 'zod'

/** What a schema refuses of `value`, in the sentence Harbor's clients know; its subject is the field's name. */
export function sentenceOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'unrecognized_keys')
    return `has fields that mean nothing here: ${issue.keys.join(', ').slice(0, 200)}`
  if (issue.code === 'invalid_value') {
    if (valueAt(value, issue.path) === undefined) return 'is required'
    return `should be one of [${issue.values.filter((each) => each !== '').join(' ')}]`
  }
  if (issue.code !== 'invalid_type') return issue.message
  if (valueAt(value, issue.path) === undefined) return 'is required'
  // A schema that has words of its own is heard.
  return issue.message.startsWith('Invalid input: ') ? `must be ${kindOf(issue.expected)}` : issue.message
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  )
}

const kinds: Readonly<Record<string, string>> = {
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  null: 'null',
}

const kindOf = (expected: string): string => kinds[expected] ?? `a ${expected}`

/**
 * What somebody pushed is of any shape, wherever a text is expected: a text as it is, anything else as JSON. Undefined
 * for nothing.
 */
export function foreignText(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** A list of texts; nothing where no list was expected to be. */
export function foreignTexts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.flatMap((item) => foreignText(item) ?? []) : []
}

/** The members of an object; none where it is something else. */
export function foreignEntries(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
}

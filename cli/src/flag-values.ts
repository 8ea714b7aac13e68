import { InvalidArgumentError } from 'commander'

/** Values of a flag that may be repeated. */
export const collect = (text: string, before: readonly string[]): readonly string[] => [...before, text]

/** Of one that takes several at once, too: `a,b`. */
export const listed = (text: string, before: readonly string[]): readonly string[] => [...before, ...text.split(',')]

export function parseNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is a whole number.')
}
